import { Redis } from 'ioredis';
import { TierFailure } from '../../../errors.ts';
import { DIAGNOSIS_TIMEOUT_MS } from '../../../limits/primary-tier.ts';
import { withDeadline } from '../../../platform/deadline.ts';
import type { TierContext } from '../../context.ts';
import type { PrimaryFacts } from '../../diagnosis.ts';
import { clientSettings } from '../connection/client-settings.ts';
import { openSocket } from '../connection/socket.ts';
import { readAccess } from '../options/access.ts';
import type { Endpoint, SentinelTopology, ServerAccess, Topology } from '../options/topology.ts';
import { diagnoseServer, type ServerToDiagnose } from './server.ts';

/** Looks at the servers that the options name: of a cluster at those nodes, behind Sentinels at the master. Never rejects. */
export async function diagnoseRedis(
  topology: Topology,
  access: ServerAccess,
  context: TierContext,
): Promise<PrimaryFacts> {
  const servers = await serversOf(topology, access, context);
  return { servers: await Promise.all(servers.map((server) => diagnoseServer(server, context))) };
}

async function serversOf(
  topology: Topology,
  access: ServerAccess,
  context: TierContext,
): Promise<readonly ServerToDiagnose[]> {
  const at = (endpoint: Endpoint, name: string, db = 0): ServerToDiagnose => ({
    name,
    options: { ...access, endpoint, db },
    mode: topology.kind === 'cluster' ? 'cluster' : 'standalone',
  });
  if (topology.kind === 'standalone') return [at(topology.endpoint, 'Redis', topology.db)];
  if (topology.kind === 'cluster') return topology.nodes.map((node, n) => at(node, `node ${n + 1}`));
  const master = await masterOf(topology, context);
  return master === null ? [] : [at(master, 'the master')];
}

/** Asks the Sentinels in turn. Which of them counts is for the tier to say: this is only for a look. */
async function masterOf({ name, nodes }: SentinelTopology, { platform }: TierContext): Promise<Endpoint | null> {
  for (const node of nodes) {
    const redis = await readAccess(node, platform).then(
      ({ tls, credentials }) =>
        new Redis({ ...clientSettings(node, () => openSocket(node.endpoint, tls)), ...credentials }),
      () => null,
    );
    if (redis === null) continue;
    redis.on('error', () => {});
    try {
      const late = (): Error => new TierFailure('ambiguous', 'deadline');
      const answer = await withDeadline(platform, DIAGNOSIS_TIMEOUT_MS, askMaster(redis, name), late);
      if (answer !== null) return { host: answer[0], port: Number(answer[1]) };
    } catch {
      // `open` says what is wrong with the Sentinels.
    } finally {
      redis.disconnect();
    }
  }
  return null;
}

async function askMaster(redis: Redis, name: string): Promise<readonly [host: string, port: string] | null> {
  await redis.connect();
  return (await redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name)) as [string, string] | null;
}
