import type { Codec } from '../codec/codec.ts';
import { EnvelopeError, PayloadError, type EnvelopeErrorReason } from '../errors.ts';
import { CONFLICT_BACKOFF } from '../limits/client.ts';
import {
  WALK_CONCURRENCY_DEFAULT,
  WALK_CONCURRENCY_MAX,
  WALK_FAILURES_NAMED_MAX,
  WALK_PAGE_ROWS,
  WALK_PAGE_ROWS_MAX,
  WALK_SESSIONS_PER_SECOND_MAX,
} from '../limits/upkeep.ts';
import { requireInteger } from '../option-checks.ts';
import { delay, type Platform } from '../platform/platform.ts';
import { hasEnded } from '../session/lifetime.ts';
import type { SealedRecord } from '../session/sealed-record.ts';
import { handleOf } from '../session/session-id.ts';
import type { SessionRecord } from '../session/session-record.ts';
import type { WalkedRow } from '../tiers/durable.ts';
import { newestRing } from '../fleet/newest-ring.ts';
import { Pace } from './pace.ts';
import { retry } from '../platform/retry.ts';
import { parseCursor, Tally, type Position, type WalkProgress } from './tally.ts';
import type { MaintenanceTarget, Opened } from '../fleet/target.ts';

export interface WalkOptions {
  /** Sessions that one statement looks for; from 1 to 10 000. @defaultValue 1000 */
  readonly batchSize?: number;
  /** Sessions that are worked on at once; from 1 to 128. More is faster and is felt by requests. @defaultValue 16 */
  readonly concurrency?: number;
  /** At most this many sessions are worked on in a second. @defaultValue as many as `concurrency` allows */
  readonly sessionsPerSecond?: number;
  /** Where to go on: the `cursor` of an earlier run. */
  readonly cursor?: string;
  /** Called after each batch. */
  readonly onProgress?: (progress: WalkProgress) => void;
  /** Ends the walk, which then rejects with the signal's reason. What is done stays done. */
  readonly signal?: AbortSignal;
}

export interface WalkFailure {
  /** The session's public name. */
  readonly handle: string;
  /** Why it was left alone: why it does not open, or `too-large` to be sealed under the present `maxPayload`. */
  readonly reason: EnvelopeErrorReason | 'too-large';
}

export interface WalkResult extends WalkProgress {
  /** Sessions that were left alone, the first 100. */
  readonly failures: readonly WalkFailure[];
}

/** What became of one session. `conflict`: another write came first; it has to be looked at again. */
export type Visited = 'changed' | 'conflict' | 'destroyed' | 'ended' | 'upToDate';

/** What a walk does to each session. */
export interface Visitor {
  /** What the walk itself can tell: nothing has to be done. */
  isDone(codec: Codec, row: WalkedRow): boolean;
  /** One step, which may be taken twice. Throws `EnvelopeError` for a session that is to be left alone. */
  visit(opened: Opened, storageKey: Buffer): Promise<Visited>;
}

export const WALK_OPTIONS = [
  'batchSize',
  'concurrency',
  'sessionsPerSecond',
  'cursor',
  'onProgress',
  'signal',
] as const;

/**
 * Visits every living session once, in order of storage key, a bounded number at a time. Nothing is remembered but the cursor,
 * and a visit that finds its work done does nothing: whoever was killed in the middle begins again, with the cursor or without.
 * A tier that is away is waited for. Walks with the newest ring of the client's source; if there is another one at the end,
 * what was done by the first may have to be done again, so all sessions are visited once more.
 */
export async function walkSessions(
  what: string,
  sessions: MaintenanceTarget,
  options: WalkOptions,
  visitor: Visitor,
): Promise<WalkResult> {
  const resolved = resolveWalk(what, options);
  const { signal } = resolved;
  const platform = await sessions['~use'](({ platform: own }) => Promise.resolve(own));
  let { version } = await newestRing(sessions, platform, signal);
  for (;;) {
    const result = await new Walk(sessions, platform, resolved, visitor, version).run();
    const newest = await newestRing(sessions, platform, signal);
    if (newest.version === version) return result;
    version = newest.version;
  }
}

function resolveWalk(what: string, options: WalkOptions): ResolvedWalk {
  const { batchSize, concurrency, sessionsPerSecond, cursor, onProgress, signal } = options;
  return {
    batchSize: requireInteger(`${what}: batchSize`, batchSize ?? WALK_PAGE_ROWS, 1, WALK_PAGE_ROWS_MAX),
    concurrency: requireInteger(
      `${what}: concurrency`,
      concurrency ?? WALK_CONCURRENCY_DEFAULT,
      1,
      WALK_CONCURRENCY_MAX,
    ),
    sessionsPerSecond:
      sessionsPerSecond === undefined
        ? undefined
        : requireInteger(`${what}: sessionsPerSecond`, sessionsPerSecond, 1, WALK_SESSIONS_PER_SECOND_MAX),
    position: cursor === undefined ? undefined : parseCursor(cursor),
    onProgress: onProgress ?? (() => undefined),
    signal,
  };
}

