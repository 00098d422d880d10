/** This machine cannot offer the server at all, which is different from a server that failed to start. */
export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable';
}

export type Provider = 'local' | 'docker';

/**
 * Asks each provider in turn and takes the first that can: local binaries start in milliseconds and can be frozen and
 * killed, so they come first. `HOLDFAST_TEST_PROVIDER=local|docker` insists on one.
 */
export async function firstAvailable<T>(what: string, providers: Record<Provider, () => Promise<T>>): Promise<T> {
  const wanted = process.env['HOLDFAST_TEST_PROVIDER'];
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
