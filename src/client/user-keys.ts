import { requireEngine, type AnyClient } from './engine-of.ts';

/**
 * Returns the user keys of a user, by which the audit stream and the database name the user: one for each index key of the ring, the
 * active one first. An older event has the key of the index key that was active then.
 * @throws {PayloadError} the user id is impossible.
 * @example
 * const userKeys = await userKeysOf(sessions, 'ada'); // then search the log for them
 */
export async function userKeysOf(sessions: AnyClient, userId: string): Promise<string[]> {
  const engine = requireEngine('userKeysOf', sessions);
  return engine.use(async ({ codec }) => codec.userKeys(userId).map((key) => key.toString('base64url')));
}
