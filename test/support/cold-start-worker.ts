import { keyRingFile, SessionClient, TierUnavailableError } from '../../src/index.ts';
import { prismaTier } from '../../src/tiers/prisma/index.ts';
import { redisTierFor, type Shop } from './real-client.ts';
import { openPrisma } from './servers/databases.ts';
import type { RedisCoordinates } from './servers/redis.ts';

/** What a process that starts while its database is away is given. Sent over IPC: it holds secrets. */
/** Processes that start at once are slow on a busy machine, which is no outage. */
const TIMEOUTS = { connectMs: 10_000, durableTimeout: '5s' } as const;

export interface ColdStartOrders {
  readonly ringFile: string;
  readonly passphrase: string;
  readonly redis: RedisCoordinates;
  readonly databaseUrl: string;
  readonly databaseCa: string;
  readonly namespace: string;
}

export type ColdStartNews = 'not-ready-yet' | 'ready' | 'failed';

async function start(orders: ColdStartOrders): Promise<void> {
  const { prisma, close } = await openPrisma('postgresql', orders.databaseUrl, {
    ca: orders.databaseCa,
    connectMs: TIMEOUTS.connectMs,
  });
  const sessions = new SessionClient<Shop>({
    keys: keyRingFile(orders.ringFile, { passphrase: orders.passphrase }),
    primary: redisTierFor(orders.redis),
    durable: prismaTier(prisma, { provider: 'postgresql' }),
    namespace: orders.namespace,
    durableTimeout: TIMEOUTS.durableTimeout,
  });
  try {
    await sessions.ready({ timeout: 0 });
  } catch (error) {
    if (!(error instanceof TierUnavailableError)) throw error;
    send('not-ready-yet');
  }
  await sessions.ready({ timeout: '60s' });
  await sessions.create({ cart: [] });
  send('ready');
  await sessions.close();
  await close();
  process.disconnect();
}

function send(news: ColdStartNews): void {
  process.send?.(news);
}

process.once('message', (orders: ColdStartOrders) => {
  start(orders).catch(() => process.send?.('failed' satisfies ColdStartNews, () => process.exit(1)));
});
