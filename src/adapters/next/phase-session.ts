import { cookies } from 'next/headers.js';
import type { Change } from '../../client/write/session-writer.ts';
import type { Session } from '../../client/session.ts';
import { ResponseStartedError } from '../../errors.ts';
import type {
  Device,
  LoginOptions,
  RequestGetOptions,
  RequestSession,
  RequestUpdateOptions,
  UserSession,
} from '../../http/request-session.ts';
import type { Duration } from '../../platform/duration.ts';
import { isSealed, type CookieJar } from './cookie-jar.ts';

/**
 * The session of a component, which may only read it, or of a server action. A component must not write because it also runs for pages
 * that nobody opens: Next prefetches what a link points to.
 */
export class PhaseSession<T, Input> implements RequestSession<T, Input> {
  readonly #session: RequestSession<T, Input>;
  readonly #jar: CookieJar;

  constructor(session: RequestSession<T, Input>, jar: CookieJar) {
    this.#session = session;
    this.#jar = jar;
  }

  get(options?: RequestGetOptions): Promise<Session<T> | null> {
    return this.#session.get(options);
  }

  devices(): Promise<Device[]> {
    return this.#session.devices();
  }

  requireUser(): Promise<UserSession<T>> {
    return this.#session.requireUser();
  }

  requireFresh(maxAge?: Duration): Promise<UserSession<T>> {
    return this.#session.requireFresh(maxAge);
  }

  async update(change: Change<T, Input>, options?: RequestUpdateOptions): Promise<Session<T>> {
    await this.#requireAction('update');
    return this.#session.update(change, options);
  }

  async login(userId: string, options?: LoginOptions<Input>): Promise<UserSession<T>> {
    await this.#requireAction('login');
    return this.#session.login(userId, options);
  }

  async logout(): Promise<void> {
    await this.#requireAction('logout');
    return this.#session.logout();
  }

  async logoutEverywhere(options?: { readonly keepThis?: boolean }): Promise<number> {
    await this.#requireAction('logoutEverywhere');
    return this.#session.logoutEverywhere(options);
  }

  async logoutDevice(handle: string): Promise<boolean> {
    await this.#requireAction('logoutDevice');
    return this.#session.logoutDevice(handle);
  }

  /** The session of an action may be in use after the action has ended: then `cookies()` is another object. */
  async #requireAction(call: string): Promise<void> {
    const jar = await cookies();
    if (jar === this.#jar && !isSealed(jar)) return;
    throw new ResponseStartedError(
      call,
      'a component only reads the session, and an action writes before it ends; write in a server action or in session.route()',
    );
  }
}
