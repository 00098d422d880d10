/** AES-256 and HMAC-SHA-256 keys alike; also the key-encryption key of a ring (RFC 7518 §4.4). */
export const KEY_BYTES = 32;
/**
 * Fewer different bytes in 32 random ones happen once in 10¹⁰ keys, so less means a constant, a pattern or hexadecimal
 * text: guessable from the thumbprint that names the key (RFC 7638 §7).
 */
export const KEY_DISTINCT_BYTES_MIN = 16;
/** How much of a key's thumbprint an envelope carries. Two keys of one ring that share it are refused. */
export const KEY_ID_BYTES = 8;
/** A ring of a service that rotates daily and never cleans up for ten months; more only slows the start. */
export const RING_KEYS_MAX = 300;
/**
 * Revoked keys that a ring remembers after they were removed, 46 bytes each. None is ever forgotten: a session that one of them
 * sealed once may have been sealed anew ever since. Twenty years of one leak a week.
 */
export const RING_REVOKED_KIDS_MAX = 1_000;
/** Read before anything about the file is known, so it is bounded. 300 keys and 1 000 kids need about 190 KiB. */
export const RING_FILE_BYTES_MAX: number = 512 * 1024;
/** The oldest key that an alarm may allow: ten years, after which no alarm is meant. */
export const KEY_AGE_MS_MAX: number = 3_660 * 24 * 60 * 60_000;
/** How long a change of a ring file waits for another to end: both are short, unless one waits for a fleet. */
export const RING_LOCK_WAIT_MS_DEFAULT = 5_000;
/** A change that waits for every node of a fleet to be restarted; longer than that is somebody who forgot it. */
export const RING_LOCK_WAIT_MS_MAX: number = 60 * 60_000;
/** How often the lock of a ring file is tried; the real pause is drawn at random below it. */
export const RING_LOCK_RETRY_MS = 50;
/** A lock that is older belongs to a process that died, or to a person who should be asked: it is reported at once, not waited for. */
export const RING_LOCK_STALE_MS: number = 2 * 60 * 60_000;
/** Below it, even 600 000 iterations do not keep a stolen ring file from being guessed. */
export const PASSPHRASE_CHARS_MIN = 16;
/** About 0.3 s, once at each start, and as much for every guess. Three times what OWASP asks of PBKDF2-HMAC-SHA512. */
export const RING_PBKDF2_ITERATIONS = 600_000;
/** The OWASP floor for PBKDF2-HMAC-SHA512 (ASVS 5.0, appendix C). A ring sealed with less is not opened. */
export const RING_PBKDF2_ITERATIONS_MIN = 210_000;
/** The count is read from the file before it is authenticated: without a ceiling, a file could stall the process. */
export const RING_PBKDF2_ITERATIONS_MAX = 1_000_000;
/** All recipients of a ring together: about 1.5 s of a processor at a start with a wrong passphrase. */
export const RING_PBKDF2_ITERATIONS_SUM_MAX = 3_000_000;
/** As many as these iterations allow. */
export const RING_PASSPHRASES_MAX: number = RING_PBKDF2_ITERATIONS_SUM_MAX / RING_PBKDF2_ITERATIONS;
/** A key service or two, an old and a new kek, some people's passphrases. Each costs a derivation of 0.3 s or a call when the ring is sealed. */
export const RING_RECIPIENTS_MAX = 10;
/** The longest names of keys that key services give (a Google Cloud resource name, an AWS alias ARN) fit twice. */
export const WRAPPER_ID_CHARS_MAX = 512;
/** AWS KMS answers with at most 6 144 bytes; other services with less. */
export const WRAPPED_KEY_BYTES_MAX: number = 8 * 1024;
