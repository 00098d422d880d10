import type { CookieChange } from './session-cookie.ts';

/** Where a response takes its cookie from. */
export interface CookieSink {
  /** Whether a cookie that is set now still reaches the browser. */
  readonly isOpen: boolean;
  /** The last one that is set counts. */
  set(change: CookieChange): void;
}

/** Keeps the cookie until the response's headers are sent. */
export class ResponseHead implements CookieSink {
  #change: CookieChange | undefined;
  #isOpen = true;

  get isOpen(): boolean {
    return this.#isOpen;
  }

  set(change: CookieChange): void {
    this.#change = change;
  }

  /** Closes it. What the headers have to carry, the first time; undefined if nothing, and ever after. */
  leave(): CookieChange | undefined {
    const change = this.#isOpen ? this.#change : undefined;
    this.#isOpen = false;
    return change;
  }
}
