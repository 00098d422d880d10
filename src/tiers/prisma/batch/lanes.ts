import { READ_LANE_ROWS_MIN, READ_LANE_WAIT_MS } from '../../../limits/durable-tier.ts';
import type { Platform } from '../../../platform/platform.ts';
import { TransientSet } from '../../../platform/transient.ts';
import type { LaneCounts } from '../../sql/dialects/dialect.ts';
import type { PrismaClientLike } from '../prisma-client.ts';

/** Occupies a lane until it settles, and never rejects. */
type Work = () => Promise<unknown>;

/**
 * The condition for opening a lane beside a busy one: this many calls at once, or one that has waited for this long.
 */
export interface LaneThrift {
  readonly platform: Platform;
  readonly rows: number;
  readonly waitMs: number;
}

/** Bounds the statements at a time. Work that finds no lane gets one in the order of arrival. */
export class Lanes {
  readonly #waiting = new TransientSet<Work>();
  readonly #count: number;
  readonly #thrift: LaneThrift | undefined;
  #free: number;
  #isWatching = false;

  /** Opens a free lane at once if there is no `thrift`. */
  constructor(count: number, thrift?: LaneThrift) {
    this.#count = count;
    this.#free = count;
    this.#thrift = thrift;
  }

  /** The fewest calls that get a lane beside a busy one. */
  get rowsMin(): number {
    return this.#thrift?.rows ?? 1;
  }

  get free(): number {
    return this.#free;
  }

  /**
   * Begins `work` at once if a lane is free, and either no other lane is busy or the calls `areEnough` for one more. Returns
   * a function that takes `work` out of the queue; it does nothing once `work` began.
   */
  enter(work: Work, areEnough = true): () => void {
    this.#waiting.add(work);
    if (areEnough || this.#free === this.#count) this.open();
    else this.#watch();
    return () => void this.#waiting.delete(work);
  }

  /** Begins the work that has waited longest, if a lane is free. */
  open(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#free === 0) return;
    this.#waiting.delete(next);
    this.#free -= 1;
    this.#begin(next);
  }

  /** Opens a lane for work that has waited too long behind a slow statement. */
  #watch(): void {
    const [oldest] = this.#waiting;
    if (oldest === undefined || this.#thrift === undefined || this.#isWatching) return;
    this.#isWatching = true;
    this.#thrift.platform.after(this.#thrift.waitMs, () => {
      this.#isWatching = false;
      const [stillOldest] = this.#waiting;
      if (stillOldest === oldest) this.open();
      this.#watch();
    });
  }

  #begin(work: Work): void {
    void work().then(() => this.#leave());
  }

  #leave(): void {
    this.#free += 1;
    this.open();
  }
}

/** The lanes of a tier, by kind of statement. */
export interface TierLanes {
  readonly reads: Lanes;
  readonly writes: Lanes;
  readonly single: Lanes;
  /** True if a lane belongs to its statement until the answer, however late. */
  readonly areHeld: boolean;
}

export function lanesFor(client: PrismaClientLike, counts: LaneCounts | null, platform: Platform): TierLanes {
  if (counts === null) {
    const only = onlyLaneOf(client);
    return { reads: only, writes: only, single: only, areHeld: true };
  }
  const { reads, writes, single } = counts;
  return {
    reads: new Lanes(reads, { platform, rows: READ_LANE_ROWS_MIN, waitMs: READ_LANE_WAIT_MS }),
    writes: new Lanes(writes),
    single: new Lanes(single),
    areHeld: false,
  };
}

const onlyLanes = new WeakMap<PrismaClientLike, Lanes>();

/** Tiers that share a client share its connection as well. */
function onlyLaneOf(client: PrismaClientLike): Lanes {
  const lane = onlyLanes.get(client) ?? new Lanes(1);
  onlyLanes.set(client, lane);
  return lane;
}
