/** One promise of a contract, to be registered with any test runner. */
export interface ContractCase<Subject> {
  /** A sentence about behaviour that no other case of the contract has. */
  readonly name: string;
  /** Rejects with an `AssertionError` if the subject breaks the promise. */
  readonly run: (subject: Subject) => Promise<void>;
}
