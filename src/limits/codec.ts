import { PAYLOAD_BYTES_MAX } from './session.ts';

/** The authenticator at the end of an envelope: no two envelopes have the same, but by a chance of 2^-128. */
export const ENVELOPE_TAG_BYTES = 16;
/** Half of what suite 1 allows: time to promote another key, at any rate of writes. */
export const A256GCM_MESSAGES_WARN: number = 2 ** 31;
/** NIST SP 800-38D §8.3: messages under one key with random 96-bit nonces. Suite 2 has no such limit in practice. */
export const A256GCM_MESSAGES_MAX: number = 2 ** 32;
/** The application's data and the record around it; what claims to be longer is refused before any key is touched. */
export const PLAINTEXT_BYTES_MAX: number = PAYLOAD_BYTES_MAX + 2 * 1024;
/** Some 7 000 sessions of 0.8 KB. More helps those who read more sessions again within `MEMO_LIFETIME_MS`, and costs heap. */
export const MEMO_BYTES_DEFAULT: number = 32 * 1024 * 1024;
/** A few dozen sessions; less is not worth the comparisons. */
export const MEMO_BYTES_MIN: number = 64 * 1024;
/** Beyond it, collecting garbage costs more than opening envelopes. */
export const MEMO_BYTES_MAX: number = 1024 * 1024 * 1024;
/** An envelope is opened anew at least this often: as often as a session in use is touched. Longer, plaintext is referenced for longer. */
export const MEMO_LIFETIME_MS = 30_000;
/** How often the memo looks for what is too old, at most; so much later it is let go, though it is not used any more. */
export const MEMO_LOOK_MS_MIN = 1_000;
/** The objects around an envelope and its data on the heap of Node 24, generously. */
export const MEMO_ENTRY_OVERHEAD_BYTES = 896;
/** Sets of keys that the objects in sessions have, for estimating what parsed data weighs. More than these are as good as unique. */
export const KEY_SETS_MAX = 1_000;
/** With `KEY_SETS_MAX`, what remembering sets of keys may cost: 1 MB. A longer set counts as one that is new each time. */
export const KEY_SET_CHARS_MAX = 1_000;
