import { generateKeyRing, SessionClient, type SessionClientOptions } from '../../../src/index.ts';
import { prismaTier } from '../../../src/tiers/prisma/index.ts';
import { interceptDurable, interceptPrimary } from '../../support/intercepted-tiers.ts';
import { redisTierFor } from '../../support/real-client.ts';
import type { RedisCoordinates } from '../../support/servers/redis.ts';
import { freshDatabase, sharedRedis, uniqueNamespace } from '../../support/shared.ts';

/** What a node does by itself, whether there are requests or not. */
const OF_THE_NODE = new Set([
  'confirm',
  'feed.read',
  'fleet.heartbeat',
  'fleet.nameMasters',
  'fleet.raiseRing',
  'fleet.read',
  'open',
  'probe',
  'upkeep.claimSweep',
]);

export interface RealSessions extends AsyncDisposable {
  readonly sessions: SessionClient;
  readonly durable: ReturnType<typeof interceptDurable>;
  /** Commands and statements of the calls that `visit` makes, in the order of either. */
  costOf(visit: () => Promise<unknown>): Promise<string>;
}

/** One client over a real Redis and PostgreSQL, whose commands and statements can be counted. */
export async function realSessions(
  options: Partial<SessionClientOptions<unknown>> = {},
  redis: Pick<RedisCoordinates, 'ca' | 'password' | 'port' | 'username'> = sharedRedis(),
): Promise<RealSessions> {
  const database = await freshDatabase('postgresql');
  const primary = interceptPrimary(redisTierFor(redis));
  const durable = interceptDurable(prismaTier(database.prisma, { provider: 'postgresql' }));
  const sessions = new SessionClient({
    namespace: uniqueNamespace(),
    keys: await generateKeyRing(),
    primary: primary.tier,
    durable: durable.tier,
    ...options,
  });
  await sessions.ready();
  const calls = (): string => {
    const [commands, statements] = [primary.calls, durable.calls].map((all) =>
      all.filter((call) => !OF_THE_NODE.has(call)),
    );
    return [...commands!.map((name) => `Redis ${name}`), ...statements!.map((name) => `SQL ${name}`)].join(', ');
  };
  return {
    sessions,
    durable,
    async costOf(visit) {
      primary.calls.length = 0;
      durable.calls.length = 0;
      await visit();
      return calls();
    },
    async [Symbol.asyncDispose]() {
      await sessions.close();
      await database.close();
    },
  };
}
