import type { PrismaClientLike } from '../../src/tiers/prisma/index.ts';

let statements = 0;

/** Returns the number of statements that this process has sent to its database. */
export function statementsSoFar(): number {
  return statements;
}

/** Returns the client, with its statements counted. */
export function counted(prisma: PrismaClientLike): PrismaClientLike {
  return {
    $queryRawUnsafe(text, ...values) {
      statements += 1;
      return prisma.$queryRawUnsafe(text, ...values);
    },
    $executeRawUnsafe(text, ...values) {
      statements += 1;
      return prisma.$executeRawUnsafe(text, ...values);
    },
  };
}
