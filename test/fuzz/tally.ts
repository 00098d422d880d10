/** What became of the mutants: how many ended how, by mutation. */
export class Tally {
  readonly #counts = new Map<string, Map<string, number>>();
  total = 0;

  add(mutation: string, outcome: string): void {
    const row = this.#counts.get(mutation) ?? new Map<string, number>();
    this.#counts.set(mutation, row.set(outcome, (row.get(outcome) ?? 0) + 1));
    this.total += 1;
  }

  get mutations(): string[] {
    return [...this.#counts.keys()].sort();
  }

  get outcomes(): string[] {
    return [...new Set([...this.#counts.values()].flatMap((row) => [...row.keys()]))].sort();
  }

  lines(): string[] {
    return this.mutations.flatMap((mutation) => {
      const row = [...(this.#counts.get(mutation) ?? [])].toSorted(([, a], [, b]) => b - a);
      return [`  ${mutation}`, ...row.map(([outcome, count]) => `${String(count).padStart(10)}  ${outcome}`)];
    });
  }
}

export interface FuzzOptions {
  readonly count: number;
  /** The same seed makes the same mutants of an envelope; what is sealed is random. */
  readonly seed: number;
  readonly onProgress?: (done: number) => void;
}
