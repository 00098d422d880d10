import { LATECOMER_TIMEOUTS, SHARED_STATEMENT_ROWS_MAX } from '../../limits/durable-tier.ts';
import { PENDING_TOUCHES_MAX } from '../../limits/recovery.ts';
import { TOUCH_FLUSH_MS } from '../../limits/session.ts';
import type { CancelTimer } from '../../platform/platform.ts';
import { aliveAt, touchIntervalFor } from '../../session/lifetime.ts';
import type { SessionRecord } from '../../session/session-record.ts';
import type { TieringContext, TouchBacklog } from '../context.ts';
import { spread } from '../write/touch-path.ts';

/** No more of the record than is needed: it may be large, and it is plaintext. */
interface PendingTouch {
  readonly storageKey: Buffer;
  readonly idleLifetimeMs: number;
  /** The first activity that was not told: the session was alive then, by the durable tier's own deadline. */
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly longestPauseMs: number;
}

type Surroundings = Pick<
  TieringContext,
  'background' | 'durable' | 'durableTimeoutMs' | 'platform' | 'primary' | 'touchIntervalMs'
>;

/**
 * Activity that the durable tier has not been told of: what came in within a second, or while it was away. Told together, as
 * of when it happened; one touch of each session, however often it was used. Dies with the process.
 */
export class PendingTouches implements TouchBacklog {
  readonly #around: Surroundings;
  readonly #touches = new Map<string, PendingTouch>();
  #flushing: Promise<void> | undefined;
  #isWanted = false;
  #cancelTimer: CancelTimer | undefined;
  #isClosed = false;
  /** When, on the monotonic clock, no statement is begun any more. */
  #until = Number.POSITIVE_INFINITY;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  add(storageKey: Buffer, record: SessionRecord, lastSeenAt: number): void {
    const key = storageKey.toString('latin1');
    const earlier = this.#touches.get(key);
    if (earlier === undefined && this.#touches.size >= PENDING_TOUCHES_MAX) return;
    const { idleLifetimeMs } = record;
    const { firstSeenAt, longestPauseMs } = joined(earlier, lastSeenAt);
    this.#touches.set(key, { storageKey, idleLifetimeMs, firstSeenAt, lastSeenAt, longestPauseMs });
    this.#schedule();
  }

  async tell(storageKey: Buffer): Promise<boolean> {
    const key = storageKey.toString('latin1');
    const pending = this.#touches.get(key);
    if (pending === undefined) return false;
    await this.#tell(key, pending);
    return true;
  }

  flush(): Promise<void> {
    this.#isWanted = true;
    this.#flushing ??= this.#flushAll().finally(() => {
      this.#flushing = undefined;
      if (this.#touches.size > 0) this.#schedule();
    });
    return this.#flushing;
  }

  /** For as long as a write may take; what is untold then shortens a session by a touch interval or so. */
  async close(): Promise<void> {
    const { platform, durableTimeoutMs } = this.#around;
    this.#isClosed = true;
    this.#until = platform.monotonic() + LATECOMER_TIMEOUTS * durableTimeoutMs;
    this.#cancelTimer?.();
    await this.flush().catch(() => undefined);
  }

  #schedule(): void {
    if (this.#cancelTimer !== undefined || this.#isClosed) return;
    const { platform, durable, background } = this.#around;
    const due = (): void => {
      this.#cancelTimer = undefined;
      // While it is away, everything waits for its return.
      if (durable.condition !== 'down') background.run('touch', this.flush());
    };
    this.#cancelTimer = platform.after(TOUCH_FLUSH_MS, due, 'background');
  }

  /**
   * As many at a time as one statement takes, so that reads find room between them. One that fails (its row is locked) holds up no
   * others; where all of a statement fail, so would the rest.
   */
  async #flushAll(): Promise<void> {
    let failure: PromiseRejectedResult | undefined;
    while (this.#isWanted) {
      this.#isWanted = false;
      const touches = [...this.#touches];
      for (let at = 0; at < touches.length; at += SHARED_STATEMENT_ROWS_MAX) {
        if (this.#around.platform.monotonic() >= this.#until) return;
        const batch = touches.slice(at, at + SHARED_STATEMENT_ROWS_MAX);
        const outcomes = await Promise.allSettled(batch.map(([key, pending]) => this.#tell(key, pending)));
        const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
        failure ??= failed[0];
        if (failed.length === batch.length) throw failure?.reason;
      }
    }
    if (failure !== undefined) throw failure.reason;
  }

  async #tell(key: string, pending: PendingTouch): Promise<void> {
    const { storageKey, idleLifetimeMs, firstSeenAt, lastSeenAt, longestPauseMs } = pending;
    const { durable, primary, background, touchIntervalMs } = this.#around;
    const stamp = primary.stamp();
    const state = await durable.sessions.touch({
      storageKey,
      lastSeenAt,
      aliveAt: aliveAt(firstSeenAt, touchIntervalFor(idleLifetimeMs, touchIntervalMs)),
      longestPauseMs,
    });
    // What was added meanwhile is no older than the statement took: not worth another one.
    this.#touches.delete(key);
    background.run('upkeep', spread(this.#around, storageKey, state, stamp));
  }
}

/** When the activities began, and the longest time between two of them. */
function joined(earlier: PendingTouch | undefined, lastSeenAt: number) {
  if (earlier === undefined) return { firstSeenAt: lastSeenAt, longestPauseMs: 0 };
  const { firstSeenAt, longestPauseMs } = earlier;
  return { firstSeenAt, longestPauseMs: Math.max(longestPauseMs, lastSeenAt - earlier.lastSeenAt) };
}
