import type { EventEmitter } from 'node:events';
import expressSession from 'express-session';
import type { SessionClient } from '../../client/session-client.ts';
import type { StoreOutcome } from '../../telemetry/channels.ts';
import { answer, promised, type Callback, type ValueCallback } from './answer.ts';
import { KnownSessions, tag, type Known } from './known-sessions.ts';
import type { HoldfastStoreOptions } from './store-options.ts';
import { cookieRecordOf, koaRecordOf, recordOf, type PlainSession, type StoreRecord } from './store-record.ts';
import { announce, StoreSessions } from './store-sessions.ts';

/** A session as a store returns and takes it. */
export interface StoredRequestSession {
  cookie: StoredCookie;
  [name: string]: unknown;
}

export interface StoredCookie {
  originalMaxAge: number | null;
  expires?: Date | null;
  [attribute: string]: unknown;
}

/** The parts of a request that express-session uses. */
interface StoreRequest {
  sessionID: string;
  session?: object;
}

/** The options that koa-session passes to each call. */
interface KoaOptions {
  readonly ctx?: object;
}

/** The parts of express-session's `Store` for subclasses. */
interface ExpressStore extends EventEmitter {
  /** Gives the request a new session under a new id; the middleware sets this method. */
  generate(request: StoreRequest): void;
  load<S = StoredRequestSession>(sid: string, callback: ValueCallback<S>): void;
  createSession<S = RequestSessionObject>(request: StoreRequest, session: object): S;
}

/** `req.session`, as express-session makes it. */
interface RequestSessionObject extends StoredRequestSession {
  readonly id: string;
  regenerate(callback: Callback): this;
  destroy(callback: Callback): this;
  reload(callback: Callback): this;
  resetMaxAge(): this;
  save(callback?: Callback): this;
  touch(): this;
}

const ExpressStore: new () => ExpressStore = expressSession.Store as unknown as new () => ExpressStore;

/**
 * The store of express-session, @fastify/session and koa-session on a `SessionClient`, which needs a namespace of its own. Requests of
 * one session that overlap keep each other's changes: each writes only the properties that it changed. Where both changed the same one,
 * the last stored wins. A session that has ended is never stored again.
 */
export class HoldfastStore<Data extends object = Record<string, unknown>> extends ExpressStore {
  readonly #sessions: StoreSessions;
  readonly #known = new KnownSessions();
  /** @internal The client's namespace: a client that imports from this store must have another. */
  readonly '~namespace': string;

  /**
   * Does no I/O.
   * @throws {ConfigurationError} an option is wrong.
   */
  constructor(sessions: SessionClient, options: HoldfastStoreOptions<Data> = {}) {
    super();
    this.#sessions = new StoreSessions(sessions, options);
    this['~namespace'] = sessions.namespace;
  }

