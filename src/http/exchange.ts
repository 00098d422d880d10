import type { KeyObject } from 'node:crypto';
import type { Change } from '../client/write/session-writer.ts';
import type { Session } from '../client/session.ts';
import {
  ConfigurationError,
  CrossSiteRequestError,
  LoginRequiredError,
  ResponseStartedError,
  SessionMovedError,
} from '../errors.ts';
import { LIFETIME_MS_MAX } from '../limits/session.ts';
import { requireOptions } from '../option-checks.ts';
import { parseDuration, type Duration } from '../platform/duration.ts';
import type { CookieSink } from './cookie/cookie-sink.ts';
import type { HttpSessions, RequestHead } from './http-sessions.ts';
import type { Arrival } from './import/import.ts';
import { keepNewest, login, resolveLogin } from './login.ts';
import type {
  Device,
  LoginOptions,
  RequestGetOptions,
  RequestSession,
  RequestUpdateOptions,
  UserSession,
} from './request-session.ts';

/**
 * The session of one request, and the cookies that its response has to set. Applications see it as a `RequestSession`.
 */
export class Exchange<T, Input = T> implements RequestSession<T, Input> {
  readonly #http: HttpSessions<T, Input>;
  readonly #request: RequestHead;
  readonly #sink: CookieSink;
  /** The id that the browser has, or that this response gives it; undefined if there is none, or before the cookie was checked. */
  #id: string | undefined;
  /** The request's cookie of the old library (`importFrom`), and the id of its session here. */
  #arrival: Arrival | undefined;
  /** True if the request has only the cookie of the old library, and its response sets no other. */
  #hasOldCookieOnly = false;
  #checking: Promise<void> | undefined;
  /** The session as this request last saw it; undefined before it was loaded. */
  #known: Session<T> | null | undefined;
  /** The load under way. Its result becomes `#known`, unless a write sets that first. */
  #loading: Promise<Session<T> | null> | undefined;
  #hasSetCookie = false;
  #queue: Promise<unknown> = Promise.resolve();
  #pending = 0;

  constructor(http: HttpSessions<T, Input>, request: RequestHead, sink: CookieSink) {
    this.#http = http;
    this.#request = request;
    this.#sink = sink;
  }

  async get(options?: RequestGetOptions): Promise<Session<T> | null> {
    if (options !== undefined && wantsStrong(options)) return this.#load({ consistency: 'strong' });
    return this.#known === undefined ? (this.#loading ?? this.#load(undefined)) : this.#known;
  }

