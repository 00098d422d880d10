import { PayloadError } from '../../errors.ts';

/** A session as a framework keeps it: names and values, and a cookie except in koa-session. */
export type PlainSession = Record<string, unknown>;

/** The data that is sealed for one session of a framework. */
export interface StoreRecord {
  /** The framework's id of the session. `all` needs it, since it cannot be computed from the storage key. */
  readonly sid: string;
  /** The cookie's attributes; without `expires` where that follows from `maxAge`. Null where the session has no cookie. */
  readonly cookie: PlainSession | null;
  /** Milliseconds without a request after which the session ends; null for the client's idle lifetime. */
  readonly maxAge: number | null;
  readonly data: PlainSession;
  /** True if the session came from another store, which may still have it. */
  readonly isImported?: true;
}

/**
 * Reads a session of express-session or @fastify/session at once: the framework may change it afterwards.
 * @throws {PayloadError} it cannot be stored.
 */
export function recordOf(sid: string, session: object): StoreRecord {
  const { cookie, ...data } = jsonCopy(session);
  if (!isPlain(cookie)) return { sid, cookie: null, maxAge: null, data };
  const { expires = null, originalExpires: _, ...policy } = cookie;
  const { originalMaxAge } = policy;
  if (typeof originalMaxAge === 'number') return { sid, cookie: policy, maxAge: originalMaxAge, data };
  return { sid, cookie: { ...policy, expires }, maxAge: null, data };
}

/** Returns the record of a session without its data, of which a touch stores nothing. */
export function cookieRecordOf(sid: string, { cookie }: { readonly cookie?: unknown }): StoreRecord {
  return recordOf(sid, { cookie });
}

/**
 * Reads a session of koa-session, which has no cookie in it; `_expire` follows from its last use.
 * @throws {PayloadError} it cannot be stored.
 */
export function koaRecordOf(sid: string, session: object, maxAge: unknown): StoreRecord {
  const { _expire: _, ...data } = jsonCopy(session);
  return { sid, cookie: null, maxAge: typeof maxAge === 'number' ? maxAge : null, data };
}

/** Returns the session as its framework stored it, in objects of its own; null if it has ended. */
export function sessionOf(record: StoreRecord, lastSeenAt: number, now: number): PlainSession | null {
  const { cookie, data } = record;
  const expiresAt = expiryOf(record, lastSeenAt);
  if (expiresAt !== null && expiresAt <= now) return null;
  const session = thaw(data);
  if (cookie !== null) return { cookie: { ...thaw(cookie), expires: expiryDate(cookie, expiresAt) }, ...session };
  const { _maxAge: maxAge } = session;
  return typeof maxAge === 'number' ? { ...session, _expire: lastSeenAt + maxAge } : session;
}

/**
 * Returns the end of a session that is used at this time, by its cookie; null if the client's idle lifetime decides it.
 */
export function expiryOf({ cookie, maxAge }: StoreRecord, usedAt: number): number | null {
  if (maxAge !== null) return usedAt + maxAge;
  const expires = cookie?.['expires'];
  // A text in JSON; scripts also store milliseconds.
  const date = typeof expires === 'string' || typeof expires === 'number' ? new Date(expires).getTime() : Number.NaN;
  return Number.isNaN(date) ? null : date;
}

/** Returns true if the value is a record of a store, and not one of another user of the namespace. */
export function isStoreRecord(value: unknown): value is StoreRecord {
  return isPlain(value) && typeof value['sid'] === 'string' && isPlain(value['data']);
}

export function isPlain(value: unknown): value is PlainSession {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the cookie's expiry. Frameworks write `false` for a cookie that ends with the browser. */
function expiryDate(cookie: PlainSession, expiresAt: number | null): unknown {
  return expiresAt === null ? cookie['expires'] : new Date(expiresAt);
}

/**
 * Copies a session through JSON: dates become text, and what JSON cannot hold is dropped. JSON's errors name
 * properties, which are secret.
 */
function jsonCopy(session: object): PlainSession {
  try {
    return JSON.parse(JSON.stringify(session)) as PlainSession;
  } catch {
    throw new PayloadError(
      'The session cannot be written as JSON: it contains a cycle, a bigint or a getter that throws.',
    );
  }
}

/** Returns a copy that may be changed: the result of a read is frozen and shared. */
function thaw<V>(value: V): V {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((member: unknown) => thaw(member)) as V;
  const copy: PlainSession = {};
  for (const [key, member] of Object.entries(value)) copy[key] = thaw(member);
  return copy as V;
}
