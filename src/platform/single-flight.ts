import { TransientMap } from './transient.ts';

/** A read that is called with what to call as it is sent. */
export type Read<T> = (onSend: () => void) => Promise<T>;

interface Flight<T> {
  readonly running: Promise<T>;
  readonly progress: { isSent: boolean };
  waiting: Promise<T> | undefined;
}

/**
 * One read under way and at most one waiting, per key. A caller may share a read only if it was not yet sent when the
 * caller arrived: joining one that is under way could return what was true before the caller's own last write. One that
 * still waits for room is not under way, so a crowd before a slow tier asks once for each key.
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
