import type { cookies } from 'next/headers.js';
import type { CookieSink } from '../../http/cookie/cookie-sink.ts';
import type { CookieChange } from '../../http/cookie/session-cookie.ts';

/** The result of `cookies()`: one object for a request and its phase (component, server action, route handler). */
export type CookieJar = Awaited<ReturnType<typeof cookies>>;

/** Whether cookies can only be read, as in a component: there every method that would change one is the same function, which throws. */
export function isSealed(jar: CookieJar): boolean {
  return Reflect.get(jar, 'set') === Reflect.get(jar, 'delete');
}

export function putInto(jar: CookieJar, { name, value, attributes }: CookieChange): void {
  const { maxAge, ...always } = attributes;
  jar.set(name, value, maxAge === undefined ? always : { ...always, maxAge });
}

/** Gives a server action's cookies to Next as they are set. */
export class JarSink implements CookieSink {
  readonly #jar: CookieJar;
  #hasEnded = false;

  constructor(jar: CookieJar) {
    this.#jar = jar;
  }

  get isOpen(): boolean {
    return !this.#hasEnded && !isSealed(this.#jar);
  }

  set(change: CookieChange): void {
    try {
      putInto(this.#jar, change);
    } catch {
      // The page that follows the action is being rendered.
      this.#hasEnded = true;
    }
  }

  /** The response has been sent. */
  end(): void {
    this.#hasEnded = true;
  }

  /** Next itself keeps what it renders for one request out of shared caches. */
  markPrivate(): void {}
}
