import type { Change } from '../client/session-writer.ts';
import type { Session } from '../client/session.ts';
import {
  CrossSiteRequestError,
  isHoldfastError,
  LoginRequiredError,
  ResponseStartedError,
  SessionMovedError,
} from '../errors.ts';
import { LIFETIME_MS_MAX } from '../limits.ts';
import { requireOptions } from '../option-checks.ts';
import { parseDuration, type Duration } from '../platform/duration.ts';
import type { CookieSink } from './cookie-sink.ts';
import type { HttpSessions, RequestHead } from './http-sessions.ts';
import { login } from './login.ts';
import type {
  Device,
  LoginOptions,
  RequestGetOptions,
  RequestSession,
  RequestUpdateOptions,
  UserSession,
} from './request-session.ts';

/** One request and its response. Bindings use it for the response's cookie, applications as a `RequestSession`. */
export class Exchange<T, Input = T> implements RequestSession<T, Input> {
  readonly #http: HttpSessions<T, Input>;
  readonly #request: RequestHead;
  readonly #sink: CookieSink;
  /** The id that the browser has, once its cookie was verified; undefined before, or if there is none. */
  #id: string | undefined;
  #verifying: Promise<void> | undefined;
  #loading: Promise<Session<T> | null> | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #pending = 0;

  constructor(http: HttpSessions<T, Input>, request: RequestHead, sink: CookieSink) {
    this.#http = http;
    this.#request = request;
    this.#sink = sink;
  }

