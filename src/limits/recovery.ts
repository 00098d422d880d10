/**
 * The sessions whose last activity the durable tier does not have yet, within a second or while it is unavailable: 300
 * bytes each.
 */
export const PENDING_TOUCHES_MAX = 100_000;
/**
 * The INSERTs of named sessions whose answer was lost within the last three timeouts. At some thousand writes a second,
 * more are an outage.
 */
export const INSERTS_IN_DOUBT_MAX = 10_000;
/** The revocations that wait for the durable tier: 15 minutes of 100 logouts a second, about 40 MB. */
export const PENDING_REVOCATIONS_MAX = 100_000;
/**
 * The pending revocations of unknown ids within the life of their tombstones. Anyone can make up ids; this bounds what
 * Redis keeps of them.
 */
export const PENDING_REVOCATIONS_UNKNOWN_MAX = 1_000;
/** The interval at which due revocations are looked for. */
export const PENDING_REVOCATION_RETRY_MS = 500;
/**
 * The time for which `close` still begins attempts after no write of before can commit any more: a look that is due then
 * is made in the next round.
 */
export const PENDING_REVOCATION_CLOSE_GRACE_MS: number = 2 * PENDING_REVOCATION_RETRY_MS;
/**
 * The pauses after a revocation that failed. A row may be locked for long, and its revocation should follow soon after.
 */
export const PENDING_REVOCATION_BACKOFF = { firstMs: 500, longestMs: 8_000, floor: 0.5 } as const;
/**
 * The revocations that are tried at once: one that waits for a lock holds up no other, and requests find room beside
 * them.
 */
export const PENDING_REVOCATIONS_AT_ONCE = 16;
/** The life of a tombstone whose row could not be read; the session's own deadline is in that row. */
export const PENDING_TOMBSTONE_TTL_MS: number = 24 * 60 * 60_000;
/**
 * The life of a tombstone for an unknown id, and the time for which it takes room: as long as Redis serves alone by
 * default.
 */
export const PENDING_UNKNOWN_TOMBSTONE_TTL_MS: number = 15 * 60_000;
