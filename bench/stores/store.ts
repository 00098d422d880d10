import { randomBytes } from 'node:crypto';
import type { DeepReadonly } from '../../src/client/data/plain-data.ts';
import type { SessionData } from '../session-data.ts';

/** A session store as a request uses it. Ours and the peers' all look like this to the cases. */
export interface Store {
  readonly name: string;
  /** A new session; answers its id. */
  create(data: SessionData): Promise<string>;
  /** A read that counts as activity, as it does in every request. Null if there is none. */
  read(id: string): Promise<DeepReadonly<SessionData> | null>;
  /** A request that changes the session: counts one visit more. */
  update(id: string): Promise<void>;
  destroy(id: string): Promise<void>;
  close(): Promise<void>;
}

/** A peer's write of a whole session, whatever is there. */
export interface PeerStore extends Store {
  set(id: string, data: SessionData): Promise<void>;
}

/** The same for everybody. */
export const IDLE_MS: number = 30 * 60_000;

/** What express-session keeps beside the data, and asks of a store. */
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

/** What express-session 1.19 calls in the course of a request, without HTTP, cookies and hashing around it. */
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

/** Some of the stores answer a promise as well; express-session looks at the callback only. */
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
