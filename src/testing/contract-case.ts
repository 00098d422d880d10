/** A promise of a contract, to be registered with any test runner. */
export interface ContractCase<Subject> {
  /** A sentence about behaviour that no other case of the contract has. */
  readonly name: string;
  /** Rejects with an `AssertionError` if the subject breaks the promise. */
  readonly run: (subject: Subject) => Promise<void>;
}

/** Makes one check, with its sentence, of each item. */
export function each<Item, Check>(
  items: readonly Item[],
  make: (item: Item) => readonly [sentence: string, check: Check],
): Record<string, Check> {
  return Object.fromEntries(items.map((item) => make(item)));
}
