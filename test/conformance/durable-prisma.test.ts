import { prismaTier } from '../../src/tiers/prisma/index.ts';
import { freshDatabase } from '../support/shared.ts';
import { describeDurableTier, type DurableDatabase } from './durable-contract.ts';
import { describeFleetTables } from './fleet-contract.ts';
import { describeSweep } from './sweep-contract.ts';

for (const provider of ['mysql', 'postgresql', 'sqlite'] as const) {
  const openDatabase = async (): Promise<DurableDatabase> => {
    const database = await freshDatabase(provider);
    return {
      makeTier: () => prismaTier(database.prisma, { provider }),
      mark: async (storageKey, dirtyAt) => {
        const where = { storageKey: new Uint8Array(storageKey) };
        await database.prisma.holdfastSession.update({ where, data: { dirtyAt: BigInt(dirtyAt) } });
      },
      close: () => database.close(),
    };
  };
  describeDurableTier(`prisma on ${provider}`, openDatabase);
  describeFleetTables(`prisma on ${provider}`, openDatabase);
  describeSweep(`prisma on ${provider}`, openDatabase);
}
