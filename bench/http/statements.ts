import type { PrismaClientLike } from '../../src/tiers/prisma/index.ts';

let statements = 0;

/** How many statements this process has sent to its database. */
export function statementsSoFar(): number {
  return statements;
}

/** The client, with its statements counted. */
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
