import type { Codec } from '../codec/codec.ts';
import { EnvelopeError, PayloadError, type EnvelopeErrorReason } from '../errors.ts';
import { CONFLICT_BACKOFF } from '../limits/client.ts';
import { WALK_CONCURRENCY_DEFAULT, WALK_FAILURES_NAMED_MAX, WALK_PAGE_ROWS } from '../limits/upkeep.ts';
import { hasEnded } from '../session/lifetime.ts';
import type { SealedRecord } from '../session/sealed-record.ts';
import { handleOf } from '../session/session-id.ts';
import type { SessionRecord } from '../session/session-record.ts';
import type { WalkedRow } from '../tiers/durable.ts';
import { Pace } from './pace.ts';
import type { StepContext, Steps } from './steps.ts';
import { Tally, type Position, type WalkProgress } from './tally.ts';

/** The options of a walk, complete and valid. */
export interface ResolvedWalk {
  /** Sessions that one statement looks for. */
  readonly batchSize: number;
  readonly concurrency: number;
  /** Undefined: as many as `concurrency` allows. */
  readonly sessionsPerSecond: number | undefined;
  /** The place that an earlier walk came to; undefined: the beginning. */
  readonly position: Position | undefined;
  readonly onProgress: (progress: WalkProgress) => void;
}

/** The options of a walk that is given none. */
export const DEFAULT_WALK: ResolvedWalk = {
  batchSize: WALK_PAGE_ROWS,
  concurrency: WALK_CONCURRENCY_DEFAULT,
  sessionsPerSecond: undefined,
  position: undefined,
  onProgress: () => undefined,
};

/** A session that a walk left alone. */
export interface WalkFailure {
  /** The session's public name. */
  readonly handle: string;
  /** The reason why it was left alone: it does not open, or is `too-large` to be sealed under the present `maxPayload`. */
  readonly reason: EnvelopeErrorReason | 'too-large';
}

/** The end of a walk. */
export interface WalkResult extends WalkProgress {
  /** Sessions that were left alone, the first 100. */
  readonly failures: readonly WalkFailure[];
}

/** The outcome for one session. `conflict`: another write came first; it has to be looked at again. */
export type Visited = 'changed' | 'conflict' | 'destroyed' | 'ended' | 'upToDate';

/** The work of a walk on each session. */
export interface Visitor {
  /** True if the listing alone shows that nothing has to be done. */
  isDone(codec: Codec, row: WalkedRow): boolean;
  /** Takes one step, which may be taken twice. Throws `EnvelopeError` for a session that is to be left alone. */
  visit(context: StepContext, storageKey: Buffer): Promise<Visited>;
}

/**
 * Visits every living session once, in order of storage key, a bounded number at a time. Only the cursor says how far it came, and
 * visiting a session again does no harm: after a crash, the walk begins again, with the cursor or without. A tier that is away is
 * waited for. Walks with the newest ring of the client's source; if there is another one at the end, sessions may have been changed
 * by the old one, so all are visited once more.
 */
export async function walkSessions(steps: Steps, options: ResolvedWalk, visitor: Visitor): Promise<WalkResult> {
  let { version } = await steps.newestRing();
  for (;;) {
    const result = await new Walk({ steps, options, visitor, ring: version }).run();
    const newest = await steps.newestRing();
    if (newest.version === version) return result;
    version = newest.version;
  }
}

interface WalkParts {
  readonly steps: Steps;
  readonly options: ResolvedWalk;
  readonly visitor: Visitor;
  /** The version of the ring that is to be used. */
  readonly ring: number;
}

/** A pass over all sessions, with one ring. */
class Walk {
  readonly #steps: Steps;
  readonly #options: ResolvedWalk;
  readonly #visitor: Visitor;
  readonly #ring: number;
  readonly #start: Buffer;
  readonly #tally: Tally;
  readonly #pace: Pace;
  readonly #failures: WalkFailure[] = [];

  constructor({ steps, options, visitor, ring }: WalkParts) {
    const { position, sessionsPerSecond } = options;
    this.#steps = steps;
    this.#options = options;
    this.#visitor = visitor;
    this.#ring = ring;
    this.#start = position?.ring === ring ? position.after : Buffer.alloc(0);
    this.#tally = new Tally(steps.platform, this.#start, ring);
    this.#pace = new Pace(steps, sessionsPerSecond);
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

  /** Returns the storage key to go on after. */
  async #page(after: Buffer): Promise<Buffer | null> {
    const page = await this.#steps.take(async ({ store, codec }) => {
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
    await this.#pace.turn();
    try {
      let visited = await this.#visit(storageKey);
      while (visited === 'conflict') {
        counts.conflicts += 1;
        await this.#steps.pause(this.#steps.platform.random() * CONFLICT_BACKOFF.longestMs);
        visited = await this.#visit(storageKey);
      }
      counts[visited] += 1;
    } catch (error) {
      this.#leaveAlone(storageKey, error);
    }
    counts.scanned += 1;
  }

  #visit(storageKey: Buffer): Promise<Visited> {
    return this.#steps.take((context) => this.#visitor.visit(context, storageKey));
  }

  #leaveAlone(storageKey: Buffer, error: unknown): void {
    const reason = reasonOf(error);
    if (reason === undefined) throw error;
    this.#tally.counts.failed += 1;
    if (this.#failures.length < WALK_FAILURES_NAMED_MAX) this.#failures.push({ handle: handleOf(storageKey), reason });
  }
}

function reasonOf(error: unknown): WalkFailure['reason'] | undefined {
  if (error instanceof EnvelopeError) return error.reason;
  return error instanceof PayloadError ? 'too-large' : undefined;
}

/** A row as it is now, and what is in it; null if the session has ended. Throws `EnvelopeError`. */
export async function openRow(
  { store, codec, platform }: StepContext,
  storageKey: Buffer,
): Promise<{ readonly row: SealedRecord; readonly record: SessionRecord } | null> {
  const row = await store.readRow(storageKey);
  if (row === null || hasEnded(row, platform.now())) return null;
  const record = codec.open(storageKey, row.envelope);
  if (record.revision !== row.revision) throw new EnvelopeError('rolled-back');
  return platform.now() >= record.absoluteExpiresAt ? null : { row, record };
}