  /**
   * Returns the session of this id, or none, to a callback; called with koa-session's arguments, it returns a promise.
   * `S` is the type of the session that the callback takes.
   */
  get<S = StoredRequestSession>(sid: string, callback: ValueCallback<S | null>): void;
  get(sid: string, maxAge: unknown, options: KoaOptions): Promise<PlainSession | undefined>;
  get(sid: string, second: unknown, options: KoaOptions = {}): Promise<PlainSession | undefined> | void {
    if (typeof second !== 'function') return promised(this.#getForKoa(sid, options));
    const callback = second as ValueCallback<PlainSession | null>;
    const old = this.#sessions.oldInCharge;
    if (old === undefined) answer(this.#get(sid), callback);
    else old.get(sid, callback as ValueCallback<unknown>);
  }

  /** Stores what the request changed, if it has read the session; otherwise creates the session. */
  set(sid: string, session: object, callback?: Callback): void;
  set(sid: string, session: object, maxAge: unknown, options: KoaOptions): Promise<void>;
  set(sid: string, session: object, third?: unknown, options?: KoaOptions): Promise<void> | void {
    if (options !== undefined) {
      const { ctx = session } = options;
      return promised(this.#change('save', ctx, sid, () => koaRecordOf(sid, session, third)));
    }
    const old = this.#sessions.oldInCharge;
    if (old !== undefined) return void old.set(sid, session, third as Callback | undefined);
    const saving = this.#change('save', session, sid, () => recordOf(sid, session));
    answer(saving, (third as Callback | undefined) ?? announcing('set', this.#known.of(session, sid)));
  }

  /** Ends the session. It is no error if there is none. */
  destroy(sid: string, callback?: Callback): void;
  destroy(sid: string, options: KoaOptions): Promise<void>;
  destroy(sid: string, second?: Callback | KoaOptions): Promise<void> | void {
    if (typeof second === 'object' && second !== null)
      return promised(this.#sessions.end(sid, this.#known.of(second.ctx, sid)));
    this.#end(sid, undefined, second ?? announcing('destroy', undefined));
  }

  /**
   * Notes that the session was used, and stores the cookie's attributes if they were changed. A failure is published on `holdfast:store`
   * and not given to the callback: the response has been sent by then.
   */
  touch(sid: string, session: object, callback: Callback = () => undefined): void {
    const old = this.#sessions.oldInCharge;
    if (old !== undefined) return void (old.touch ? old.touch(sid, session, callback) : callback());
    const report = announcing('touch', this.#known.of(session, sid));
    const touching = this.#change('touch', session, sid, () => cookieRecordOf(sid, session));
    answer(touching.catch(report), callback);
  }

  /**
   * Ends the request's session and gives it another. The old id has ended before the callback, or an error reports that
   * it may not have.
   */
  regenerate(request: StoreRequest, callback: Callback): void {
    const { sessionID: sid, session } = request;
    this.#end(sid, this.#known.of(session, sid), (error) => {
      this.generate(request);
      callback(error);
    });
  }

  /** Makes the session of a request; express-session passes what `get` returned. */
  override createSession<S = RequestSessionObject>(request: StoreRequest, session: object): S {
    const known = this.#known.untag(session);
    const created = super.createSession<S & object>(request, session);
    if (known !== undefined) this.#known.learn(created, known);
    return created;
  }

  /** Returns every living session by its id. Reads all of the table: for scripts, not for requests. */
  all<S = StoredRequestSession>(callback: ValueCallback<Record<string, S>>): void {
    answer(this.#all(), callback as ValueCallback<Record<string, PlainSession>>);
  }

  /** Returns the number of living sessions. Reads all of the table, as `all` does. */
  length(callback: ValueCallback<number>): void {
    answer(
      this.#all().then((sessions) => Object.keys(sessions).length),
      callback,
    );
  }

  /** Ends every session of the client's namespace, and those that would be imported. */
  clear(callback: Callback = () => undefined): void {
    answer(this.#sessions.endAll(), callback);
  }

  #end(sid: string, known: Known | undefined, callback: Callback): void {
    const old = this.#sessions.oldInCharge;
    if (old === undefined) answer(this.#sessions.end(sid, known), callback);
    else old.destroy(sid, callback);
  }

  async #get(sid: string): Promise<PlainSession | null> {
    const loaded = await this.#sessions.load(sid);
    if (loaded === null) return null;
    const session = tag(loaded.session);
    this.#known.learn(session, loaded.known);
    return session;
  }

  async #getForKoa(sid: string, { ctx }: KoaOptions): Promise<PlainSession | undefined> {
    const loaded = await this.#sessions.load(sid);
    if (loaded !== null && ctx !== undefined) this.#known.learn(ctx, loaded.known);
    return loaded?.session;
  }

  /** Reads the session before it awaits: the framework may change it meanwhile. */
  async #change(how: 'save' | 'touch', holder: object, sid: string, read: () => StoreRecord): Promise<void> {
    const next = read();
    await this.#known.inTurn(holder, async () => {
      const known = await this.#sessions[how](next, this.#known.of(holder, sid));
      if (known !== undefined) this.#known.learn(holder, known);
    });
  }

  async #all(): Promise<Record<string, PlainSession>> {
    const sessions = Object.create(null) as Record<string, PlainSession>;
    for await (const [sid, session] of this.#sessions.all()) sessions[sid] = session;
    return sessions;
  }
}

/** Returns a callback for calls without one. It publishes a failure on `holdfast:store`. */
function announcing(call: StoreOutcome['call'], known: Known | undefined): Callback {
  return (error) => {
    if (error) announce(call, known?.session ?? null, error);
  };
}
