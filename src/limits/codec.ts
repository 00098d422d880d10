import { PAYLOAD_BYTES_MAX } from './session.ts';

/** The initialization vector that NIST SP 800-38D recommends for AES-GCM (§5.2.1.1): 96 bits. */
export const GCM_IV_BYTES = 12;
/**
 * The AES-GCM authentication tag at the end of an envelope, and of a sealed key ring. Two envelopes share one with a
 * probability of 2^-128.
 */
export const ENVELOPE_TAG_BYTES = 16;
/**
 * The count of messages that warns: half of what suite 1 allows leaves time to promote another key, at any rate of
 * writes.
 */
export const A256GCM_MESSAGES_WARN: number = 2 ** 31;
/** NIST SP 800-38D §8.3: messages under one key with random 96-bit nonces. Suite 2 has no such limit in practice. */
export const A256GCM_MESSAGES_MAX: number = 2 ** 32;
/**
 * The application's data and the record around it. An envelope that claims to be longer is refused before a key is
 * used.
 */
export const PLAINTEXT_BYTES_MAX: number = PAYLOAD_BYTES_MAX + 2 * 1024;
/**
 * The memory of about 7 000 sessions of 0.8 KB. More helps applications that read more sessions again within
 * `MEMO_LIFETIME_MS`, and costs heap.
 */
export const MEMO_BYTES_DEFAULT: number = 32 * 1024 * 1024;
/** A few dozen sessions. With less, the memo saves less than its comparisons cost. */
export const MEMO_BYTES_MIN: number = 64 * 1024;
/** The most that pays: with more, garbage collection costs more than opening envelopes. */
export const MEMO_BYTES_MAX: number = 1024 * 1024 * 1024;
/**
 * An envelope is opened anew at least this often: as often as a session in use is touched. A longer time keeps
 * plaintext in memory for longer.
 */
export const MEMO_LIFETIME_MS = 30_000;
/** The shortest interval at which the memo drops old entries: an unused one may stay this much longer. */
export const MEMO_LOOK_MS_MIN = 1_000;
/** The heap of Node 24 that one entry takes beside the envelope and its data, rounded up. */
export const MEMO_ENTRY_OVERHEAD_BYTES = 896;
/**
 * The distinct sets of property names that the estimate of parsed data remembers. With more, each object counts as
 * unique.
 */
export const KEY_SETS_MAX = 1_000;
/** A longer set of property names counts as new each time. With `KEY_SETS_MAX`, bounds the memory to 1 MB. */
export const KEY_SET_CHARS_MAX = 1_000;