  get(options: RequestGetOptions = {}): Promise<Session<T> | null> {
    if (options.consistency === 'strong' || this.#loading === undefined) return this.#know(this.#load(options));
    return this.#loading;
  }

  update(change: Change<T, Input>, options: RequestUpdateOptions = {}): Promise<Session<T>> {
    return this.#run(async () => {
      const { label, lifetime } = requireOptions('update options', options, ['label', 'lifetime']);
      const { client, options: http } = this.#http;
      const session = await this.get();
      if (session === null) return this.#begin(change, options);
      const changes = {
        ...(label !== undefined && { label }),
        ...(lifetime !== undefined && { lifetime: http.policy.forChange(lifetime) }),
      };
      return this.#is(await client.update(session, change, changes));
    });
  }

  login(userId: string, options: LoginOptions<Input> = {}): Promise<UserSession<T>> {
    return this.#run(async () => {
      this.#requireOpen('login');
      const session = await login(this.#http, await this.get(), userId, options);
      await this.#adopt('login', session);
      return session;
    });
  }

  logout(): Promise<void> {
    return this.#run(async () => {
      this.#requireOpen('logout');
      await this.#verify();
      if (this.#id !== undefined) await this.#http.client.destroy(this.#id);
      this.#end('logout');
    });
  }

  logoutEverywhere(options: { readonly keepThis?: boolean } = {}): Promise<number> {
    return this.#run(async () => {
      const { keepThis = false } = requireOptions('logoutEverywhere options', options, ['keepThis']);
      if (!keepThis) this.#requireOpen('logoutEverywhere');
      const session = await this.requireUser();
      const count = await this.#http.client.destroyByUser(session.userId, keepThis ? { except: session } : {});
      if (!keepThis) this.#end('logoutEverywhere');
      return count;
    });
  }

  async devices(): Promise<Device[]> {
    const session = await this.requireUser();
    const all = await this.#answerable(this.#http.client.listByUser(session.userId));
    return all.map((device) => ({ ...device, current: device.handle === session.handle }));
  }

  logoutDevice(handle: string): Promise<boolean> {
    return this.#run(async () => {
      const session = await this.requireUser();
      if (handle !== session.handle) return this.#http.client.destroyByHandle(session.userId, handle);
      this.#requireOpen('logoutDevice');
      const wasAlive = await this.#http.client.destroy(session);
      this.#end('logoutDevice');
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
    const now = await this.#answerable(this.#http.client['~use'](async ({ platform }) => platform.now()));
    const since = session.authenticatedAt?.getTime();
    if (since !== undefined && now - since <= maxAgeMs) return session;
    throw this.#http.answerable(new LoginRequiredError('stale'));
  }

  /** Resolves once everything that was called, awaited or not, has ended. Never rejects. */
  async settled(): Promise<void> {
    while (this.#pending > 0) await this.#queue;
  }

  async #begin(change: Change<T, Input>, { label, lifetime }: RequestUpdateOptions): Promise<Session<T>> {
    this.#requireOpen('update');
    if (this.#isCrossSite()) throw new CrossSiteRequestError();
    const { client, options } = this.#http;
    if (this.#id !== undefined && (await client.movedSince(this.#id))) throw new SessionMovedError();
    const draft = options.initial();
    const returned = await change(draft as unknown as T);
    const session = await client.create((returned === undefined ? draft : returned) as Input, {
      lifetime: options.policy.forNew(lifetime),
      ...(typeof label === 'string' && { label }),
    });
    return this.#adopt('update', session);
  }

  /** The browser keeps a Lax or Strict cookie back from such a request, so a session that begins here would replace the one it has. */
  #isCrossSite(): boolean {
    if (this.#http.options.cookie.sameSite === 'none') return false;
    if (this.#request.method === 'GET' || this.#request.method === 'HEAD') return false;
    return this.#request.header('sec-fetch-site') === 'cross-site';
  }

  async #load(options: RequestGetOptions): Promise<Session<T> | null> {
    await this.#answerable(this.#verify());
    if (this.#id === undefined) return null;
    const session = await this.#answerable(this.#http.client.get(this.#id, options).catch(noneIfOver));
    if (session !== null) this.#sink.markPrivate();
    return session;
  }

  /** Checks the cookie when somebody asks, not before. A cookie that nobody signed costs no I/O. */
  #verify(): Promise<void> {
    this.#verifying ??= this.#readCookie();
    return this.#verifying;
  }

  async #readCookie(): Promise<void> {
    const header = this.#request.header('cookie');
    if (!header?.includes(this.#http.cookie.name)) return;
    this.#id = this.#http.cookie.read(header, await this.#http.client['~cookieKeys']());
  }

  /** A load that failed is forgotten: the next call tries again. */
  #know(loading: Promise<Session<T> | null>): Promise<Session<T> | null> {
    this.#loading = loading;
    loading.catch(() => {
      if (this.#loading === loading) this.#loading = undefined;
      this.#verifying = undefined;
    });
    return loading;
  }

  #is<S extends Session<T> | null>(session: S): S {
    if (session !== null) this.#sink.markPrivate();
    this.#loading = Promise.resolve(session);
    return session;
  }

  async #adopt(what: string, session: Session<T>): Promise<Session<T>> {
    const { client, cookie } = this.#http;
    const keys = await client['~cookieKeys']();
    if (!this.#sink.isOpen) {
      // Nobody can ever learn its id.
      await client.destroy(session).catch(() => undefined);
      throw new ResponseStartedError(what);
    }
    const expiresInMs = session.absoluteExpiresAt.getTime() - session.lastSeenAt.getTime();
    this.#sink.set(cookie.set(session.id, keys, expiresInMs));
    this.#id = session.id;
    return this.#is(session);
  }

  #end(what: string): void {
    this.#id = undefined;
    this.#is(null);
    this.#requireOpen(what);
    if (this.#request.header('cookie')?.includes(this.#http.cookie.name)) this.#sink.set(this.#http.cookie.clear());
  }

  #requireOpen(what: string): void {
    if (!this.#sink.isOpen) throw new ResponseStartedError(what);
  }

  #run<R>(call: () => Promise<R>): Promise<R> {
    this.#pending += 1;
    const running = this.#answerable(this.#queue.then(call)).finally(() => {
      this.#pending -= 1;
    });
    this.#queue = running.catch(() => undefined);
    return running;
  }

  #answerable<R>(call: Promise<R>): Promise<R> {
    return call.catch((error: unknown) => {
      throw this.#http.answerable(error);
    });
  }
}

function isSignedIn<T>(session: Session<T>): session is UserSession<T> {
  return session.userId !== undefined;
}

/** A session that a revoked key, or a deadline beyond what is allowed, has ended is over: its user has to sign in again. */
function noneIfOver(error: unknown): null {
  if (isHoldfastError(error) && error.code === 'HOLDFAST_ENVELOPE' && error.status === 401) return null;
  throw error;
}
