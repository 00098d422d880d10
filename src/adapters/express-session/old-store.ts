import { TierUnavailableError } from '../../errors.ts';
import { OLD_STORE_TIMEOUT_MS } from '../../limits.ts';
import type { Platform } from '../../platform/platform.ts';
import { expiryOf, isPlain, recordOf, type StoreRecord } from './store-record.ts';

/** A store of express-session that holds the sessions from before, such as connect-redis or connect-pg-simple. */
export interface OldStore {
  get(sid: string, callback: (error?: unknown, session?: object | null) => void): unknown;
  destroy(sid: string, callback: (error?: unknown) => void): unknown;
  clear?(callback: (error?: unknown) => void): unknown;
}

/**
 * The session that an old store has under this id; null if it has none, or one that is over or is no session. Rejects with
 * `TierUnavailableError`: a store that does not answer has not said that there is none.
 */
export async function readOld(store: OldStore, sid: string, platform: Platform): Promise<StoreRecord | null> {
  const session = await call<object | null | undefined>(platform, (callback) => store.get(sid, callback));
  if (!isPlain(session) || !isPlain(session['cookie'])) return null;
  const { expires } = session['cookie'];
  const expiresAt = expires instanceof Date || typeof expires === 'string' ? new Date(expires).getTime() : null;
  const now = platform.now();
  // Also where it is no date at all.
  if (expiresAt !== null && !(expiresAt > now)) return null;
  const record = recordOf(sid, session);
  const endsAt = expiryOf(record, now);
  return endsAt !== null && endsAt <= now ? null : record;
}

/** Idempotent, as every store's `destroy` is. */
export async function deleteOld(store: OldStore, sid: string, platform: Platform): Promise<void> {
  await call(platform, (callback) => store.destroy(sid, callback));
}

export async function clearOld(store: OldStore, platform: Platform): Promise<void> {
  await call(platform, (callback) => store.clear?.(callback));
}

/** A callback as a promise, for as long as a request may wait. Errors of other libraries may quote what they were asked for. */
function call<R>(
  platform: Platform,
  begin: (callback: (error?: unknown, value?: R) => void) => void,
): Promise<R | undefined> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => reject(new TierUnavailableError('durable', reason));
    const cancel = platform.after(OLD_STORE_TIMEOUT_MS, () => fail('old-store-timeout'));
    const callback = (error?: unknown, value?: R): void => {
      cancel();
      if (!error || isNotFound(error)) resolve(error ? undefined : value);
      else fail('old-store-failed');
    };
    try {
      begin(callback);
    } catch (error) {
      callback(error);
    }
  });
}

/** What stores on files answer for a session that is not there, and express-session understands. */
function isNotFound(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
