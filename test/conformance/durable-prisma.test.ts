import { prismaTier } from '../../src/tiers/prisma/index.ts';
import { freshDatabase } from '../support/shared.ts';
import { describeDurableTier } from './durable-contract.ts';

for (const provider of ['postgresql', 'sqlite'] as const) {
  describeDurableTier(`prisma on ${provider}`, async () => {
    const database = await freshDatabase(provider);
    return {
      makeTier: () => prismaTier(database.prisma, { provider }),
      close: () => database.close(),
    };
  });
}
