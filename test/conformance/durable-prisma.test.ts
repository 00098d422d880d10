import { durableTierCases, type DurableTierSubject } from 'holdfast/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { prismaTier } from '../../src/tiers/prisma/index.ts';
import { DATABASE_NAMES } from '../../src/tiers/sql/tag.ts';
import { freshDatabase, type FreshDatabase } from '../support/shared.ts';

describe.each(DATABASE_NAMES)('the durable tier contract: prisma on %s', (provider) => {
  let database: FreshDatabase;
  const subject: DurableTierSubject = {
    makeTier: () => prismaTier(database.prisma, { provider }),
    async mark(storageKey, dirtyAt) {
      const where = { storageKey: new Uint8Array(storageKey) };
      await database.prisma.holdfastSession.update({ where, data: { dirtyAt: BigInt(dirtyAt) } });
    },
    async see(namespace, { nodeId }, seenAt) {
      const where = { namespace, nodeId: new Uint8Array(nodeId) };
      await database.prisma.holdfastSessionNode.updateMany({ where, data: { seenAt: BigInt(seenAt) } });
    },
  };

  beforeAll(async () => {
    database = await freshDatabase(provider);
  });
  afterAll(() => database?.close());

  it.each(durableTierCases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run(subject));
});
