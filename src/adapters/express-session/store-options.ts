import { requireClient } from '../../http/require-client.ts';
import type { SessionClient } from '../../client/session-client.ts';
import { ConfigurationError } from '../../errors.ts';
import { requireMethods, requireOptions } from '../../option-checks.ts';
import { StoreImport, type OldStore } from './store-import.ts';

export interface HoldfastStoreOptions<Data extends object = Record<string, unknown>> {
  /**
   * Returns the user id of a session, from what the application keeps in it: `(session) => session.passport?.user`. With it,
   * `listByUser` and `destroyByUser` find the session. @defaultValue none
   */
  readonly userIdOf?: (session: Data) => string | undefined;
  /**
   * The treatment of a session that gets a user and keeps its id: an attacker who planted that id would be signed in
   * with the user (session fixation). `refuse`: `set` fails with `ConfigurationError`, and nothing is stored.
   * @defaultValue 'refuse'
   */
  readonly userWithoutNewId?: 'allow' | 'refuse';
  /**
   * The store that was used before. A session that is not found here is looked up there, and moved. @defaultValue none
   */
  readonly importFrom?: OldStore;
  /**
   * The time at which the last instance of the application that knows only the old store will have stopped. Until then
   * every session is there, and nothing is stored here. @defaultValue no such instance runs any more
   */
  readonly importSince?: Date;
}

export interface ResolvedStoreOptions {
  readonly userIdOf: (session: object) => string | undefined;
  readonly mayKeepId: boolean;
  readonly imports: StoreImport | undefined;
}

const NAMES = [
  'userIdOf',
  'userWithoutNewId',
  'importFrom',
  'importSince',
] as const satisfies readonly (keyof HoldfastStoreOptions)[];

/**
 * Resolves the options of a store.
 * @throws {ConfigurationError} an option is wrong.
 */
export function resolveStoreOptions<Data extends object>(
  sessions: SessionClient,
  options: HoldfastStoreOptions<Data>,
): ResolvedStoreOptions {
  requireClient(sessions);
  const {
    userIdOf,
    userWithoutNewId = 'refuse',
    importFrom,
    importSince,
  } = requireOptions('store options', options, NAMES);
  if (userIdOf !== undefined && typeof userIdOf !== 'function') {
    throw new ConfigurationError('userIdOf: expected a function that returns the user of a session.');
  }
  if (userWithoutNewId !== 'allow' && userWithoutNewId !== 'refuse') {
    throw new ConfigurationError("userWithoutNewId: expected 'refuse' or 'allow'.");
  }
  return {
    userIdOf: (session) => requireUserId(userIdOf?.(session as Data)),
    mayKeepId: userWithoutNewId === 'allow',
    imports: resolveImport(importFrom, importSince),
  };
}

function resolveImport(store: OldStore | undefined, since: Date | undefined): StoreImport | undefined {
  if (since !== undefined && !(since instanceof Date && Number.isFinite(since.getTime()))) {
    throw new ConfigurationError('importSince: expected a Date.');
  }
  if (store === undefined) {
    if (since === undefined) return undefined;
    throw new ConfigurationError('importSince: needs importFrom.');
  }
  const methods = since === undefined ? ['get', 'destroy'] : ['get', 'destroy', 'set'];
  requireMethods('importFrom', store, methods, 'a store of express-session');
  return new StoreImport(store, since?.getTime() ?? Number.NEGATIVE_INFINITY);
}

/** Refuses a number, which many databases use for user ids: a session without a user id cannot be signed out with its user. */
function requireUserId(userId: unknown): string | undefined {
  if (userId === undefined || typeof userId === 'string') return userId;
  throw new ConfigurationError('userIdOf: expected it to return a string, or undefined where nobody is signed in.');
}
