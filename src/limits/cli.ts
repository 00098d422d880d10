/** A passphrase or a key of 32 bytes, with room for a sentence. A longer file is another one, given by mistake. */
export const SECRET_FILE_BYTES_MAX: number = 4 * 1024;
/** 48 bits distinguish the keys of one ring and can be typed. */
export const KID_SHOWN_CHARS = 8;
/** The width of the first terminals, for those that do not report theirs. */
export const TERMINAL_COLUMNS_DEFAULT = 80;
/** The interval of progress updates. Ten a second look alive; more only load a slow connection. */
export const PROGRESS_INTERVAL_MS = 100;
/** The time that a command that is done leaves to what the application's module still writes. Some lines of a log take milliseconds. */
export const EXIT_GRACE_MS = 250;
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
/** The sessions in a row that an import may fail with. More are no matter of single sessions, and end it. */
export const IMPORT_FAILURES_IN_ROW_MAX = 20;
/** The rows that `stats` looks at unless it is to count all: some seconds. More make the estimate better than 1 %, which nobody needs. */
export const STATS_ROWS_MAX = 100_000;
/** The envelopes whose size `stats` looks at: enough for a 99th percentile, less than a megabyte. */
export const STATS_SAMPLE_ROWS = 256;
/** The marks of the dirty feed that `stats` counts. More are a backlog, whatever their number. */
export const STATS_MARKS_MAX = 1_000;
/** The time that `bench` measures: ten seconds for each half of an operation, so that one pause of a server does not decide. */
export const BENCH_DURATION_MS_DEFAULT: number = 2 * 60_000;
/** The shortest time to measure: half a second for an operation, in which it runs some hundred times. */
export const BENCH_DURATION_MS_MIN = 3_000;
/** The longest time to measure. More is a load test, for which this is no tool. */
export const BENCH_DURATION_MS_MAX: number = 60 * 60_000;
/** The callers of `bench`. They show what sharing of statements is worth, and leave room for the requests of users. */
export const BENCH_CONCURRENCY_DEFAULT = 16;
/** An eighth of the calls that a client may have in flight: users' sessions are served meanwhile. */
export const BENCH_CONCURRENCY_MAX = 128;
/** The sessions that `bench` reads and updates: more than are worked on at once. */
export const BENCH_LIVING_SESSIONS = 500;
/** The sessions that `bench` creates at most: some 100 MB of table. */
export const BENCH_CREATED_MAX = 50_000;
/** The bytes of data of a session of `bench`: the size that docs/operating/capacity.md has figures for. */
export const BENCH_DATA_BYTES = 775;
/** The lives of the sessions of `bench` are longer than its measuring by this much, for slow servers. */
export const BENCH_LIFETIME_MARGIN_MS = 60_000;
/** The life of a session that is created to be destroyed: some round trips. Redis remembers its end until then, and 5 s longer. */
export const BENCH_DESTROY_LIFETIME_MS = 3_000;
/** The life that the sessions of `bench` are given at its end, so that their copies leave Redis. */
export const BENCH_LAST_LIFETIME_MS = 500;
/** The longest wait for Redis to be in use. A node that has just begun does not use it for a second or two. */
export const BENCH_WARM_UP_MS_MAX = 10_000;
/** The pause between two looks at that. */
export const BENCH_WARM_UP_PAUSE_MS = 50;
/** The pause of a caller of `bench` whose call failed. */
export const BENCH_FAILURE_PAUSE_MS = 20;
/** The attempts to delete the rows of `bench`. */
export const BENCH_CLEAN_UP_ATTEMPTS = 3;
/** The pause between two of them: a touch that is under way takes a second. */
export const BENCH_CLEAN_UP_PAUSE_MS = 1_000;
/** The largest file of `--data`: a session of the largest size, with room for white space. */
export const BENCH_DATA_FILE_BYTES_MAX: number = 16 * 1024 * 1024;
/** The fewest partitions: one gains nothing. */
export const SCHEMA_PARTITIONS_MIN = 2;
/** The most partitions: a statement without a storage key visits them all, and PostgreSQL plans a statement for each that it cannot rule out. */
export const SCHEMA_PARTITIONS_MAX = 256;
