import { LATECOMER_TIMEOUTS, SHARED_STATEMENT_ROWS_MAX } from '../../limits/durable-tier.ts';
import { PENDING_TOUCHES_MAX } from '../../limits/recovery.ts';
import { TOUCH_FLUSH_MS } from '../../limits/session.ts';
import { aliveAt, touchIntervalFor } from '../../session/lifetime.ts';
import type { SessionRecord } from '../../session/session-record.ts';
import type { PrimaryGuard } from '../guard/primary-guard.ts';
import { refreshCopy } from '../write/refresh-copy.ts';
import { Rounds, type BacklogContext } from './rounds.ts';

/** No more of the record than is needed: it may be large, and it is plaintext. */
interface PendingTouch {
  readonly storageKey: Buffer;
  readonly idleLifetimeMs: number;
  /** The first activity that is not written: the session was alive then, by the durable tier's own deadline. */
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly longestPauseMs: number;
}

interface TouchContext extends BacklogContext {
  readonly primary: PrimaryGuard;
  readonly touchIntervalMs: number;
}

/**
 * The backlog of activity that is not written to the durable tier yet: what came in within a second, or while it was away. Written
 * together, dated when it happened; one touch of each session, however often it was used. Lost when the process ends.
 */
export class PendingTouches {
  readonly #context: TouchContext;
  readonly #touches = new Map<string, PendingTouch>();
  readonly #rounds: Rounds;

  constructor(context: TouchContext) {
    this.#context = context;
    this.#rounds = new Rounds(context, {
      work: 'touch',
      everyMs: TOUCH_FLUSH_MS,
      isEmpty: () => this.#touches.size === 0,
      tryOnce: () => this.#writeAll(),
    });
  }

  /** Notes that the session was used, and was alive then. Forgets it at once where there is no room. */
  add(storageKey: Buffer, record: SessionRecord, lastSeenAt: number): void {
    const key = storageKey.toString('latin1');
    const earlier = this.#touches.get(key);
    if (earlier === undefined && this.#touches.size >= PENDING_TOUCHES_MAX) return;
    const { idleLifetimeMs } = record;
    const { firstSeenAt, longestPauseMs } = joined(earlier, lastSeenAt);
    this.#touches.set(key, { storageKey, idleLifetimeMs, firstSeenAt, lastSeenAt, longestPauseMs });
    this.#rounds.schedule();
  }

  /** Writes everything in the background, now. */
  flush(): void {
    this.#rounds.start();
  }

  /** Writes the activity of this session now; false if there is none. */
  async flushOne(storageKey: Buffer): Promise<boolean> {
    const key = storageKey.toString('latin1');
    const pending = this.#touches.get(key);
    if (pending === undefined) return false;
    await this.#write(key, pending);
    return true;
  }

  /** Tries everything once more, for as long as a write may take. What is not written then shortens a session by a touch interval or so. */
  async close(): Promise<void> {
    this.#rounds.stop(LATECOMER_TIMEOUTS * this.#context.durableTimeoutMs);
    await this.#rounds.run().catch(() => undefined);
  }

  /**
   * Writes as many touches at a time as one statement takes, so that reads find room between them. A touch that fails (its row is
   * locked) holds up no others; where all of a statement fail, so would the rest.
   */
  async #writeAll(): Promise<void> {
    let failure: PromiseRejectedResult | undefined;
    const touches = [...this.#touches];
    for (let at = 0; at < touches.length && !this.#rounds.isOver; at += SHARED_STATEMENT_ROWS_MAX) {
      const batch = touches.slice(at, at + SHARED_STATEMENT_ROWS_MAX);
      const outcomes = await Promise.allSettled(batch.map(([key, pending]) => this.#write(key, pending)));
      const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
      failure ??= failed[0];
      if (failed.length === batch.length) break;
    }
    if (failure !== undefined) throw failure.reason;
  }

  async #write(key: string, pending: PendingTouch): Promise<void> {
    const { storageKey, idleLifetimeMs, firstSeenAt, lastSeenAt, longestPauseMs } = pending;
    const { durable, primary, background, touchIntervalMs } = this.#context;
    const stamp = primary.stamp(storageKey);
    const state = await durable.sessions.touch({
      storageKey,
      lastSeenAt,
      aliveAt: aliveAt(firstSeenAt, touchIntervalFor(idleLifetimeMs, touchIntervalMs)),
      longestPauseMs,
    });
    // What was added meanwhile is no older than the statement took: not worth another one.
    this.#touches.delete(key);
    background.run('upkeep', refreshCopy(this.#context, storageKey, state, stamp));
  }
}

/** Returns when the activities began, and the longest time between two of them. */
function joined(earlier: PendingTouch | undefined, lastSeenAt: number) {
  if (earlier === undefined) return { firstSeenAt: lastSeenAt, longestPauseMs: 0 };
  const { firstSeenAt, longestPauseMs } = earlier;
  return { firstSeenAt, longestPauseMs: Math.max(longestPauseMs, lastSeenAt - earlier.lastSeenAt) };
}
