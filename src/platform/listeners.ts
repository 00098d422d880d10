/** Functions that run whenever something happens. */
export class Listeners {
  readonly #listeners: (() => void)[] = [];

  add(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Runs them in the order in which they were added. */
  notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
