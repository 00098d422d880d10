import { FEED_FRESH_MS } from '../../limits/feed.ts';
import { MASTERS_GRACE_MS } from '../../limits/masters.ts';
import { elapsedSince, type Moment } from '../../platform/moment.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Named, Names, Report } from './names.ts';

/** A poll of the durable tier that has begun, as one shard sees it. */
export interface Question {
  readonly begunAt: Moment;
  /** The connection over which the shard was reached by then. */
  readonly connection: number;
  /** The incarnation that is connected, if the durable tier has it as this node's report; else null. */
  readonly reported: string | null;
}

/** The answer to a poll, for all shards. */
export interface PollAnswer {
  readonly names: Names;
  /** The report that all live nodes share; null if there is none. */
  readonly agreed: Report | null;
}

/** A name that has been the same in each poll, without a gap. */
interface Seen extends Named {
  /** The time of the monotonic clock at which the first of these polls was answered. */
  readonly since: number;
  /** The beginning of the last of them. */
  readonly begunAt: Moment;
  /** True if no node goes by an earlier name any more. */
  readonly isClear: boolean;
}

/**
 * Knows whether the server of one shard counts at this node: whether the durable tier names its incarnation, and no other node may
 * still use another server by an earlier name.
 */
export class Standing {
  readonly #platform: Platform;
  readonly #shard: string;
  #connection = 0;
  #seen: Seen | null = null;
  /** The incarnation that counted in the last answered poll, and the beginning of that poll. */
  #counted: { readonly incarnation: string; readonly nonce: string; readonly begunAt: Moment } | null = null;

  constructor(platform: Platform, shard: string) {
    this.#platform = platform;
    this.#shard = shard;
  }

  /** The incarnation that counted in the last answered poll on the present connection, however long ago that was; else null. */
  get incarnation(): string | null {
    return this.#counted?.incarnation ?? null;
  }

  /** Names the reign in which it counts: the same incarnation, named again, is another one. */
  get reign(): string | null {
    return this.#counted === null ? null : `${this.#counted.incarnation}.${this.#counted.nonce}`;
  }

  /**
   * True if this incarnation counts, and that was found out so lately that no node uses another one yet: a write that the server has
   * just answered may be acknowledged.
   */
  countsLately(incarnation: string): boolean {
    if (this.#counted?.incarnation !== incarnation) return false;
    return elapsedSince(this.#platform, this.#counted.begunAt) <= FEED_FRESH_MS;
  }

  /** Notes that the server is not reached any more. It counts again after a poll that begins later. */
  disconnect(): void {
    this.#connection += 1;
    this.#counted = null;
  }

  /** Begins a poll. */
  ask(begunAt: Moment, reported: string | null): Question {
    return { begunAt, connection: this.#connection, reported };
  }

  /** Takes the answer of a poll. */
  take({ begunAt, connection, reported }: Question, { names, agreed }: PollAnswer): void {
    const name = names.get(this.#shard);
    this.#seen = name === undefined ? null : this.#see(name, agreed?.get(this.#shard), begunAt);
    if (connection !== this.#connection) return;
    const seen = this.#seen;
    const counts = reported !== null && seen?.incarnation === reported && seen.isClear;
    this.#counted = counts ? { incarnation: reported, nonce: seen.nonce, begunAt } : null;
  }

  #see(name: Named, agreed: string | undefined, begunAt: Moment): Seen {
    const seen = this.#seen;
    const isSame =
      seen?.incarnation === name.incarnation &&
      seen.nonce === name.nonce &&
      // In a gap, a database may have named another server and lost that commit.
      timeBetween(seen.begunAt, begunAt) <= FEED_FRESH_MS;
    const since = isSame ? seen.since : this.#platform.monotonic();
    const isClear =
      (isSame && seen.isClear) ||
      // Each node stops using a server before it reports another one.
      agreed === name.incarnation ||
      begunAt.monotonic - since >= MASTERS_GRACE_MS;
    return { ...name, since, begunAt, isClear };
  }
}

function timeBetween(earlier: Moment, later: Moment): number {
  return Math.max(later.monotonic - earlier.monotonic, later.wall - earlier.wall);
}
