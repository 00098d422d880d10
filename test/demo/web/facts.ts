import { subscribe, unsubscribe } from 'node:diagnostics_channel';

const CHANNELS = [
  'holdfast:tier-change',
  'holdfast:audit',
  'holdfast:envelope-rejected',
  'holdfast:keys',
  'holdfast:background-failure',
  'holdfast:revocation-lost',
] as const;

/** A message that the library published (docs/reference/events.md), and when. */
export interface Fact {
  readonly at: number;
  readonly channel: string;
  readonly message: Readonly<Record<string, unknown>>;
}

const KEPT = 200;

/** Keeps the latest messages of the library, and waits for those to come. */
export class Facts implements Disposable {
  readonly #kept: Fact[] = [];
  readonly #listeners = new Set<(fact: Fact) => void>();
  readonly #subscriber = (message: unknown, channel: string | symbol): void => {
    const fact = { at: Date.now(), channel: String(channel), message: message as Fact['message'] };
    this.#kept.push(fact);
    if (this.#kept.length > KEPT) this.#kept.shift();
    for (const listener of this.#listeners) listener(fact);
  };

  constructor() {
    for (const channel of CHANNELS) subscribe(channel, this.#subscriber);
  }

  on(listener: (fact: Fact) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  since(time: number): Fact[] {
    return this.#kept.filter(({ at }) => at >= time);
  }

  [Symbol.dispose](): void {
    for (const channel of CHANNELS) unsubscribe(channel, this.#subscriber);
  }
}
