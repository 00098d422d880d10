import { ImportUnavailableError } from '../../errors.ts';
import { IMPORT_STORE_TIMEOUT_MS } from '../../limits/http.ts';
import { withDeadline } from '../../platform/deadline.ts';
import type { Platform } from '../../platform/platform.ts';

/** The data of a session as its old store gives it. */
export type OldSession = Readonly<Record<string, unknown>>;

/**
 * A store as express-session defines it, such as those of connect-redis, connect-pg-simple, connect-mongo and prisma-session-store. `get`
 * gives living sessions only.
 */
export interface OldStore {
  get(sid: string, callback: (error: unknown, session?: unknown) => void): unknown;
  destroy(sid: string, callback: (error?: unknown) => void): unknown;
}

/** Replaces an `OldStore` by two functions, for sessions that are kept in another way. */
export interface OldSessions {
  load(this: void, sid: string): Promise<object | null | undefined>;
  destroy(this: void, sid: string): Promise<unknown>;
}

export function sessionsOf(store: OldStore): OldSessions {
  return {
    load: (sid) => promised((callback) => store.get(sid, callback)) as Promise<object | null | undefined>,
    destroy: (sid) => promised((callback) => store.destroy(sid, callback)),
  };
}

/**
 * Returns the session's data; null if there is none.
 * @throws {ImportUnavailableError} the old store did not answer: an outage is never "no session".
 */
export async function loadOld(platform: Platform, sessions: OldSessions, sid: string): Promise<OldSession | null> {
  const found: unknown = await inTime(platform, () => sessions.load(sid)).catch(nullIfMissing);
  if (found === null || found === undefined || found === false) return null;
  if (typeof found !== 'object') throw new ImportUnavailableError('unexpected');
  return found as OldSession;
}

/**
 * Ends the session in the old store.
 * @throws {ImportUnavailableError} the old store failed or did not answer.
 */
export async function destroyOld(platform: Platform, sessions: OldSessions, sid: string): Promise<void> {
  await inTime(platform, () => sessions.destroy(sid)).catch(nullIfMissing);
}

/**
 * Turns a callback into a promise. Some stores return a promise as well. What it resolves with is not the result, but
 * its rejection counts: such a store may fail without calling the callback.
 */
function promised(call: (callback: (error?: unknown, value?: unknown) => void) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const returned = call((error, value) => {
      if (error === undefined || error === null) resolve(value);
      else reject(error);
    });
    Promise.resolve(returned).catch(reject);
  });
}

/**
 * Limits the wait, since a Redis client may wait for ever. Keeps only the code of an error: its message may contain credentials.
 * Functions without types may also answer without a promise.
 */
async function inTime(platform: Platform, call: () => unknown): Promise<unknown> {
  const late = (): Error => new ImportUnavailableError('deadline');
  try {
    return await withDeadline(platform, IMPORT_STORE_TIMEOUT_MS, Promise.resolve(call()), late);
  } catch (error) {
    throw error instanceof ImportUnavailableError ? error : new ImportUnavailableError(codeOf(error));
  }
}

/** Returns null for the code by which a store means that there is no such session, as express-session reads it. */
function nullIfMissing(error: unknown): null {
  if (error instanceof ImportUnavailableError && error.reason === 'ENOENT') return null;
  throw error;
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,31}$/.test(code) ? code : 'unexpected';
}
