/** A healthy Redis answers in under 1 ms. After this long a command counts as failed and the breaker opens. */
export const PRIMARY_TIMEOUT_MS_DEFAULT = 250;
export const PRIMARY_TIMEOUT_MS_MIN = 10;
/** With `DURABLE_TIMEOUT_MS_MAX`, keeps a hold alive longer than the operation that placed it. */
export const PRIMARY_TIMEOUT_MS_MAX = 1_000;
/**
 * A link of 10 Mbit/s takes 100 ms for so much, less than the default time-out, so a smaller value that is late tells of the server and not of
 * the link. Less: after an outage, more sessions are left out of Redis for a while.
 */
export const LARGE_VALUE_BYTES_MIN: number = 128 * 1024;
/** After so long, a value that was too large for the link is offered again: it may take Redis out of use for half a second. */
export const LARGE_VALUE_RETRY_MS: number = 5 * 60_000;
/** TCP and TLS handshake; a frozen server accepts the connection and then says nothing. */
export const PRIMARY_CONNECT_TIMEOUT_MS = 500;
/** Functions that give credentials and certificates: a secret store that answers at all answers by then. */
export const ACCESS_TIMEOUT_MS = 10_000;
/** Silence on a connection after a command on it was given up, or after its handshake began; then another is made. */
export const PRIMARY_SILENCE_MS = 600;
/**
 * Sessions that share an MGET. It takes the server 20 µs where they have 1 KiB and 1 ms where they have 64, and nobody has an answer
 * before all of it is there.
 */
export const SHARED_READ_KEYS_MAX = 128;
/** What such an answer may weigh, by the average of the last one: a few milliseconds of a network of 1 Gbit/s. */
export const SHARED_READ_BYTES_MAX: number = 512 * 1024;
/** Sessions that one call of a script changes: for 0.3 ms the server does nothing else. More of them gain nothing. */
export const SHARED_SCRIPT_KEYS_MAX = 64;
/** What one call of a script carries: 64 of the usual 1–4 KiB. One that is larger goes alone. */
export const SHARED_SCRIPT_BYTES_MAX: number = 256 * 1024;
/** A value may be served this long after the durable tier last confirmed it; every unforeseen staleness ends here. */
export const REVALIDATE_AFTER_MS_DEFAULT = 60_000;
export const REVALIDATE_AFTER_MS_MIN = 1_000;
export const REVALIDATE_AFTER_MS_MAX: number = 10 * 60_000;
/** Longer than any read of the durable tier may take; a reader that stalls longer loses its lease and fills nothing. */
export const LEASE_TTL_MS = 10_000;
/** Longer than a destroy may take: two primary commands, and a statement and its repeat with their waits for room, all at their longest. */
export const HOLD_TTL_MS = 30_000;
/** Pauses between two probes of a tier that is down: Redis is used again within a second of its return. Several probes in a row must span some time. */
export const PROBE_BACKOFF = { firstMs: 50, longestMs: 500, floor: 0.5 } as const;
/** Pauses before a lost connection is made anew. A fleet must not come back as one, so any pause below is as likely. */
export const RECONNECT_BACKOFF = { firstMs: 50, longestMs: 500 } as const;
/** After wrong credentials or certificates: retrying faster only fills the server's log. */
export const MISCONFIGURED_BACKOFF_MS = 30_000;
/** A healthy Redis answers in under 1 ms; after this long the database is asked as well. */
export const HEDGE_AFTER_MS = 50;
/** … or after so many round trips of a slow Redis, if that is longer: else every read would be hedged. */
export const HEDGE_ROUND_TRIPS = 2;
/** Share of reads that may be hedged; more of them wait for Redis, or it has gone silent and the breaker opens. */
export const HEDGE_SHARE: number = 0.05;
/** Hedges that may be spent at once after a quiet time. */
export const HEDGE_BURST = 20;
/** The round trip is the quickest answer of this time … */
export const ROUND_TRIP_WINDOW_MS = 500;
/** … and of so many commands: the server's pauses (a fork, a long script) must not look like a long way to it. */
export const ROUND_TRIP_SAMPLES_MIN = 8;
/** A longer round trip is reported as `slow`: reads take longer than the database would. */
export const SLOW_ABOVE_MS = 50;
/** … until it is shorter than this, so that one of 50 ms does not change its state all the time. */
export const SLOW_UNTIL_MS: number = 0.8 * SLOW_ABOVE_MS;
/** How often a slow tier is asked how slow it is, whether anybody else asks it or not. */
export const SLOW_LOOK_MS = 1_000;
/** Probes in a row that a tier which was given up for being late has to answer in time. One may be luck; more keep a node from it for longer. */
export const PROBES_IN_TIME = 3;
