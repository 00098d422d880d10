export type { PrismaClientLike } from './prisma-client.ts';
export type { PrismaProvider, PrismaTierOptions } from './prisma-options.ts';
export { prismaTier } from './prisma-tier.ts';
