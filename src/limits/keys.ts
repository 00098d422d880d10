/** The bytes of AES-256 and HMAC-SHA-256 keys, and of a ring's key-encryption key (RFC 7518 §4.4). */
export const KEY_BYTES = 32;
/**
 * The fewest different bytes in a key. Of 32 random bytes, one key in 10¹⁰ has fewer; fewer mean a constant, a pattern
 * or hexadecimal text, which the thumbprint that names the key (RFC 7638 §7) lets an attacker guess.
 */
export const KEY_DISTINCT_BYTES_MIN = 16;
/** The part of a key's thumbprint that an envelope carries. Two keys of one ring that share it are refused. */
export const KEY_ID_BYTES = 8;
/** The ring of a service that rotates daily and removes no key for ten months. More keys only slow the start. */
export const RING_KEYS_MAX = 300;
/**
 * The revoked keys that a ring remembers after they were removed, 46 bytes each: twenty years of one leak a week. None
 * is forgotten, since a session that one of them sealed may have been sealed anew ever since.
 */
export const RING_REVOKED_KIDS_MAX = 1_000;
/**
 * The file is read before anything about it is known, so it is bounded. 300 keys and 1 000 key ids need about 190 KiB.
 */
export const RING_FILE_BYTES_MAX: number = 512 * 1024;
/** The oldest key that an alarm may allow: ten years. */
export const KEY_AGE_MS_MAX: number = 3_660 * 24 * 60 * 60_000;
/** The time in which a change of a ring file waits for another one. Both are short, unless one waits for a fleet. */
export const RING_LOCK_WAIT_MS_DEFAULT = 5_000;
/** The longest such wait: a change that waits until every node of a fleet has restarted. */
export const RING_LOCK_WAIT_MS_MAX: number = 60 * 60_000;
/** The longest pause between two attempts to take the lock of a ring file; the pause is drawn below it. */
export const RING_LOCK_RETRY_MS = 50;
/** An older lock belongs to a crashed process, or to a person who should be asked. It is reported at once. */
export const RING_LOCK_STALE_MS: number = 2 * 60 * 60_000;
/** A shorter passphrase can be guessed from a stolen ring file in spite of 600 000 iterations. */
export const PASSPHRASE_CHARS_MIN = 16;
/** Takes about 0.3 s at each start, and for every guess: three times what OWASP asks of PBKDF2-HMAC-SHA512. */
export const RING_PBKDF2_ITERATIONS = 600_000;
/** The OWASP minimum for PBKDF2-HMAC-SHA512 (ASVS 5.0, appendix C). A ring sealed with fewer is not opened. */
export const RING_PBKDF2_ITERATIONS_MIN = 210_000;
/** The count is read from the file before it is authenticated: without a bound, a file could block the process. */
export const RING_PBKDF2_ITERATIONS_MAX = 1_000_000;
/** The iterations of all recipients of a ring: about 1.5 s of a processor at a start with a wrong passphrase. */
export const RING_PBKDF2_ITERATIONS_SUM_MAX = 3_000_000;
/** The passphrases that these iterations allow. */
export const RING_PASSPHRASES_MAX: number = RING_PBKDF2_ITERATIONS_SUM_MAX / RING_PBKDF2_ITERATIONS;
/**
 * A key service or two, an old and a new key-encryption key, some passphrases. Each costs a derivation of 0.3 s or a
 * call when the ring is sealed.
 */
export const RING_RECIPIENTS_MAX = 10;
/** Fits the longest key names of the key services twice (a Google Cloud resource name, an AWS alias ARN). */
export const WRAPPER_ID_CHARS_MAX = 512;
/** AWS KMS answers with at most 6 144 bytes, other services with less. */
export const WRAPPED_KEY_BYTES_MAX: number = 8 * 1024;
