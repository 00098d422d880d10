/**
 * The part of a Prisma client that the tier uses. Any client of Prisma 7 fits, generated for any schema and extended or
 * not, and the library depends on no version of Prisma. Raw statements only: `upsert`, `create` and `update` of the
 * client may be several statements, which no compare-and-swap survives.
 */
export interface PrismaClientLike {
  $queryRawUnsafe(query: string, ...values: unknown[]): PromiseLike<unknown>;
  $executeRawUnsafe(query: string, ...values: unknown[]): PromiseLike<number>;
  /** Gets a new connection with SQLite; never used for a write. */
  $transaction?(work: () => Promise<unknown>): PromiseLike<unknown>;
}
