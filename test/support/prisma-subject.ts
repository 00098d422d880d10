import type { DurableTierSubject } from 'holdfast/testing';
import { prismaTier } from '../../src/tiers/prisma/index.ts';
import type { OpenedPrisma } from './servers/databases.ts';
import type { FreshDatabase } from './shared.ts';

/** The database of the tests, and the client whose tier is tried, which may reach it by another way. */
export interface TriedDatabase {
  readonly database: Pick<FreshDatabase, 'prisma' | 'provider'>;
  readonly client?: Pick<OpenedPrisma, 'prisma'>;
}

/** A tier through Prisma, for the cases of the durable contract. `tried` is there once the first case runs. */
export function prismaSubject(tried: () => TriedDatabase): DurableTierSubject {
  return {
    makeTier() {
      const { database, client = database } = tried();
      return prismaTier(client.prisma, { provider: database.provider });
    },
    async mark(storageKey, dirtyAt) {
      const where = { storageKey: new Uint8Array(storageKey) };
      await tried().database.prisma.holdfastSession.update({ where, data: { dirtyAt: BigInt(dirtyAt) } });
    },
    async see(namespace, { nodeId }, seenAt) {
      const where = { namespace, nodeId: new Uint8Array(nodeId) };
      await tried().database.prisma.holdfastSessionNode.updateMany({ where, data: { seenAt: BigInt(seenAt) } });
    },
  };
}
