import { subscribe } from 'node:diagnostics_channel';
import { KeyRing, SessionClient } from '../../src/index.ts';
import { DURABLE_IN_FLIGHT_MAX } from '../../src/limits/durable-tier.ts';
import { systemPlatform, type Platform } from '../../src/platform/platform.ts';
import type { PrimaryTier } from '../../src/tiers/primary.ts';
import { prismaTier } from '../../src/tiers/prisma/index.ts';
import { Random } from '../simulation/random.ts';
import { redisTierFor } from '../support/real-client.ts';
import { openPrisma } from '../support/servers/databases.ts';
import { until } from '../support/servers/until.ts';
import { clusterTierFor, sentinelTierFor } from '../support/topology-tiers.ts';
import { DURABLE_TIMEOUT_MS } from './bounds.ts';
import { machineTime } from './clock.ts';
import { Journal } from './journal.ts';
import { KnownSessions } from './known-sessions.ts';
import type { FromNode, NodeOrders, TierEvent, ToNode } from './messages.ts';
import type { RedisOrders } from './redis/fleet-redis.ts';
import { StallWatch } from './stalls.ts';
import { Workload, type Cart } from './workload.ts';

/** More than the library may use at once, so that it is the library's own bound that is seen. */
const POOL_CONNECTIONS = DURABLE_IN_FLIGHT_MAX + 2;
/** No session has it. */
const NOBODYS_ID = 'A'.repeat(43);

const clock = { skewMs: 0 };
/** The system's, except that somebody may have set the wall clock wrong. */
const platform: Platform = { ...systemPlatform, now: () => systemPlatform.now() + clock.skewMs };
const events: TierEvent[] = [];
const stallWatch = new StallWatch();
let workload: Workload | undefined;

/** One node of the fleet: a client as an application makes it, in a process of its own. */
async function start(orders: NodeOrders): Promise<Workload> {
  const { provider, url, ca } = orders.database;
  const { prisma } = await openPrisma(provider, url, { ca, connections: POOL_CONNECTIONS });
  const client = new SessionClient<Cart>({
    keys: KeyRing.fromJwks(orders.jwks),
    primary: tierFor(orders.redis),
    durable: prismaTier(prisma, { provider }),
    durableTimeout: DURABLE_TIMEOUT_MS,
    revalidateAfter: orders.revalidateAfterMs,
    platform,
  });
  // Starting is not what is tested here, and the machine is busy with everybody's.
  await until(() => client.ready().then(() => true), { what: `${orders.name} to be ready` });
  const question = (): Promise<unknown> => client.get(NOBODYS_ID, { consistency: 'strong' });
  await Promise.allSettled(Array.from({ length: POOL_CONNECTIONS }, question));
  subscribe('holdfast:tier-change', (message) => {
    events.push({ ...(message as Omit<TierEvent, 'at' | 'node'>), at: machineTime(), node: orders.name });
  });
  return new Workload(
    orders,
    new Random(orders.seed),
    client,
    new KnownSessions((news) => send({ kind: 'news', news })),
    new Journal(orders.journal),
  );
}

function tierFor(orders: RedisOrders): PrimaryTier {
  switch (orders.topology) {
    case 'standalone':
      return redisTierFor(orders.server);
    case 'sentinel':
      return sentinelTierFor(orders.sentinels);
    case 'cluster':
      return clusterTierFor(orders.cluster, orders.natMap);
    default:
      return orders satisfies never;
  }
}

async function obey(message: ToNode): Promise<void> {
  if (message.kind === 'start') workload = await start(message.orders);
  if (workload === undefined) throw new Error('not started');
  switch (message.kind) {
    case 'learn':
      workload.sessions.learn(message.news);
      return;
    case 'skew':
      clock.skewMs = message.skewMs;
      return;
    case 'report':
      return send({ kind: 'report', events, stalls: stallWatch.stalls });
    case 'start':
      break;
    case 'work':
      workload.start();
      break;
    case 'rest':
      await workload.stop();
      break;
    case 'look':
      await workload.look();
      break;
    default:
      message satisfies never;
  }
  send({ kind: message.kind });
}

function send(message: FromNode): void {
  process.send?.(message);
}

// The parent has ended.
process.once('disconnect', () => process.exit(1));
process.on('message', (message: ToNode) => {
  obey(message).catch((error: unknown) => send({ kind: 'failed', message: String(error) }));
});
