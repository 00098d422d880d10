import type { CookieChange } from './session-cookie.ts';

/** Where a response takes its cookies from. */
export interface CookieSink {
  /** Whether a cookie that is set now still reaches the browser. */
  readonly isOpen: boolean;
  /** Of each name the last one that is set counts. */
  set(change: CookieChange): void;
}

/** Keeps the cookies until the response's headers are sent. */
export class ResponseHead implements CookieSink {
  readonly #changes = new Map<string, CookieChange>();
  #isOpen = true;

  get isOpen(): boolean {
    return this.#isOpen;
  }

  set(change: CookieChange): void {
    this.#changes.set(change.name, change);
  }

  /** Closes it. What the headers have to carry, the first time; nothing ever after. */
  leave(): readonly CookieChange[] {
    const changes = this.#isOpen ? [...this.#changes.values()] : [];
    this.#isOpen = false;
    return changes;
  }
}
