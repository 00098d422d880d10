import { TransientSet } from '../../../platform/transient.ts';
import type { LaneCounts } from '../../sql/dialects/dialect.ts';
import type { PrismaClientLike } from '../prisma-client.ts';

/** Does not reject. The lane is free again when it settles. */
type Work = () => Promise<unknown>;

/** So many statements at a time. Who finds no lane free gets one in the order of arrival. */
export class Lanes {
  readonly #waiting = new TransientSet<Work>();
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  get free(): number {
    return this.#free;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Begins `work` at once if a lane is free. Answers what takes it out of the line again; it does nothing once it began. */
  enter(work: Work): () => void {
    if (this.#free > 0) {
      this.#free -= 1;
      this.#begin(work);
    } else {
      this.#waiting.add(work);
    }
    return () => void this.#waiting.delete(work);
  }

  #begin(work: Work): void {
    void work().then(() => this.#leave());
  }

  #leave(): void {
    const [next] = this.#waiting;
    if (next) {
      this.#waiting.delete(next);
      this.#begin(next);
    } else {
      this.#free += 1;
    }
  }
}

/** The lanes of a tier, by what goes through them. */
export interface TierLanes {
  readonly reads: Lanes;
  readonly writes: Lanes;
  readonly single: Lanes;
  /** Whether a lane belongs to its statement until that is answered, however late. */
  readonly areHeld: boolean;
}

export function lanesFor(client: PrismaClientLike, counts: LaneCounts | null): TierLanes {
  if (counts === null) {
    const only = onlyLaneOf(client);
    return { reads: only, writes: only, single: only, areHeld: true };
  }
  const { reads, writes, single } = counts;
  return { reads: new Lanes(reads), writes: new Lanes(writes), single: new Lanes(single), areHeld: false };
}

const onlyLanes = new WeakMap<PrismaClientLike, Lanes>();

/** Tiers that share a client share its connection as well. */
function onlyLaneOf(client: PrismaClientLike): Lanes {
  const lane = onlyLanes.get(client) ?? new Lanes(1);
  onlyLanes.set(client, lane);
  return lane;
}
