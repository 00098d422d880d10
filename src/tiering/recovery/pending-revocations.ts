import { LATECOMER_TIMEOUTS } from '../../limits/durable-tier.ts';
import {
  PENDING_REVOCATION_BACKOFF,
  PENDING_REVOCATION_CLOSE_GRACE_MS,
  PENDING_REVOCATION_RETRY_MS,
  PENDING_REVOCATIONS_AT_ONCE,
  PENDING_REVOCATIONS_MAX,
  PENDING_REVOCATIONS_UNKNOWN_MAX,
  PENDING_UNKNOWN_TOMBSTONE_TTL_MS,
} from '../../limits/recovery.ts';
import { backoffMs } from '../../platform/backoff.ts';
import { delay } from '../../platform/platform.ts';
import { announceLostRevocation } from '../background.ts';
import { Rounds, type BacklogContext } from './rounds.ts';

/** A revocation that is not written to the durable tier yet. */
export interface PendingRevocation {
  /** Null where it is not known which sessions there are. */
  readonly storageKey: Buffer | null;
  /**
   * Names the session that this node treats as ended until the revocation is written, because a caller asked for its end: the
   * `session` that has this key, or the one that a lost `insert` may have left under it. A key has at most one entry of each.
   * Null: no caller asked, so a session that has this key is served meanwhile.
   */
  readonly refused: 'insert' | 'session' | null;
  /** False for an id that anybody could have made up: neither tier showed such a session. */
  readonly isKnown: boolean;
  /** The wait before the first attempt. */
  readonly delayMs: number;
  /**
   * True if `close` need not wait for the first attempt's time: an attempt that comes too early rejects. False if one that
   * comes too early would resolve, and prove nothing.
   */
  readonly mayBeEarly: boolean;
  /** Rejects if it has to be tried again. */
  readonly attempt: () => Promise<void>;
}

interface Entry {
  readonly pending: PendingRevocation;
  /** The time of the next attempt, on the monotonic clock. */
  dueAt: number;
  failures: number;
}

/**
 * The backlog of revocations that are not written to the durable tier yet: non-durable destroys, INSERTs that were given up, and
 * looks for latecomers. Each entry has its own due time and back-off, so that a row that somebody locks delays only itself. Kept in
 * memory: the callers know that the revocation is not durable yet.
 */
export class PendingRevocations {
  readonly #context: BacklogContext;
  readonly #entries = new Set<Entry>();
  /** The entries that this node refuses, by what is refused and storage key. */
  readonly #refused = new Map<string, Entry>();
  /** The times, on the monotonic clock, when the tombstones of unknown ids are gone; the earliest first. */
  #unknownUntil: number[] = [];
  readonly #rounds: Rounds;

