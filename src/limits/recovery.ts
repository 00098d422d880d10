/** Sessions whose activity the durable tier has not been told of, within a second or while it is away: 300 bytes each. */
export const PENDING_TOUCHES_MAX = 100_000;
/** INSERTs of named sessions whose answer was lost within the last three time-outs: at some thousand writes a second, more are an outage. */
export const INSERTS_IN_DOUBT_MAX = 10_000;
/** Revocations that wait for the durable tier: 15 minutes of 100 logouts a second, some 40 MB. */
export const PENDING_REVOCATIONS_MAX = 100_000;
/** Those among them whose sessions nobody knows, in the life of their tombstones: anybody can make up ids, and this bounds what Redis keeps of them. */
export const PENDING_REVOCATIONS_UNKNOWN_MAX = 1_000;
/** The interval at which due revocations are looked for. */
export const PENDING_REVOCATION_RETRY_MS = 500;
/** Pauses after a revocation that failed: a row may be locked for long, and its revocation should follow soon after. */
export const PENDING_REVOCATION_BACKOFF = { firstMs: 500, longestMs: 8_000, floor: 0.5 } as const;
/** Revocations that are tried at once: one that waits for a lock holds up none of the others, and requests find room beside them. */
export const PENDING_REVOCATIONS_AT_ONCE = 16;
/** How long a session stays dead in the primary tier alone. Its real life is written in the row that could not be read. */
export const PENDING_TOMBSTONE_TTL_MS: number = 24 * 60 * 60_000;
/** The same for an id that nobody knows, and how long it takes room from others of its kind: as long as Redis serves alone by default. */
export const PENDING_UNKNOWN_TOMBSTONE_TTL_MS: number = 15 * 60_000;
