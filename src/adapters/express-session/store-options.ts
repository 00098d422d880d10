import type { SessionClient } from '../../client/session-client.ts';
import { ConfigurationError } from '../../errors.ts';
import { requireMethods, requireOptions } from '../../option-checks.ts';
import type { OldStore } from './old-store.ts';

export interface HoldfastStoreOptions<Data extends object = Record<string, unknown>> {
  /**
   * The user of a session, from what the application keeps in it: `(session) => session.passport?.user`. Files sessions under their
   * users, for `listByUser` and `destroyByUser`. @defaultValue none
   */
  readonly userIdOf?: (session: Data) => string | undefined;
  /**
   * What happens where a session gets a user and keeps the id that it had before: whoever planted that id would be signed in with
   * the user (session fixation). `refuse`: it is not stored, and the store answers `ConfigurationError`. @defaultValue 'refuse'
   */
  readonly userWithoutNewId?: 'allow' | 'refuse';
  /**
   * The store that the sessions from before are in. One that is not found here is looked for there once, and moved. `clear` is
   * needed for `clear` only. @defaultValue none
   */
  readonly importFrom?: OldStore;
}

export interface ResolvedStoreOptions {
  readonly userIdOf: (session: object) => string | undefined;
  readonly mayKeepId: boolean;
  readonly importFrom: OldStore | undefined;
}

const NAMES = ['userIdOf', 'userWithoutNewId', 'importFrom'] as const satisfies readonly (keyof HoldfastStoreOptions)[];

/** Throws `ConfigurationError`. */
export function resolveStoreOptions<Data extends object>(
  sessions: SessionClient,
  options: HoldfastStoreOptions<Data>,
): ResolvedStoreOptions {
  requireMethods('sessions', sessions, ['get', 'update', 'idFor', '~slide'], 'a SessionClient');
  const { userIdOf, userWithoutNewId = 'refuse', importFrom } = requireOptions('store options', options, NAMES);
  if (userIdOf !== undefined && typeof userIdOf !== 'function') {
    throw new ConfigurationError('userIdOf: expected a function that returns the user of a session.');
  }
  if (userWithoutNewId !== 'allow' && userWithoutNewId !== 'refuse') {
    throw new ConfigurationError("userWithoutNewId: expected 'refuse' or 'allow'.");
  }
  if (importFrom !== undefined)
    requireMethods('importFrom', importFrom, ['get', 'destroy'], 'a store of express-session');
  return {
    userIdOf: (session) => requireUserId(userIdOf?.(session as Data)),
    mayKeepId: userWithoutNewId === 'allow',
    importFrom,
  };
}

/** Databases number their users, and a user that is not filed cannot be signed out everywhere. */
function requireUserId(userId: unknown): string | undefined {
  if (userId === undefined || typeof userId === 'string') return userId;
  throw new ConfigurationError('userIdOf: expected it to return a string, or undefined where nobody is signed in.');
}
