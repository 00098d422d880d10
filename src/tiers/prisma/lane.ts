import type { PrismaClientLike } from './prisma-client.ts';

/** Work that is done one piece after the other, in the order of its arrival. */
export class Lane {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}

const lanes = new WeakMap<PrismaClientLike, Lane>();

/** The lane of this client: tiers that share a client share its connection as well. */
export function laneOf(client: PrismaClientLike): Lane {
  const lane = lanes.get(client) ?? new Lane();
  lanes.set(client, lane);
  return lane;
}
