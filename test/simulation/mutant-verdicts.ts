/** What was seen of a mutation that was played. */
export interface Verdict {
  readonly name: string;
  /** The promise that it broke; undefined if it kept them all. */
  readonly found?: string | undefined;
  /** What the same seed shows without the mistake. */
  readonly withoutMistake?: string | undefined;
  /** Why it could not be played. */
  readonly failed?: string;
}
