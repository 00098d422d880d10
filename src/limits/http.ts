/** 32 bytes as base64url. */
export const SESSION_ID_CHARS = 43;
/** The session id, a dot, and an HMAC-SHA-256 as base64url. */
export const COOKIE_VALUE_CHARS: number = SESSION_ID_CHARS + 1 + 43;
/**
 * The cookies of one name and the right shape that are checked in one header. Browsers send at most two with `__Host-`
 * (one of them partitioned). Each costs 5 µs per index key, and a header of 16 KiB has room for 160.
 */
export const COOKIES_TRIED_MAX = 4;
/** The idle limit of NIST SP 800-63B at AAL3: enough for an errand, too short for an unattended browser. */
export const FRESH_LOGIN_MS_DEFAULT: number = 15 * 60_000;
/**
 * The `Retry-After` of an outage; most are a failover. A larger value keeps users waiting, a smaller one has them
 * reload together.
 */
export const RETRY_AFTER_MS_DEFAULT = 2_000;
/** A longer one would keep users away long after the outage. */
export const RETRY_AFTER_MS_MAX: number = 60 * 60_000;
/** A login lists the user's sessions in order to end the oldest ones beyond this. */
export const SESSIONS_PER_USER_MAX = 1_000;
/** An old session id, its signature and percent signs. The keys of old stores are shorter. */
export const IMPORT_COOKIE_CHARS_MAX = 1_024;
/** The secrets of old cookies. Each is one more HMAC for a made-up cookie. */
export const IMPORT_SECRETS_MAX = 10;
/** The timeout of the old store. Some of its clients wait for their server without end; a request must not. */
export const IMPORT_STORE_TIMEOUT_MS = 2_000;
/** The pause after a failed deletion in the old store, for deletions that can wait. */
export const IMPORT_RETRY_MS = 1_000;
/**
 * The entries of the old store that a process remembers to have deleted: 1 MB. A forgotten one is deleted again, which
 * costs a round trip.
 */
export const IMPORT_SIDS_REMEMBERED = 10_000;
/**
 * The most that the clocks of two nodes may differ: until this long after `since`, no node deletes an entry that
 * another still asks for.
 */
export const IMPORT_CLOCK_MARGIN_MS = 60_000;
/**
 * The longest `cookie.maxAge` at which each use of a session is stored, so that it ends when its cookie does; a longer
 * session may end a touch interval early. A larger value costs every page view of such sessions a write.
 */
export const STORE_EXACT_MAX_AGE_MS = 60_000;
/** The shortest interval of those writes: twenty a second at most. */
export const STORE_EXACT_STEP_MS = 50;
/** The `cookie.maxAge` below which even that interval would be felt, and each use is stored. */
export const STORE_EVERY_USE_MAX_AGE_MS = 1_000;
/**
 * `cookie.expires = …` in each request gives a `maxAge` that differs by the duration of the request. A difference this
 * small is not worth a write.
 */
export const STORE_MAX_AGE_TOLERANCE_MS = 10;
