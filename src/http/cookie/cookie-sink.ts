import { setCookieLine, type CookieChange } from './session-cookie.ts';

/** Takes what a session puts into the headers of its response. */
export interface CookieSink {
  /** True if a cookie that is set now still reaches the browser. */
  readonly isOpen: boolean;
  /**
   * Rejects a call where the session may only be read, whether or not the call would set a cookie. It runs in the asynchronous context
   * of the caller. @defaultValue every call may write
   */
  requireWritable?(call: string): Promise<void>;
  /** Adds a cookie; it replaces one of the same name that was set before. */
  set(change: CookieChange): void;
  /** Notes that the request has a session: its response may show what belongs to one browser only. */
  markPrivate(): void;
}

/** The cookies and flags that the headers of a response carry. */
export interface HeadChange {
  readonly cookies: readonly CookieChange[];
}

/** Keeps the changes of the headers until they are sent. */
export class ResponseHead implements CookieSink {
  readonly #cookies: CookieChange[] = [];
  #isPrivate = false;
  #isOpen = true;

  get isOpen(): boolean {
    return this.#isOpen;
  }

  set(change: CookieChange): void {
    const at = this.#cookies.findIndex(({ name }) => name === change.name);
    if (at === -1) this.#cookies.push(change);
    else this.#cookies[at] = change;
  }

  markPrivate(): void {
    this.#isPrivate = true;
  }

  /** True if the headers have nothing to carry. */
  get isEmpty(): boolean {
    return !this.#isPrivate && this.#cookies.length === 0;
  }

  /**
   * Closes the head, since the headers are sent now. Returns the changes, if any; undefined from the second call on.
   */
  leave(): HeadChange | undefined {
    const change = this.#isOpen && !this.isEmpty ? { cookies: this.#cookies } : undefined;
    this.#isOpen = false;
    return change;
  }
}

/** The headers of a response, such as the web's `Headers`. */
export interface HeaderTarget {
  has(name: string): boolean;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
}

/**
 * Puts the cookies onto the headers. A response that sets one must not be stored, whatever the application says of it. One that shows a
 * session is kept out of shared caches, unless the application says otherwise: RFC 9111 §4.2.2 lets them guess.
 */
export function carry({ cookies }: HeadChange, headers: HeaderTarget): void {
  for (const cookie of cookies) headers.append('Set-Cookie', setCookieLine(cookie));
  if (cookies.length > 0) headers.set('Cache-Control', 'no-store');
  else if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'private');
}
