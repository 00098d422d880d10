import { randomBytes } from 'node:crypto';
import type { DeepReadonly } from '../../src/client/data/plain-data.ts';
import type { SessionData } from '../session-data.ts';

/** A session store as a request uses it. Ours and the peers' have this shape for the cases. */
export interface Store {
  readonly name: string;
  /** Creates a session and returns its id. */
  create(data: SessionData): Promise<string>;
  /** Reads a session, which counts as activity, as in every request. Null if there is none. */
  read(id: string): Promise<DeepReadonly<SessionData> | null>;
  /** Changes the session: counts one visit more. */
  update(id: string): Promise<void>;
  destroy(id: string): Promise<void>;
  close(): Promise<void>;
}

/** A peer's store, which writes a whole session over whatever is there. */
export interface PeerStore extends Store {
  set(id: string, data: SessionData): Promise<void>;
}

/** The idle lifetime, the same for every store. */
export const IDLE_MS: number = 30 * 60_000;

/** The data that express-session keeps beside the session's, and asks of a store. */
export interface ExpressSession extends SessionData {
  cookie: { originalMaxAge: number; expires: Date; httpOnly: boolean; path: string };
}

type Done<T> = (error?: unknown, result?: T) => void;

export interface ExpressStore {
  get(id: string, done: Done<object | null>): unknown;
  set(id: string, session: ExpressSession, done: Done<void>): unknown;
  touch(id: string, session: ExpressSession, done: Done<void>): unknown;
  destroy(id: string, done: Done<void>): unknown;
}

/** Calls what express-session 1.19 calls in the course of a request, without HTTP, cookies and hashing around it. */
export function peerStore(name: string, store: ExpressStore, close: () => Promise<void>): PeerStore {
  const get = async (id: string): Promise<ExpressSession | null> =>
    ((await settled<object | null>((done) => store.get(id, done))) ?? null) as ExpressSession | null;
  const set = async (id: string, data: SessionData): Promise<void> => {
    await settled<void>((done) => store.set(id, withCookie(data), done));
  };
  return {
    name,
    close,
    set,
    async create(data) {
      const id = randomBytes(24).toString('base64url');
      await set(id, data);
      return id;
    },
    async read(id) {
      const session = await get(id);
      if (!session) return null;
      await settled<void>((done) => store.touch(id, withCookie(session), done));
      return session;
    },
    async update(id) {
      const session = await get(id);
      if (!session) throw new Error(`${name} has lost a session`);
      session.visits += 1;
      await set(id, session);
    },
    async destroy(id) {
      await settled<void>((done) => store.destroy(id, done));
    },
  };
}

/** Turns a callback into a promise. Some stores return a promise as well; express-session reads the callback only. */
function settled<T>(call: (done: Done<T>) => unknown): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    call((error, result) => {
      if (error) reject(error instanceof Error ? error : new Error('the store failed'));
      else resolve(result);
    });
  });
}

function withCookie(data: SessionData): ExpressSession {
  const expires = new Date(Date.now() + IDLE_MS);
  return { ...data, cookie: { originalMaxAge: IDLE_MS, expires, httpOnly: true, path: '/' } };
}
