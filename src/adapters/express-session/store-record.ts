import { PayloadError } from '../../errors.ts';

/** A session as a framework keeps it: names and values, and a cookie except in koa-session. */
export type PlainSession = Record<string, unknown>;

/** What is sealed for one session of a framework. */
export interface StoreRecord {
  /** The framework's id of the session: `all` needs it, and nobody can tell it from where the record is stored. */
  readonly sid: string;
  /** The cookie's attributes; without `expires` where that follows from `maxAge`. Null where the session has no cookie. */
  readonly cookie: PlainSession | null;
  /** Milliseconds without a request after which the session ends; null for the client's idle lifetime. */
  readonly maxAge: number | null;
  readonly data: PlainSession;
  /** Whether the session came from another store, which may still have it. */
  readonly isImported?: true;
}

/** Reads a session of express-session or @fastify/session at once: the framework goes on changing it. Throws `PayloadError`. */
export function recordOf(sid: string, session: object): StoreRecord {
  const { cookie, ...data } = jsonCopy(session);
  if (!isPlain(cookie)) return { sid, cookie: null, maxAge: null, data };
  const { expires = null, originalExpires: _, ...policy } = cookie;
  const { originalMaxAge } = policy;
  if (typeof originalMaxAge === 'number') return { sid, cookie: policy, maxAge: originalMaxAge, data };
  return { sid, cookie: { ...policy, expires }, maxAge: null, data };
}

/** The record of a session without its data, of which a touch stores nothing. */
export function cookieRecordOf(sid: string, { cookie }: { readonly cookie?: unknown }): StoreRecord {
  return recordOf(sid, { cookie });
}

/** Reads a session of koa-session, which has no cookie in it; `_expire` follows from when it was last used. Throws `PayloadError`. */
export function koaRecordOf(sid: string, session: object, maxAge: unknown): StoreRecord {
  const { _expire: _, ...data } = jsonCopy(session);
  return { sid, cookie: null, maxAge: typeof maxAge === 'number' ? maxAge : null, data };
}

/** The session as its framework stored it, in objects of its own; null if it has ended. */
export function sessionOf(record: StoreRecord, lastSeenAt: number, now: number): PlainSession | null {
  const { cookie, data } = record;
  const expiresAt = expiryOf(record, lastSeenAt);
  if (expiresAt !== null && expiresAt <= now) return null;
  const session = thaw(data);
  if (cookie !== null) return { cookie: { ...thaw(cookie), expires: expiryDate(cookie, expiresAt) }, ...session };
  const { _maxAge: maxAge } = session;
  return typeof maxAge === 'number' ? { ...session, _expire: lastSeenAt + maxAge } : session;
}

/** When a session that is used at this time ends, by its cookie; null if the client's idle lifetime says it. */
export function expiryOf({ cookie, maxAge }: StoreRecord, usedAt: number): number | null {
  if (maxAge !== null) return usedAt + maxAge;
  const expires = cookie?.['expires'];
  // A text in JSON; scripts also store milliseconds.
  const date = typeof expires === 'string' || typeof expires === 'number' ? new Date(expires).getTime() : Number.NaN;
  return Number.isNaN(date) ? null : date;
}

/** Whether what a tier holds is a record of a store, and not what another user of the namespace put there. */
export function isStoreRecord(value: unknown): value is StoreRecord {
  return isPlain(value) && typeof value['sid'] === 'string' && isPlain(value['data']);
}

export function isPlain(value: unknown): value is PlainSession {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Frameworks write `false` where a cookie is to end with the browser. */
function expiryDate(cookie: PlainSession, expiresAt: number | null): unknown {
  return expiresAt === null ? cookie['expires'] : new Date(expiresAt);
}

/** Copies a session through JSON: dates become text, what JSON cannot hold is dropped. JSON's errors name properties, which are secret. */
function jsonCopy(session: object): PlainSession {
  try {
    return JSON.parse(JSON.stringify(session)) as PlainSession;
  } catch {
    throw new PayloadError(
      'The session cannot be written as JSON: it contains a cycle, a bigint or a getter that throws.',
    );
  }
}

/** A copy that may be changed: what a read gives is frozen, and shared with other readers. */
function thaw<V>(value: V): V {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((member: unknown) => thaw(member)) as V;
  const copy: PlainSession = {};
  for (const [key, member] of Object.entries(value)) copy[key] = thaw(member);
  return copy as V;
}
