import type { HoldfastStore, StoredRequestSession } from '../../src/adapters/express-session/index.ts';

/** A session as express-session hands it to a store. */
export function aSession(data: Record<string, unknown> = {}, maxAge: number | null = null): StoredRequestSession {
  return { cookie: { originalMaxAge: maxAge, path: '/', httpOnly: true }, ...data };
}

/** The callback-style methods of a store as promises; each counts how often it was called back. */
export function callsOf(store: HoldfastStore<never>) {
  const promised = <V>(begin: (callback: (error: unknown, value?: V) => void) => void): Promise<V | undefined> =>
    new Promise((resolve, reject) => {
      let calls = 0;
      begin((error, value) => {
        calls += 1;
        if (calls > 1) throw new Error('called back twice');
        if (error) reject(error);
        else resolve(value);
      });
    });
  return {
    get: (sid: string) => promised<StoredRequestSession | null>((callback) => store.get(sid, callback)),
    set: (sid: string, session: object) => promised<void>((callback) => store.set(sid, session, callback)),
    touch: (sid: string, session: object) => promised<void>((callback) => store.touch(sid, session, callback)),
    destroy: (sid: string) => promised<void>((callback) => store.destroy(sid, callback)),
    regenerate: (request: { sessionID: string; session: object }) =>
      promised<void>((callback) => store.regenerate(request, callback)),
    all: () => promised<Record<string, StoredRequestSession>>((callback) => store.all(callback)),
    length: () => promised<number>((callback) => store.length(callback)),
    clear: () => promised<void>((callback) => store.clear(callback)),
  };
}
