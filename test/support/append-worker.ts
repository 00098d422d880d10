import { KeyRing, SessionClient } from '../../src/index.ts';
import { prismaTier } from '../../src/tiers/prisma/index.ts';
import { redisTierFor, type Shop } from './real-client.ts';
import { openPrisma } from './servers/databases.ts';
import type { RedisCoordinates } from './servers/redis.ts';

/** Processes that work at full speed are slow on a busy machine, which is no outage. */
const CONNECT_MS = 10_000;

/** What a process of its own needs to be one more node of the fleet. Sent over IPC: it holds secrets. */
export interface AppendOrders {
  readonly jwks: unknown;
  readonly redis: RedisCoordinates;
  readonly databaseUrl: string;
  readonly databaseCa: string;
  readonly namespace: string;
  readonly sessionId: string;
  readonly items: readonly string[];
}

/** Appends every item to the one session, all at once; answers how many updates were acknowledged. */
async function append(orders: AppendOrders): Promise<number> {
  const { prisma, close } = await openPrisma('postgresql', orders.databaseUrl, {
    ca: orders.databaseCa,
    connectMs: CONNECT_MS,
  });
  const sessions = new SessionClient<Shop>({
    keys: KeyRing.fromJwks(orders.jwks),
    primary: redisTierFor(orders.redis),
    durable: prismaTier(prisma, { provider: 'postgresql' }),
    namespace: orders.namespace,
    updateTimeout: '60s',
  });
  const updates = await Promise.all(
    orders.items.map((item) => sessions.update(orders.sessionId, (data) => void data.cart.push(item))),
  );
  await sessions.close();
  await close();
  return updates.length;
}

process.once('message', (orders: AppendOrders) => {
  append(orders).then(
    (acknowledged) => process.send?.({ acknowledged }, () => process.exit(0)),
    (error: unknown) => process.send?.({ error: String(error) }, () => process.exit(1)),
  );
});
