// The public interface, written by "npm run api". Review a change of it as a change of the package.

export type { PrismaClientLike, PrismaProvider, PrismaTierOptions };

declare const DATABASE_NAMES: readonly ["mysql", "postgresql", "sqlite"];

type DatabaseName = (typeof DATABASE_NAMES)[number];

interface PrismaClientLike {
  $queryRawUnsafe(query: string, ...values: unknown[]): PromiseLike<unknown>;
  $executeRawUnsafe(query: string, ...values: unknown[]): PromiseLike<number>;
  $transaction?(work: () => Promise<unknown>): PromiseLike<unknown>;
}

type PrismaProvider = DatabaseName;

export declare function prismaTier(prisma: PrismaClientLike, options: PrismaTierOptions): DurableTier;

interface PrismaTierOptions {
  readonly provider: PrismaProvider;
  readonly table?: string;
}
