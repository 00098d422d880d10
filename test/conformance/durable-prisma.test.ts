import { prismaTier } from '../../src/tiers/prisma/index.ts';
import { freshDatabase } from '../support/shared.ts';
import { describeDurableTier } from './durable-contract.ts';

for (const provider of ['postgresql', 'sqlite'] as const) {
  describeDurableTier(`prisma on ${provider}`, async () => {
    const database = await freshDatabase(provider);
    return {
      makeTier: () => prismaTier(database.prisma, { provider }),
      mark: async (storageKey, dirtyAt) => {
        const where = { storageKey: new Uint8Array(storageKey) };
        await database.prisma.holdfastSession.update({ where, data: { dirtyAt: BigInt(dirtyAt) } });
      },
      close: () => database.close(),
    };
  });
}
