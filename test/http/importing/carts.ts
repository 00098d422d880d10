import { generateKeyRing, SessionClient } from '../../../src/index.ts';
import { prismaTier } from '../../../src/tiers/prisma/index.ts';
import { redisTierFor } from '../../support/real-client.ts';
import { freshDatabase, sharedRedis, uniqueNamespace } from '../../support/shared.ts';
import type { Cart } from './sites.ts';

/** Two nodes' clients over one Redis and one PostgreSQL. */
export interface Carts {
  readonly clients: readonly [SessionClient<Cart>, SessionClient<Cart>];
  close(): Promise<void>;
}

export async function openCarts(): Promise<Carts> {
  const database = await freshDatabase('postgresql');
  const namespace = uniqueNamespace();
  const keys = await generateKeyRing();
  const open = async () => {
    const { prisma } = await database.open();
    const primary = redisTierFor(sharedRedis());
    const client = new SessionClient<Cart>({
      namespace,
      keys,
      primary,
      durable: prismaTier(prisma, { provider: 'postgresql' }),
    });
    await client.ready();
    return client;
  };
  const clients = [await open(), await open()] as const;
  return {
    clients,
    async close() {
      await Promise.all(clients.map((client) => client.close()));
      await database.close();
    },
  };
}
