import { isAbsolute } from 'node:path';

/** This machine cannot offer the server at all, which is different from a server that failed to start. */
export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable';
}

export type Provider = 'local' | 'docker';

/** Which one server is wanted of a kind, where it matters. */
export interface Choice {
  /** For Docker, such as `postgres:18`. */
  readonly image?: string;
  /** A folder that holds the programs of a local server. */
  readonly folder?: string;
}

const KINDS = ['MYSQL', 'POSTGRES', 'REDIS'] as const;

/** Returns the image or the folder (an absolute path) that `HOLDFAST_TEST_MYSQL`, `_POSTGRES` or `_REDIS` (an image only) names. */
export function choiceOf(kind: (typeof KINDS)[number]): Choice {
  const named = process.env[`HOLDFAST_TEST_${kind}`];
  if (!named) return {};
  return isAbsolute(named) ? { folder: named } : { image: named };
}

/** Whether this run insists on Docker, for all of its servers or for one. */
export const insistsOnDocker = (): boolean =>
  process.env['HOLDFAST_TEST_PROVIDER'] === 'docker' || KINDS.some((kind) => choiceOf(kind).image !== undefined);

/**
 * Asks each provider in turn and takes the first that can: local binaries start in milliseconds and can be frozen and
 * killed, so they come first. `HOLDFAST_TEST_PROVIDER=local|docker` insists on one, and so does a choice.
 */
export async function firstAvailable<T>(
  what: string,
  providers: Record<Provider, () => Promise<T>>,
  choice: Choice = {},
): Promise<T> {
  const wanted = providerOf(choice) ?? process.env['HOLDFAST_TEST_PROVIDER'];
  const reasons: string[] = [];
  for (const [name, start] of Object.entries(providers)) {
    if (wanted && wanted !== name) continue;
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof ProviderUnavailable)) throw error;
      reasons.push(`${name}: ${error.message}`);
    }
  }
  throw new ProviderUnavailable(
    `No ${what} for the tests (${reasons.join('; ')}). "npm test" installs what is missing.`,
  );
}

function providerOf({ image, folder }: Choice): Provider | undefined {
  if (image !== undefined) return 'docker';
  return folder === undefined ? undefined : 'local';
}
