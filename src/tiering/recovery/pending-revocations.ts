import { LATECOMER_TIMEOUTS } from '../../limits/durable-tier.ts';
import {
  PENDING_REVOCATION_BACKOFF,
  PENDING_REVOCATION_RETRY_MS,
  PENDING_REVOCATIONS_AT_ONCE,
  PENDING_REVOCATIONS_MAX,
  PENDING_REVOCATIONS_UNKNOWN_MAX,
  PENDING_UNKNOWN_TOMBSTONE_TTL_MS,
} from '../../limits/recovery.ts';
import { backoffMs } from '../../platform/backoff.ts';
import { delay, type CancelTimer } from '../../platform/platform.ts';
import { announceFailure, announceLostRevocation } from '../background.ts';
import type { OwedRevocation, RevocationBacklog, TieringContext } from '../context.ts';

interface Entry {
  readonly owed: OwedRevocation;
  /** On the monotonic clock. */
  dueAt: number;
  failures: number;
}

type Surroundings = Pick<TieringContext, 'background' | 'durable' | 'durableTimeoutMs' | 'platform'>;

/**
 * The one backlog of revocations that the durable tier could not be told of: non-durable destroys, INSERTs that were given
 * up, and looks for latecomers. One round runs at a time; each entry has its own due time and back-off, so that a row that
 * somebody locks delays only itself. Kept in memory: the callers were told that the revocation is not durable yet.
 */
export class PendingRevocations implements RevocationBacklog {
  readonly #around: Surroundings;
  readonly #entries = new Set<Entry>();
  /** Those that this node refuses, by what is refused and storage key. */
  readonly #refused = new Map<string, Entry>();
  /** When, on the monotonic clock, the tombstones are gone of ids that nobody knew; the earliest first. */
  #unknownUntil: number[] = [];
  #round: Promise<void> | undefined;
  #cancelTimer: CancelTimer | undefined;
  #isClosed = false;
  /** When, on the monotonic clock, no attempt begins any more. */
  #until = Number.POSITIVE_INFINITY;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  add(owed: OwedRevocation): boolean {
    const key = keyOf(owed);
    if (key !== undefined && this.#refused.has(key)) return true;
    if (this.#isClosed || !this.#hasRoom(owed)) return false;
    const now = this.#around.platform.monotonic();
    const entry = { owed, dueAt: now + owed.delayMs, failures: 0 };
    this.#entries.add(entry);
    if (key !== undefined) this.#refused.set(key, entry);
    if (!owed.isKnown) this.#unknownUntil.push(now + PENDING_UNKNOWN_TOMBSTONE_TTL_MS);
    this.#schedule();
    return true;
  }

  /** Almost always empty: then reads do not even build the key. */
  refuses(storageKey: Buffer): boolean {
    if (this.#refused.size === 0) return false;
    return this.#refused.has(nameOf('session', storageKey)) || this.#refused.has(nameOf('insert', storageKey));
  }

  /** The durable tier answers again: what failed is due at once. */
  durableReturned(): void {
    const now = this.#around.platform.monotonic();
    for (const entry of this.#entries) if (entry.failures > 0) entry.dueAt = Math.min(entry.dueAt, now);
    this.#retry();
  }

  /**
   * Keeps trying for as long as a write may be on its way, unless the durable tier is down. Announces what is left: nobody
   * will try it again.
   */
  async close(): Promise<void> {
    const { platform, durable, durableTimeoutMs } = this.#around;
    this.#isClosed = true;
    this.#until = platform.monotonic() + LATECOMER_TIMEOUTS * durableTimeoutMs;
    this.#cancelTimer?.();
    await this.#round;
    for (;;) {
      await this.#attemptAll([...this.#entries]);
      if (this.#entries.size === 0 || durable.condition === 'down' || platform.monotonic() >= this.#until) break;
      await delay(platform, PENDING_REVOCATION_RETRY_MS);
    }
    for (const { owed } of this.#entries) announceLostRevocation(owed.storageKey);
  }

  /**
   * Anybody can make up ids, so those that nobody knows share little room, and keep it for as long as they take room in the
   * primary tier: where the durable tier comes and goes, it soon forgets them.
   */
  #hasRoom({ isKnown }: OwedRevocation): boolean {
    if (this.#entries.size >= PENDING_REVOCATIONS_MAX) return false;
    if (isKnown || this.#unknownUntil.length < PENDING_REVOCATIONS_UNKNOWN_MAX) return true;
    const now = this.#around.platform.monotonic();
    this.#unknownUntil = this.#unknownUntil.filter((until) => until > now);
    return this.#unknownUntil.length < PENDING_REVOCATIONS_UNKNOWN_MAX;
  }

  #schedule(): void {
    if (this.#isClosed || this.#cancelTimer !== undefined || this.#entries.size === 0) return;
    const tick = (): void => {
      this.#cancelTimer = undefined;
      this.#retry();
      this.#schedule();
    };
    this.#cancelTimer = this.#around.platform.after(PENDING_REVOCATION_RETRY_MS, tick, 'background');
  }

  /** Starts a round unless one is running or there is nothing to do. */
  #retry(): void {
    const { platform, durable, background } = this.#around;
    if (this.#isClosed || this.#round !== undefined || durable.condition === 'down') return;
    const now = platform.monotonic();
    const due = [...this.#entries].filter(({ dueAt }) => dueAt <= now);
    if (due.length === 0) return;
    this.#round = this.#attemptAll(due).then((failure) => {
      this.#round = undefined;
      if (failure !== undefined) announceFailure('revocation', failure);
    });
    background.run('revocation', this.#round);
  }

  /** Resolves to the first failure. One that fails does not hold up the others; a durable tier that is down ends the round. */
  async #attemptAll(entries: readonly Entry[]): Promise<unknown> {
    const { platform, durable } = this.#around;
    const next = entries.values();
    let failure: unknown;
    const work = async (): Promise<void> => {
      for (const entry of next) {
        if (durable.condition === 'down' || platform.monotonic() >= this.#until) return;
        try {
          await entry.owed.attempt();
          this.#forget(entry);
        } catch (error) {
          failure ??= error;
          this.#postpone(entry);
        }
      }
    };
    await Promise.all(Array.from({ length: PENDING_REVOCATIONS_AT_ONCE }, work));
    return failure;
  }

  #postpone(entry: Entry): void {
    const { platform } = this.#around;
    entry.dueAt = platform.monotonic() + backoffMs(platform, PENDING_REVOCATION_BACKOFF, entry.failures);
    entry.failures += 1;
  }

  #forget(entry: Entry): void {
    const key = keyOf(entry.owed);
    this.#entries.delete(entry);
    if (key !== undefined) this.#refused.delete(key);
  }
}

/** Under which an entry is refused. */
function keyOf({ storageKey, refused }: OwedRevocation): string | undefined {
  return refused === null || storageKey === null ? undefined : nameOf(refused, storageKey);
}

function nameOf(refused: 'insert' | 'session', storageKey: Buffer): string {
  return `${refused} ${storageKey.toString('latin1')}`;
}
