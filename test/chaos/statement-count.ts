import type { PrismaClientLike } from '../../src/tiers/prisma/index.ts';
import { machineTime } from './clock.ts';

/** A Prisma client that notes when statements are sent through it, and how many wait for their answers at once. */
export class StatementCount implements PrismaClientLike {
  readonly #prisma: PrismaClientLike;
  readonly #sentAt: number[] = [];
  #inFlight = 0;
  /** At once. */
  most = 0;

  constructor(prisma: PrismaClientLike) {
    this.#prisma = prisma;
  }

  $queryRawUnsafe(query: string, ...values: unknown[]): Promise<unknown> {
    return this.#counted(this.#prisma.$queryRawUnsafe(query, ...values));
  }

  $executeRawUnsafe(query: string, ...values: unknown[]): Promise<number> {
    return this.#counted(this.#prisma.$executeRawUnsafe(query, ...values));
  }

  sentBetween(from: number, to: number): number {
    return this.#sentAt.filter((at) => at >= from && at < to).length;
  }

  async #counted<T>(answer: PromiseLike<T>): Promise<T> {
    this.#sentAt.push(machineTime());
    this.#inFlight += 1;
    this.most = Math.max(this.most, this.#inFlight);
    try {
      return await answer;
    } finally {
      this.#inFlight -= 1;
    }
  }
}
