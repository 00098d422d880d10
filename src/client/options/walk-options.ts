import { WALK_CONCURRENCY_MAX, WALK_PAGE_ROWS_MAX, WALK_SESSIONS_PER_SECOND_MAX } from '../../limits/upkeep.ts';
import { requireInteger } from '../../option-checks.ts';
import { parseCursor, type WalkProgress } from '../../upkeep/tally.ts';
import { DEFAULT_WALK, type ResolvedWalk } from '../../upkeep/walk.ts';

/** The options of every walk over all sessions. */
export interface WalkOptions {
  /** Sessions that one statement looks for; from 1 to 10 000. @defaultValue 1000 */
  readonly batchSize?: number;
  /** Sessions that are worked on at once; from 1 to 128. More is faster and is felt by requests. @defaultValue 16 */
  readonly concurrency?: number;
  /** The most sessions that are worked on in a second. @defaultValue as many as `concurrency` allows */
  readonly sessionsPerSecond?: number;
  /** The `cursor` of an earlier run, to go on from there. */
  readonly cursor?: string;
  /** Runs after each batch. */
  readonly onProgress?: (progress: WalkProgress) => void;
  /** Ends the walk, which then rejects with the signal's reason. What is done stays done. */
  readonly signal?: AbortSignal;
}

/** The names of the options of a walk. */
export const WALK_OPTIONS: readonly (keyof WalkOptions)[] = [
  'batchSize',
  'concurrency',
  'sessionsPerSecond',
  'cursor',
  'onProgress',
  'signal',
];

/** Throws `ConfigurationError` that names the function, the option, the value and the accepted range. */
export function resolveWalk(what: string, options: WalkOptions): ResolvedWalk {
  const {
    batchSize = DEFAULT_WALK.batchSize,
    concurrency = DEFAULT_WALK.concurrency,
    onProgress = DEFAULT_WALK.onProgress,
    sessionsPerSecond,
    cursor,
  } = options;
  return {
    batchSize: requireInteger(`${what}: batchSize`, batchSize, 1, WALK_PAGE_ROWS_MAX),
    concurrency: requireInteger(`${what}: concurrency`, concurrency, 1, WALK_CONCURRENCY_MAX),
    sessionsPerSecond:
      sessionsPerSecond === undefined
        ? undefined
        : requireInteger(`${what}: sessionsPerSecond`, sessionsPerSecond, 1, WALK_SESSIONS_PER_SECOND_MAX),
    position: cursor === undefined ? undefined : parseCursor(cursor),
    onProgress,
  };
}
