/** A passphrase or a key of 32 bytes, with room for a sentence. A longer file is another one, given by mistake. */
export const SECRET_FILE_BYTES_MAX: number = 4 * 1024;
/** 48 bits distinguish the keys of one ring and can be typed. */
export const KID_SHOWN_CHARS = 8;
/** The width of the first terminals, for those that do not report theirs. */
export const TERMINAL_COLUMNS_DEFAULT = 80;
/** The interval of progress updates. Ten a second look alive; more only load a slow connection. */
export const PROGRESS_INTERVAL_MS = 100;
/** 64 bits of a storage key find it among the keys of a server. The whole of it would be no secret either. */
export const STORAGE_KEY_SHOWN_BYTES = 8;
/** The ids that one statement reads from the table of an old store: some milliseconds. */
export const IMPORT_PAGE_ROWS = 1_000;
/** The sessions that an import works on at once. They share statements; the old store gets one call for each. */
export const IMPORT_CONCURRENCY_DEFAULT = 16;
/** An eighth of the calls that a client may have in flight. */
export const IMPORT_CONCURRENCY_MAX = 128;
/** The sessions between two reports of an import's progress: a tenth of a second's work. */
export const IMPORT_PROGRESS_EVERY = 100;
/** The rows that `stats` looks at unless it is to count all: some seconds. More make the estimate better than 1 %, which nobody needs. */
export const STATS_ROWS_MAX = 100_000;
/** The envelopes whose size `stats` looks at: enough for a 99th percentile, less than a megabyte. */
export const STATS_SAMPLE_ROWS = 256;
/** The marks of the dirty feed that `stats` counts. More are a backlog, whatever their number. */
export const STATS_MARKS_MAX = 1_000;
