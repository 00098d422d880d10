import type { Engine } from '../engine/engine.ts';
import { storageKeyOf } from '../session/session-id.ts';
import type { LivingSession } from '../tiering/context.ts';
import type { SessionData } from './data/session-data.ts';
import { resolveGetOptions, type GetOptions } from './options/call-options.ts';
import { isIdFor } from './session-ref.ts';
import { Session, type SessionSummary } from './session.ts';
import { storedSessions, type StoredSession } from './stored-sessions.ts';
import { summarize } from './user-sessions.ts';

/** Reads the sessions of one client. */
export class SessionReads<T> {
  readonly #engine: Engine;
  readonly #data: SessionData<T>;

  constructor(engine: Engine, data: SessionData<T>) {
    this.#engine = engine;
    this.#data = data;
  }

  /** Returns the session, or null. Not async: most calls are this one, and would each make one more promise. */
  get(id: string, options: GetOptions): Promise<Session<T> | null> {
    try {
      const readOptions = resolveGetOptions(options);
      if (!isIdFor('get', id)) return Promise.resolve(null);
      return this.#engine.use(({ store }) =>
        store.read(storageKeyOf(id), readOptions).then((living) => living && this.#sessionOf(id, living)),
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** True if the session lives on under another id. */
  async hasMoved(id: string): Promise<boolean> {
    return isIdFor('movedSince', id) && (await this.#engine.use(({ store }) => store.hasMoved(storageKeyOf(id))));
  }

  listByUser(userId: string): Promise<SessionSummary[]> {
    return this.#engine.use(({ codec, store, platform }) =>
      summarize(codec, userId, store.listByUser(codec.userKeys(userId)), platform.now()),
    );
  }

  all(): AsyncGenerator<StoredSession<T>, void, undefined> {
    return storedSessions(this.#engine, this.#data);
  }

  /** Returns the session at once where its data can be read at once, as most can. */
  #sessionOf(id: string, living: LivingSession): Promise<Session<T>> | Session<T> {
    const data = this.#data.read(living);
    if (data instanceof Promise) return data.then((valid) => new Session(id, living, valid));
    return new Session(id, living, data);
  }
}
