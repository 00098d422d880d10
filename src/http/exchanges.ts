import { ConfigurationError } from '../errors.ts';
import type { Exchange } from './exchange.ts';

/** The exchanges that were begun, by the framework's one object per request. */
export class Exchanges<Key extends WeakKey, T, Input = T> {
  readonly #begun = new WeakMap<Key, Exchange<T, Input>>();
  readonly #whyNone: string;

  /** `whyNone` explains to a developer why a request has no exchange. */
  constructor(whyNone: string) {
    this.#whyNone = whyNone;
  }

  begin(key: Key, exchange: Exchange<T, Input>): Exchange<T, Input> {
    this.#begun.set(key, exchange);
    return exchange;
  }

  /** Returns the exchange of a request, if it was begun. */
  begun(key: Key): Exchange<T, Input> | undefined {
    return this.#begun.get(key);
  }

  /**
   * Returns the exchange of a request.
   * @throws {ConfigurationError} none was begun.
   */
  of(key: Key): Exchange<T, Input> {
    const exchange = this.begun(key);
    if (exchange === undefined) throw new ConfigurationError(`session.of: ${this.#whyNone}.`);
    return exchange;
  }
}
