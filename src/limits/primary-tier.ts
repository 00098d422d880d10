/** A healthy Redis answers in under 1 ms. After this long a command counts as failed and the breaker opens. */
export const PRIMARY_TIMEOUT_MS_DEFAULT = 250;
/** A shorter one takes a busy network for an outage. */
export const PRIMARY_TIMEOUT_MS_MIN = 10;
/** Keeps, with `DURABLE_TIMEOUT_MS_MAX`, a hold alive for longer than the operation that placed it. */
export const PRIMARY_TIMEOUT_MS_MAX = 1_000;
/**
 * A link of 10 Mbit/s takes 100 ms for this much, less than the default timeout; so if a smaller value is late, the
 * server is the cause. A smaller bound leaves more sessions out of Redis after an outage.
 */
export const LARGE_VALUE_BYTES_MIN: number = 128 * 1024;
/**
 * A value that was too large for the link is offered again after this long: it may take Redis out of use for half a
 * second.
 */
export const LARGE_VALUE_RETRY_MS: number = 5 * 60_000;
/** The TCP and TLS handshake. A frozen server accepts the connection and then sends nothing. */
export const PRIMARY_CONNECT_TIMEOUT_MS = 500;
/**
 * The timeout of functions that return credentials and certificates. A secret store that answers at all answers within
 * it.
 */
export const ACCESS_TIMEOUT_MS = 10_000;
/** The silence on a connection, after a command timed out or the handshake began, after which it is replaced. */
export const PRIMARY_SILENCE_MS = 600;
/**
 * The sessions that share an MGET. It takes the server 20 µs for sessions of 1 KiB and 1 ms for sessions of 64 KiB, and
 * no caller has an answer before all of it has arrived.
 */
export const SHARED_READ_KEYS_MAX = 128;
/**
 * The size of such an answer, estimated from the average of the last one: a few milliseconds on a network of 1 Gbit/s.
 */
export const SHARED_READ_BYTES_MAX: number = 512 * 1024;
/** The sessions that one script call changes: it blocks the server for 0.3 ms. More gain nothing. */
export const SHARED_SCRIPT_KEYS_MAX = 64;
/** The bytes that one script call carries: 64 sessions of the usual 1–4 KiB. A larger one is sent alone. */
export const SHARED_SCRIPT_BYTES_MAX: number = 256 * 1024;
/** A value may be served this long after the durable tier last confirmed it. This ends every unforeseen staleness. */
export const REVALIDATE_AFTER_MS_DEFAULT = 60_000;
/** A shorter one asks the database about as often as if there were no Redis. */
export const REVALIDATE_AFTER_MS_MIN = 1_000;
/** A Redis that silently went back in time misleads for this long at most. */
export const REVALIDATE_AFTER_MS_MAX: number = 10 * 60_000;
/**
 * The life of a fill lease: longer than any read of the durable tier may take. A reader that takes longer fills
 * nothing.
 */
export const LEASE_TTL_MS = 10_000;
/**
 * The life of a hold: longer than a destroy may take with two primary commands, and a statement and its repeat with
 * their waits.
 */
export const HOLD_TTL_MS = 30_000;
/**
 * The pauses between two probes of a tier that is down: Redis is used again within a second of its return. The floor
 * keeps probes in a row apart.
 */
export const PROBE_BACKOFF = { firstMs: 50, longestMs: 500, floor: 0.5 } as const;
/** The pauses before a lost connection is made anew, drawn from zero up, so that a fleet does not reconnect at once. */
export const RECONNECT_BACKOFF = { firstMs: 50, longestMs: 500 } as const;
/**
 * The pauses after wrong credentials or certificates: short at first, since a server in a restart or a stranger on its port may look like a
 * mistake once. A shorter longest one only fills the server's log.
 */
export const MISCONFIGURED_BACKOFF = { firstMs: 500, longestMs: 30_000, floor: 0.5 } as const;
/** A healthy Redis answers in under 1 ms; after this long the read asks the database as well. */
export const HEDGE_AFTER_MS = 50;
/**
 * A slow Redis gets this many of its round trips instead, if they take longer: otherwise every read would be hedged.
 */
export const HEDGE_ROUND_TRIPS = 2;
/** The share of reads that may be hedged. Further ones wait for Redis, or the breaker opens because it is silent. */
export const HEDGE_SHARE: number = 0.05;
/** The hedges that may be made at once after a quiet time. */
export const HEDGE_BURST = 20;
/** The time in which the fastest answer counts as the round trip. */
export const ROUND_TRIP_WINDOW_MS = 500;
/**
 * The commands among which it is the fastest: a pause of the server (a fork, a long script) must not count as distance.
 */
export const ROUND_TRIP_SAMPLES_MIN = 8;
/** A longer round trip is reported as `slow`: reads take longer than from the database. */
export const SLOW_ABOVE_MS = 50;
/** The state ends below this, so that a round trip of 50 ms does not change it all the time. */
export const SLOW_UNTIL_MS: number = 0.8 * SLOW_ABOVE_MS;
/** The interval at which a slow tier's round trip is measured, with or without other commands. */
export const SLOW_LOOK_MS = 1_000;
/**
 * The probes in a row that a tier which was late has to answer in time. One may be luck; more keep it unused for
 * longer.
 */
export const PROBES_IN_TIME = 3;
/** The time for one look of `holdfast doctor` at a server: a handshake or two and some dozen commands, over a distance too. */
export const DIAGNOSIS_TIMEOUT_MS = 5_000;
