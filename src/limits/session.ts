/** 256 bits: twice what OWASP ASVS 5.0 (7.2.3) asks for, so guessing fails at any number of sessions. */
export const SESSION_ID_BYTES = 32;
/** SHA-256. */
export const STORAGE_KEY_BYTES = 32;
/** 128 random bits name one write, which is compared with one other at a time. */
export const WRITE_ID_BYTES = 16;
/** 128 bits name a session in a device list, where they are compared within one user's sessions. */
export const HANDLE_BYTES = 16;
/** A cart or a profile is 1–4 KiB. Larger values slow every read and belong in a table of their own. */
export const PAYLOAD_BYTES_DEFAULT: number = 64 * 1024;
/** The fewest bytes in which JSON says anything. */
export const PAYLOAD_BYTES_MIN = 1;
/** Redis and the drivers handle more, but one such session would stall its neighbours. */
export const PAYLOAD_BYTES_MAX: number = 1024 * 1024;
/** An envelope names its serializer in one byte. 0 is left free. */
export const SERIALIZER_ID_MIN = 1;
/** The greatest number that a byte holds. */
export const SERIALIZER_ID_MAX = 255;
/** The depth of data. Deeper data is a mistake, or an attack on code that recurses over parsed JSON. */
export const PAYLOAD_DEPTH_MAX = 64;
/** Fits e-mail addresses, UUIDs and prefixed ids. The envelope stores the length in two bytes. */
export const USER_ID_BYTES_MAX = 512;
/** A device label is a line on a page. */
export const LABEL_BYTES_MAX = 512;
/**
 * The keys that sealed a session before, as its envelope names them: a year of rotations every three weeks, at 8 bytes
 * each for sessions that lived through as many. One more is refused unless an earlier one has left the ring, so a ring
 * gets at most these keys and the active one.
 */
export const LINEAGE_KEYS_MAX = 16;
/** The namespace is part of every Redis key, so it is kept short. */
export const NAMESPACE_CHARS_MAX = 64;
/** A thousand writes a second for 31 700 years. Fifteen digits are safe integers in JavaScript, in Lua and in SQL. */
export const REVISION_MAX = 999_999_999_999_999;
/** NIST SP 800-63B, AAL2: half an hour of inactivity. */
export const IDLE_LIFETIME_MS_DEFAULT: number = 30 * 60_000;
/** NIST SP 800-63B, AAL2: twelve hours whatever happens. */
export const ABSOLUTE_LIFETIME_MS_DEFAULT: number = 12 * 60 * 60_000;
/**
 * The shortest lifetime: several round trips to both tiers. Deadlines are exact to the millisecond of the node's clock;
 * below this, round trips decide.
 */
export const LIFETIME_MS_MIN = 100;
/** A year. Longer sessions are remember-me tokens and need another design. */
export const LIFETIME_MS_MAX: number = 366 * 24 * 60 * 60_000;
/**
 * An envelope whose absolute deadline lies further ahead than this many of the longest lifetimes was not sealed by a
 * client like this one. One would be exact; two let a roll-out double the lifetime at once, and allow for a slow clock.
 */
export const DEADLINE_TOLERANCE_FACTOR = 2;
/**
 * A touch at most every 30 s costs a busy session two writes a minute. A larger value loses more of the idle time when
 * a write is lost.
 */
export const TOUCH_INTERVAL_MS_MAX = 30_000;
/** The value that means that every read which counts as activity is recorded. */
export const TOUCH_INTERVAL_MS_MIN = 0;
/** The touch interval is at most a tenth of the idle lifetime, so that short sessions slide smoothly too. */
export const TOUCH_INTERVAL_IDLE_FRACTION: number = 1 / 10;
/**
 * The time in which touches without a waiting caller are collected; part of the slack of the durable idle deadline.
 * Longer saves little: at 100 a second, one statement a second.
 */
export const TOUCH_FLUSH_MS = 1_000;
/**
 * The clocks of application nodes may differ by this much before a session expires wrongly. They never decide order.
 */
export const CLOCK_SKEW_MS = 5_000;
