import type { PrimaryTier } from '../../src/tiers/primary.ts';
import { type RedisCluster, startRedisCluster } from '../../test/support/servers/redis-cluster.ts';
import { clusterTierFor } from '../../test/support/topology-tiers.ts';
import { cycle } from '../measure/in-parallel.ts';
import { runRounds, type Rounds } from '../measure/rounds.ts';
import type { Subject } from '../measure/slice.ts';
import type { Options } from '../options.ts';
import type { Servers } from '../servers.ts';
import { countVisit, openClient, openDatabase } from '../stores/holdfast.ts';
import { createSessions, freshener, OFTEN_READ, reader } from '../subjects/ours.ts';

/** The same operations of two clients, one on one server and one on a cluster. */
export interface ClusterResult {
  readonly pairs: readonly { readonly operation: string; readonly standalone: string; readonly cluster: string }[];
  readonly rounds: Rounds;
}

const OPERATIONS = ['read hit, session read again', 'read hit, session not seen lately', 'update'];

/** Times a cluster of three masters against one server, in paired rounds. */
export async function cluster(servers: Servers, { throughput, seldomRead }: Options): Promise<ClusterResult> {
  await using redis = await startRedisCluster({ replicas: 0 });
  await using resources = new AsyncDisposableStack();
  const standalone = await open('one server', servers, seldomRead, resources);
  const clustered = await open('cluster', servers, seldomRead, resources, redis);
  const rounds = await runRounds([...standalone, ...clustered], throughput, { ...servers, moreRedis: redis.nodes });
  const pairs = OPERATIONS.map((operation, at) => ({
    operation,
    standalone: standalone[at]?.name ?? '',
    cluster: clustered[at]?.name ?? '',
  }));
  return { pairs, rounds };
}

/** Opens clients as the other cases do, over `redis` if it is given. */
async function open(
  where: string,
  servers: Servers,
  seldomRead: number,
  resources: AsyncDisposableStack,
  redis?: RedisCluster,
): Promise<Subject[]> {
  const database = await openDatabase(servers, where.replace(' ', '_'));
  resources.defer(() => database.close());
  const primary = (): { primary?: PrimaryTier } => (redis ? { primary: clusterTierFor(redis.coordinates) } : {});
  const [sessions, forgetful, toucher] = await Promise.all([
    openClient(servers, database, primary()),
    openClient(servers, database, { ...primary(), memo: false }),
    openClient(servers, database, { ...primary(), touchInterval: 0 }),
  ]);
  for (const client of [sessions, forgetful, toucher]) resources.defer(() => client.close());

  const often = await createSessions(sessions, OFTEN_READ);
  const seldom = await createSessions(sessions, seldomRead);
  const nextUpdate = cycle(await createSessions(sessions, OFTEN_READ));
  const calls: Omit<Subject, 'name'>[] = [
    { prepare: freshener(toucher, often), call: reader(sessions, often, 'primary') },
    { prepare: freshener(toucher, seldom), call: reader(forgetful, seldom, 'primary') },
    { call: async () => (await sessions.update(nextUpdate(), countVisit)).revision > 1 },
  ];
  return calls.map((call, at) => ({ ...call, name: `${where}: ${OPERATIONS[at]}` }));
}
