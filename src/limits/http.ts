/** 32 bytes as base64url. */
export const SESSION_ID_CHARS = 43;
/** Session id, a dot, HMAC-SHA-256 as base64url. */
export const COOKIE_VALUE_CHARS: number = SESSION_ID_CHARS + 1 + 43;
/**
 * Cookies of one name and the right shape that are checked of one header. Browsers send two at most with `__Host-` (one of them
 * partitioned); each costs 5 µs for every index key, and a header of 16 KiB has room for 160.
 */
export const COOKIES_TRIED_MAX = 4;
/** Long enough for an errand, too short for an unattended browser; NIST's idle limit at AAL3. */
export const FRESH_LOGIN_MS_DEFAULT: number = 15 * 60_000;
/** Most outages are a fail-over. A larger value keeps users waiting, a smaller one has them press reload together. */
export const RETRY_AFTER_MS_DEFAULT = 2_000;
export const RETRY_AFTER_MS_MAX: number = 60 * 60_000;
/** A login lists the user's sessions to end those that are too many. */
export const SESSIONS_PER_USER_MAX = 1_000;
/** An old session id, its signature and percent signs; stores' keys are shorter. */
export const IMPORT_COOKIE_CHARS_MAX = 1_024;
/** Each is one more HMAC for a made-up cookie. */
export const IMPORT_SECRETS_MAX = 10;
/** Some clients of old stores wait for their server without an end; a request must not. */
export const IMPORT_STORE_TIMEOUT_MS = 2_000;
/** After a deletion that failed, so long nobody tries one that can wait. */
export const IMPORT_RETRY_MS = 1_000;
/** Entries of which a process remembers that it deleted them: 1 MB. Another is deleted once more, which costs a round trip. */
export const IMPORT_SIDS_REMEMBERED = 10_000;
/** What the clocks of two nodes may differ by: so long after `since`, no node deletes what another still asks for. */
export const IMPORT_CLOCK_MARGIN_MS = 60_000;
/**
 * Up to this `cookie.maxAge` each use of a session is stored, so that it ends when its cookie does; a longer one ends up to a touch interval
 * early. A larger value costs every page view of such sessions a write.
 */
export const STORE_EXACT_MAX_AGE_MS = 60_000;
/** … but not more often than this: twenty writes a second at most. */
export const STORE_EXACT_STEP_MS = 50;
/** Below a second even that would be felt, and each use is stored. */
export const STORE_EVERY_USE_MAX_AGE_MS = 1_000;
/** `cookie.expires = …` in each request gives a `maxAge` that differs by what the request took: not worth a write. */
export const STORE_MAX_AGE_TOLERANCE_MS = 10;
