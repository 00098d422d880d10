/** The word of others on whether a server that is connected and answers counts. Whoever changes it calls `standingChanged` of the shard's guard. */
export interface Standing {
  /** True if commands may be sent to the server that the shard is connected to now. */
  readonly counts: boolean;
  /** True if that was found out so lately that a write which the server has just answered may be acknowledged. */
  readonly countsLately: boolean;
}

/** Every server that is connected and answers counts. */
export const ALWAYS: Standing = { counts: true, countsLately: true };
