interface Flight<T> {
  readonly running: Promise<T>;
  waiting: Promise<T> | undefined;
}

/**
 * One read under way and at most one waiting, per key. A caller may share a read only if it was not yet issued when the
 * caller arrived: joining one that is under way could return what was true before the caller's own last write.
 */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Flight<T>>();

  run(key: string, read: () => Promise<T>): Promise<T> {
    const flight = this.#flights.get(key);
    if (flight === undefined) return this.#launch(key, read);
    flight.waiting ??= flight.running.then(
      () => this.#launch(key, read),
      () => this.#launch(key, read),
    );
    return flight.waiting;
  }

  #launch(key: string, read: () => Promise<T>): Promise<T> {
    const running = read();
    const flight: Flight<T> = { running, waiting: undefined };
    this.#flights.set(key, flight);
    const land = (): void => {
      if (this.#flights.get(key) === flight && flight.waiting === undefined) this.#flights.delete(key);
    };
    running.then(land, land);
    return running;
  }
}