  update(change: Change<T, Input>, options: RequestUpdateOptions = {}): Promise<Session<T>> {
    return this.#run('update', async () => {
      const { label, lifetime } = requireOptions('update options', options, ['label', 'lifetime']);
      const { client, options: http } = this.#http;
      const allowed = lifetime === undefined ? undefined : http.policy.forChange(lifetime);
      const session = await this.get();
      if (session === null) return this.#begin(change, options);
      const changes = {
        ...(label !== undefined && { label }),
        ...(allowed && { lifetime: http.policy.sinceLogin(allowed, session, client['~http'].platform.now()) }),
      };
      return this.#learn(await client.update(session, change, changes));
    });
  }

  login(userId: string, options: LoginOptions<Input> = {}): Promise<UserSession<T>> {
    return this.#run('login', async () => {
      const settings = resolveLogin(this.#http, userId, options);
      this.#requireOpen('login');
      const keys = await this.#http.client['~http'].cookieKeys();
      const session = await login(this.#http, await this.get(), settings);
      await this.#adopt('login', session, keys);
      await this.#leaveOldStore();
      await keepNewest(this.#http, userId);
      return session;
    });
  }

  logout(): Promise<void> {
    return this.#run('logout', async () => {
      this.#requireOpen('logout');
      await this.#check();
      // Moves the session first: once it has moved and ended, no request that runs at the same time can move it again.
      if (this.#hasOldCookieOnly) await this.get();
      const session = this.#known ?? this.#id;
      if (session !== undefined) await this.#http.client.destroy(session, { by: 'logout' });
      await this.#end();
    });
  }

  logoutEverywhere(options: { readonly keepThis?: boolean } = {}): Promise<number> {
    return this.#run('logoutEverywhere', async () => {
      const { keepThis = false } = requireOptions('logoutEverywhere options', options, ['keepThis']);
      if (typeof keepThis !== 'boolean') throw new ConfigurationError('keepThis: expected a boolean.');
      if (!keepThis) this.#requireOpen('logoutEverywhere');
      const session = await this.requireUser();
      const count = await this.#http.client.destroyByUser(session.userId, {
        by: 'everywhere',
        ...(keepThis && { except: session }),
      });
      if (!keepThis) await this.#end();
      return count;
    });
  }

  async devices(): Promise<Device[]> {
    const session = await this.requireUser();
    const all = await this.#answerable(this.#http.client.listByUser(session.userId));
    return all.map((device) => ({ ...device, current: device.handle === session.handle }));
  }

  logoutDevice(handle: string): Promise<boolean> {
    return this.#run('logoutDevice', async () => {
      const session = await this.requireUser();
      // A handle comes from the request, where a repeated field is an array: `destroyByHandle` would end several sessions.
      if (!isText(handle)) return false;
      const { client } = this.#http;
      if (handle !== session.handle) return client.destroyByHandle(session.userId, handle, { by: 'other-device' });
      this.#requireOpen('logoutDevice');
      const wasAlive = await client.destroy(session, { by: 'logout' });
      await this.#end();
      return wasAlive;
    });
  }

  async requireUser(): Promise<UserSession<T>> {
    const session = await this.get();
    if (session !== null && isSignedIn(session)) return session;
    throw this.#http.answerable(new LoginRequiredError('anonymous'));
  }

  async requireFresh(maxAge: Duration = this.#http.options.policy.freshMs): Promise<UserSession<T>> {
    const maxAgeMs = parseDuration('maxAge', maxAge, 0, LIFETIME_MS_MAX);
    const session = await this.requireUser();
    const since = session.authenticatedAt?.getTime();
    if (since !== undefined && this.#http.client['~http'].platform.now() - since <= maxAgeMs) return session;
    throw this.#http.answerable(new LoginRequiredError('stale'));
  }

  /** Resolves once all calls that change the session, awaited or not, have ended. Never rejects. */
  async settled(): Promise<void> {
    while (this.#pending > 0) await this.#queue;
  }

  async #begin(change: Change<T, Input>, { label, lifetime }: RequestUpdateOptions): Promise<Session<T>> {
    this.#requireOpen('update');
    const { client, options } = this.#http;
    if (this.#isWithheld(options.cookie.sameSite)) throw new CrossSiteRequestError();
    const settings = {
      lifetime: options.policy.forNew(lifetime),
      ...(label !== undefined && label !== null && { label }),
    };
    const keys = await client['~http'].cookieKeys();
    if (this.#id !== undefined && (await client.movedSince(this.#id))) throw new SessionMovedError();
    return this.#adopt('update', await client['~http'].begin(options.initial(), change, settings), keys);
  }

  /**
   * True if the browser has sent this request without the cookie that it may have, so that a session which begins here
   * would replace it. Browsers send a Strict cookie with no request of another site, and a Lax one only if the method
   * is safe.
   */
  #isWithheld(sameSite: 'lax' | 'none' | 'strict'): boolean {
    if (sameSite === 'none' || this.#request.header('sec-fetch-site') !== 'cross-site') return false;
    return sameSite === 'strict' || !['GET', 'HEAD'].includes(this.#request.method);
  }

  /** Loads the session. If a write has set `#known` meanwhile, that is newer and stays; a failed load leaves `#known` as it was. */
  #load(options: RequestGetOptions | undefined): Promise<Session<T> | null> {
    const loading: Promise<Session<T> | null> = this.#read(options).then(
      (session) => (this.#loading === loading ? this.#learn(session) : session),
      (error: unknown) => {
        if (this.#loading === loading) this.#loading = undefined;
        throw this.#http.answerable(error);
      },
    );
    this.#loading = loading;
    return loading;
  }

  async #read(options: RequestGetOptions | undefined): Promise<Session<T> | null> {
    await this.#check();
    if (this.#id === undefined) return null;
    const { imports } = this.#http;
    if (imports !== undefined && this.#arrival !== undefined && this.#hasOldCookieOnly) {
      return imports.find(this.#arrival, options, this.#sink);
    }
    return this.#http.find(this.#id, options);
  }

  /** Checks the cookie with the first call that needs it. A cookie without a correct MAC costs no I/O. */
  #check(): Promise<void> {
    this.#checking ??= this.#readCookie().catch((error: unknown) => {
      this.#checking = undefined;
      throw error;
    });
    return this.#checking;
  }

  async #readCookie(): Promise<void> {
    const { client, cookie, imports } = this.#http;
    const header = this.#request.header('cookie') ?? '';
    const http = client['~http'];
    const madeUp = (): void => http.refusedCookie();
    const id = header.includes(cookie.name) ? cookie.read(header, await http.cookieKeys(), madeUp) : undefined;
    this.#arrival = imports?.arrivalOf(header);
    this.#hasOldCookieOnly = id === undefined && this.#arrival !== undefined;
    this.#id = id ?? this.#arrival?.id;
  }

  #learn<S extends Session<T> | null>(session: S): S {
    if (session !== null) this.#sink.markPrivate();
    this.#known = session;
    this.#loading = undefined;
    return session;
  }

  /**
   * Sets the cookie of a new session. `keys` are fetched before the session is made: only a response that has been sent
   * can fail this.
   */
  async #adopt(what: string, session: Session<T>, keys: readonly KeyObject[]): Promise<Session<T>> {
    const { client, cookie } = this.#http;
    const expiresInMs = session.absoluteExpiresAt.getTime() - session.lastSeenAt.getTime();
    this.#sink.set(cookie.set(session.id, keys, expiresInMs));
    if (!this.#sink.isOpen) {
      // No browser will ever have its id.
      await client.destroy(session, { by: 'undelivered' }).catch(() => undefined);
      throw new ResponseStartedError(what);
    }
    this.#hasSetCookie = true;
    this.#id = session.id;
    this.#hasOldCookieOnly = false;
    return this.#learn(session);
  }

  /** Clears the cookies, unless the headers have been sent meanwhile: a cookie whose session has ended does no harm. */
  async #end(): Promise<void> {
    this.#id = undefined;
    this.#hasOldCookieOnly = false;
    this.#learn(null);
    const { cookie, imports } = this.#http;
    if (this.#arrival !== undefined) await imports?.end(this.#arrival);
    if (!this.#sink.isOpen) return;
    const header = this.#request.header('cookie') ?? '';
    if (this.#hasSetCookie || header.includes(cookie.name)) this.#sink.set(cookie.clear());
    if (imports?.cookie.isIn(header) === true) this.#sink.set(imports.cookie.clear());
  }

  /** Clears the old library's cookie and deletes its session: the browser has a new cookie from now on. */
  async #leaveOldStore(): Promise<void> {
    const { imports } = this.#http;
    if (imports === undefined || this.#arrival === undefined) return;
    if (this.#sink.isOpen) this.#sink.set(imports.cookie.clear());
    await imports.leave(this.#arrival);
  }

  #requireOpen(what: string): void {
    if (!this.#sink.isOpen) throw new ResponseStartedError(what);
  }

  /** Runs a call that changes the session, after those before it have ended. */
  #run<R>(what: string, call: () => Promise<R>): Promise<R> {
    this.#pending += 1;
    const turn = this.#queue.then(() => this.#sink.requireWritable?.(what));
    const running = this.#answerable(turn.then(call)).finally(() => {
      this.#pending -= 1;
    });
    // Settles after the caller has gone on, and perhaps made another call.
    this.#queue = running.catch(() => undefined).then(() => undefined);
    // Returns another promise than the queue's, whose rejection counts as handled: a failure that is not awaited must
    // not go unnoticed.
    return running.then((result) => result);
  }

  #answerable<R>(call: Promise<R>): Promise<R> {
    return call.catch((error: unknown) => {
      throw this.#http.answerable(error);
    });
  }
}

function wantsStrong(options: RequestGetOptions): boolean {
  const { consistency = 'bounded' } = requireOptions('get options', options, ['consistency']);
  if (consistency === 'bounded' || consistency === 'strong') return consistency === 'strong';
  throw new ConfigurationError("consistency: expected 'bounded' or 'strong'.");
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isSignedIn<T>(session: Session<T>): session is UserSession<T> {
  return session.userId !== undefined;
}