  constructor(context: BacklogContext) {
    this.#context = context;
    this.#rounds = new Rounds(context, {
      work: 'revocation',
      everyMs: PENDING_REVOCATION_RETRY_MS,
      isEmpty: () => this.#entries.size === 0,
      tryOnce: () => this.#attemptDue(),
    });
  }

  /**
   * True if it will be tried, or its session is here already. False if there is no room or the client is closed: nobody
   * will try it.
   */
  add(pending: PendingRevocation): boolean {
    const key = keyOf(pending);
    if (key !== undefined && this.#refused.has(key)) return true;
    if (this.#rounds.isStopped || !this.#hasRoom(pending)) return false;
    const now = this.#context.platform.monotonic();
    const entry = { pending, dueAt: now + pending.delayMs, failures: 0 };
    this.#entries.add(entry);
    if (key !== undefined) this.#refused.set(key, entry);
    if (!pending.isKnown) this.#unknownUntil.push(now + PENDING_UNKNOWN_TOMBSTONE_TTL_MS);
    this.#rounds.schedule();
    return true;
  }

  /**
   * True if this node calls the session ended, whatever the tiers say. The backlog is almost always empty: then reads do
   * not even build the key.
   */
  refuses(storageKey: Buffer): boolean {
    if (this.#refused.size === 0) return false;
    return this.#refused.has(nameOf('session', storageKey)) || this.#refused.has(nameOf('insert', storageKey));
  }

  /** The durable tier answers again: what failed is due at once. */
  durableReturned(): void {
    const now = this.#context.platform.monotonic();
    for (const entry of this.#entries) if (entry.failures > 0) entry.dueAt = Math.min(entry.dueAt, now);
    this.#rounds.start();
  }

  /**
   * Keeps trying for as long as a write may be on its way, unless the durable tier is down. What may not be early is due by
   * then. Announces what is left: nobody will try it again.
   */
  async close(): Promise<void> {
    const { platform, durable, durableTimeoutMs } = this.#context;
    this.#rounds.stop(LATECOMER_TIMEOUTS * durableTimeoutMs + PENDING_REVOCATION_CLOSE_GRACE_MS);
    for (;;) {
      this.#hurry();
      await this.#rounds.run().catch(() => undefined);
      if (this.#entries.size === 0 || durable.state === 'down' || this.#rounds.isOver) break;
      await delay(platform, PENDING_REVOCATION_RETRY_MS);
    }
    for (const { pending } of this.#entries) announceLostRevocation(pending.storageKey);
  }

  /**
   * Keeps little room for unknown ids, since anybody can make them up. They keep it for as long as their tombstones take
   * room in the primary tier: a durable tier that comes and goes would soon forget them.
   */
  #hasRoom({ isKnown }: PendingRevocation): boolean {
    if (this.#entries.size >= PENDING_REVOCATIONS_MAX) return false;
    if (isKnown || this.#unknownUntil.length < PENDING_REVOCATIONS_UNKNOWN_MAX) return true;
    const now = this.#context.platform.monotonic();
    this.#unknownUntil = this.#unknownUntil.filter((until) => until > now);
    return this.#unknownUntil.length < PENDING_REVOCATIONS_UNKNOWN_MAX;
  }

  /** Makes due what failed, and what may be tried before its time. */
  #hurry(): void {
    const now = this.#context.platform.monotonic();
    for (const entry of this.#entries) {
      if (entry.failures > 0 || entry.pending.mayBeEarly) entry.dueAt = now;
    }
  }

  /** An entry that fails does not hold up the others; a durable tier that is down ends the round. */
  async #attemptDue(): Promise<void> {
    const { platform, durable } = this.#context;
    const now = platform.monotonic();
    const due = [...this.#entries].filter(({ dueAt }) => dueAt <= now).values();
    const failures: unknown[] = [];
    const work = async (): Promise<void> => {
      for (const entry of due) {
        if (durable.state === 'down' || this.#rounds.isOver) return;
        try {
          await entry.pending.attempt();
          this.#forget(entry);
        } catch (error) {
          failures.push(error);
          this.#postpone(entry);
        }
      }
    };
    await Promise.all(Array.from({ length: PENDING_REVOCATIONS_AT_ONCE }, work));
    if (failures.length > 0) throw failures[0];
  }

  #postpone(entry: Entry): void {
    const { platform } = this.#context;
    entry.dueAt = platform.monotonic() + backoffMs(platform, PENDING_REVOCATION_BACKOFF, entry.failures);
    entry.failures += 1;
  }

  #forget(entry: Entry): void {
    const key = keyOf(entry.pending);
    this.#entries.delete(entry);
    if (key !== undefined) this.#refused.delete(key);
  }
}

/** Returns the name under which an entry is refused. */
function keyOf({ storageKey, refused }: PendingRevocation): string | undefined {
  return refused === null || storageKey === null ? undefined : nameOf(refused, storageKey);
}

function nameOf(refused: 'insert' | 'session', storageKey: Buffer): string {
  return `${refused} ${storageKey.toString('latin1')}`;
}
