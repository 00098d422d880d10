import { cookies } from 'next/headers.js';
import { ResponseStartedError } from '../../errors.ts';
import type { CookieSink } from '../../http/cookie/cookie-sink.ts';
import type { CookieChange } from '../../http/cookie/session-cookie.ts';

/** The result of `cookies()`: one object for a request and its phase (component, server action, route handler). */
export type CookieJar = Awaited<ReturnType<typeof cookies>>;

/**
 * True if cookies can only be read, as in a component: there every method that would change one is the same function,
 * which throws.
 */
export function isSealed(jar: CookieJar): boolean {
  return Reflect.get(jar, 'set') === Reflect.get(jar, 'delete');
}

export function putInto(jar: CookieJar, { name, value, attributes }: CookieChange): void {
  const { maxAge, ...always } = attributes;
  jar.set(name, value, maxAge === undefined ? always : { ...always, maxAge });
}

/**
 * Gives a server action's cookies to Next as they are set. A component only reads: it also runs for pages that nobody opens, because Next
 * prefetches what a link points to.
 */
export class JarSink implements CookieSink {
  readonly #jar: CookieJar;
  #hasEnded = false;

  constructor(jar: CookieJar) {
    this.#jar = jar;
  }

  get isOpen(): boolean {
    return !this.#hasEnded && !isSealed(this.#jar);
  }

  /** The session of an action may be in use after the action has ended: then `cookies()` is another object. */
  async requireWritable(call: string): Promise<void> {
    const jar = await cookies();
    if (jar === this.#jar && !isSealed(jar)) return;
    throw new ResponseStartedError(
      call,
      'a component only reads the session, and an action writes before it ends; write in a server action or in session.route()',
    );
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
