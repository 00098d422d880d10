import { TransientMap } from './transient.ts';

/** A read. It calls `onSend` when it is sent. */
export type Read<T> = (onSend: () => void) => Promise<T>;

interface Flight<T> {
  readonly running: Promise<T>;
  readonly progress: { isSent: boolean };
  waiting: Promise<T> | undefined;
}

/**
 * Runs at most one read and one waiting read per key. A caller shares a read only if it was not sent before the call: a
 * read under way could return what was true before the caller's own last write. A read that waits for room is not sent
 * yet, so many callers before a slow tier cost one read per key.
 */
export class SingleFlight<T> {
  readonly #flights = new TransientMap<string, Flight<T>>();

  run(key: string, read: Read<T>): Promise<T> {
    const flight = this.#flights.get(key);
    if (flight === undefined) return this.#launch(key, read);
    if (!flight.progress.isSent) return flight.running;
    flight.waiting ??= flight.running.then(
      () => this.#launch(key, read),
      () => this.#launch(key, read),
    );
    return flight.waiting;
  }

  #launch(key: string, read: Read<T>): Promise<T> {
    const progress = { isSent: false };
    const running = read(() => (progress.isSent = true));
    const flight: Flight<T> = { running, progress, waiting: undefined };
    this.#flights.set(key, flight);
    const land = (): void => {
      if (this.#flights.get(key) === flight && flight.waiting === undefined) this.#flights.delete(key);
    };
    running.then(land, land);
    return running;
  }
}