interface ResolvedWalk {
  readonly batchSize: number;
  readonly concurrency: number;
  readonly sessionsPerSecond: number | undefined;
  readonly position: Position | undefined;
  readonly onProgress: (progress: WalkProgress) => void;
  readonly signal: AbortSignal | undefined;
}

/** One pass over all sessions, with one ring. */
class Walk {
  readonly #sessions: MaintenanceTarget;
  readonly #platform: Platform;
  readonly #options: ResolvedWalk;
  readonly #visitor: Visitor;
  readonly #ring: number;
  readonly #start: Buffer;
  readonly #tally: Tally;
  readonly #pace: Pace;
  readonly #failures: WalkFailure[] = [];

  constructor(sessions: MaintenanceTarget, platform: Platform, options: ResolvedWalk, visitor: Visitor, ring: number) {
    const { position, sessionsPerSecond } = options;
    this.#sessions = sessions;
    this.#platform = platform;
    this.#options = options;
    this.#visitor = visitor;
    this.#ring = ring;
    this.#start = position?.ring === ring ? position.after : Buffer.alloc(0);
    this.#tally = new Tally(platform, this.#start, ring);
    this.#pace = new Pace(platform, sessionsPerSecond);
  }

  /** Ends early when the client uses another ring. */
  async run(): Promise<WalkResult> {
    let after: Buffer | null = this.#start;
    let progress = this.#tally.progress(after);
    while (after !== null) {
      after = await this.#page(after);
      progress = this.#tally.progress(after);
      this.#options.onProgress(progress);
    }
    return { ...progress, failures: this.#failures };
  }

  /** Where to go on. */
  async #page(after: Buffer): Promise<Buffer | null> {
    const page = await this.#step(async ({ store, codec }) => {
      if (codec.ring.version !== this.#ring) return { count: 0, next: null, todo: [] };
      const { rows, next } = await store.walk(after, this.#options.batchSize);
      return { count: rows.length, next, todo: rows.filter((row) => !this.#visitor.isDone(codec, row)) };
    });
    const { counts } = this.#tally;
    const done = page.count - page.todo.length;
    counts.scanned += done;
    counts.upToDate += done;
    await this.#visitAll(page.todo);
    return page.next;
  }

  /** Ends as soon as one fails, and lets the others finish the session that they are at. */
  async #visitAll(rows: readonly WalkedRow[]): Promise<void> {
    const queue = [...rows].reverse();
    const { concurrency, sessionsPerSecond = Infinity } = this.#options;
    // More would only wait for their turn, and keep a walk that failed from ending.
    const workers = Array.from({ length: Math.min(concurrency, sessionsPerSecond) }, async () => {
      try {
        for (let row = queue.pop(); row !== undefined; row = queue.pop()) await this.#work(row.storageKey);
      } finally {
        queue.length = 0;
      }
    });
    const ends = await Promise.allSettled(workers);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  async #work(storageKey: Buffer): Promise<void> {
    const { counts } = this.#tally;
    await this.#pace.turn(this.#options.signal);
    try {
      let visited = await this.#visit(storageKey);
      while (visited === 'conflict') {
        counts.conflicts += 1;
        await delay(this.#platform, this.#platform.random() * CONFLICT_BACKOFF.longestMs, this.#options.signal);
        visited = await this.#visit(storageKey);
      }
      counts[visited] += 1;
    } catch (error) {
      this.#leaveAlone(storageKey, error);
    }
    counts.scanned += 1;
  }

  #visit(storageKey: Buffer): Promise<Visited> {
    return this.#step((opened) => this.#visitor.visit(opened, storageKey));
  }

  #leaveAlone(storageKey: Buffer, error: unknown): void {
    const reason = reasonOf(error);
    if (reason === undefined) throw error;
    this.#tally.counts.failed += 1;
    if (this.#failures.length < WALK_FAILURES_NAMED_MAX) this.#failures.push({ handle: handleOf(storageKey), reason });
  }

  /** Each step is a call of its own: `close` of the client must not wait for a whole walk. */
  #step<T>(call: (opened: Opened) => Promise<T>): Promise<T> {
    return retry(this.#platform, this.#options.signal, () => this.#sessions['~use'](call));
  }
}

function reasonOf(error: unknown): WalkFailure['reason'] | undefined {
  if (error instanceof EnvelopeError) return error.reason;
  return error instanceof PayloadError ? 'too-large' : undefined;
}

/** A row as it is now, and what is in it; null if the session has ended. Throws `EnvelopeError`. */
export async function openRow(
  { store, codec, platform }: Opened,
  storageKey: Buffer,
): Promise<{ readonly row: SealedRecord; readonly record: SessionRecord } | null> {
  const row = await store.readRow(storageKey);
  if (row === null || hasEnded(row, platform.now())) return null;
  const record = codec.open(storageKey, row.envelope);
  if (record.revision !== row.revision) throw new EnvelopeError('rolled-back');
  return platform.now() >= record.absoluteExpiresAt ? null : { row, record };
}
