import { PENDING_TOUCHES_MAX } from '../limits.ts';
import { aliveAt, idleDeadline, touchIntervalFor } from '../session/lifetime.ts';
import type { SessionRecord } from '../session/session-record.ts';
import type { DurableGuard } from './durable-guard.ts';

interface PendingTouch {
  readonly storageKey: Buffer;
  readonly record: SessionRecord;
  /** The first activity that was not told: the session was alive then, by the durable tier's own deadline. */
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
}

/** Activity that the durable tier could not be told of while it was away; told when it is back, as of when it happened. */
export class PendingTouches {
  readonly #durable: DurableGuard;
  readonly #touchIntervalMs: number;
  readonly #touches = new Map<string, PendingTouch>();

  constructor(durable: DurableGuard, touchIntervalMs: number) {
    this.#durable = durable;
    this.#touchIntervalMs = touchIntervalMs;
  }

  add(storageKey: Buffer, record: SessionRecord, lastSeenAt: number): void {
    const key = storageKey.toString('latin1');
    const earlier = this.#touches.get(key);
    if (earlier === undefined && this.#touches.size >= PENDING_TOUCHES_MAX) return;
    this.#touches.set(key, { storageKey, record, lastSeenAt, firstSeenAt: earlier?.firstSeenAt ?? lastSeenAt });
  }

  /** Stops at the first failure: the durable tier is away again. */
  async replay(): Promise<void> {
    for (const [key, { storageKey, record, firstSeenAt, lastSeenAt }] of this.#touches) {
      await this.#durable.touch({
        storageKey,
        lastSeenAt,
        idleExpiresAt: idleDeadline(lastSeenAt, record.idleLifetimeMs, record.absoluteExpiresAt),
        aliveAt: aliveAt(firstSeenAt, touchIntervalFor(record.idleLifetimeMs, this.#touchIntervalMs)),
      });
      this.#touches.delete(key);
    }
  }
}
