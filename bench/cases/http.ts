import { startRedis, type RedisServer } from '../../test/support/servers/redis.ts';
import { OUR_SITES, PAGE_KEYS, SITE_KEYS, type SiteKey } from '../http/names.ts';
import { probe, type OutageProbe } from '../http/outage-probe.ts';
import { RunningSite } from '../http/running-site.ts';
import { NAMESPACES } from '../http/sessions.ts';
import { visitsTo } from '../http/visits.ts';
import { wireOf, type Wire } from '../http/wire.ts';
import { runRounds, type Rounds, type Schedule } from '../measure/rounds.ts';
import type { Options } from '../options.ts';
import { addPeer, startServers, type Servers } from '../servers.ts';

export interface HttpResult {
  readonly schedule: Schedule;
  readonly rounds: Rounds;
  /** The wire costs, by the names of the rounds. */
  readonly wires: Readonly<Record<string, Wire>>;
  readonly probes: readonly OutageProbe[];
}

/**
 * Compares servers of Express and Fastify, each in a process of its own; this process only sends requests. Each site
 * runs twice, on a Redis that stays and on one that is killed, so that both are in the same rounds. For a peer whose
 * Redis is down, only its answers are recorded, no rate.
 */
export async function http({ http: schedule }: Options): Promise<HttpResult> {
  await using servers = await startServers({ namespace: NAMESPACES });
  await using doomed = await startRedis({ namespace: NAMESPACES });
  using resources = new DisposableStack();
  const up = await startSites(servers, servers, 'up', resources);
  const down = await startSites(servers, { redis: doomed, peer: await addPeer(doomed) }, 'down', resources);
  await doomed.kill();
  const probes = await Promise.all(down.map((site) => probe(site, schedule.callers)));
  const left = down.filter(({ key }) => OUR_SITES.includes(key));
  for (const site of down) if (!left.includes(site)) site[Symbol.dispose]();
  const visits = [
    ...up.flatMap((site) => PAGE_KEYS.map((page) => visitsTo(site, page, false))),
    ...left.flatMap((site) => PAGE_KEYS.filter(usesSession).map((page) => visitsTo(site, page, true))),
  ];
  const rounds = await runRounds(visits, schedule, servers);
  const wires = await servers.redis.asAdmin(async (admin) => {
    const all: Record<string, Wire> = {};
    for (const visit of visits) all[visit.name] = await wireOf(visit, admin, schedule.callers);
    return all;
  });
  return { schedule, rounds, wires, probes: probes.flat() };
}

const usesSession = (page: (typeof PAGE_KEYS)[number]): boolean => page !== 'anonymous';

async function startSites(
  servers: Servers,
  { redis, peer }: { readonly redis: RedisServer } & Pick<Servers, 'peer'>,
  name: string,
  resources: DisposableStack,
): Promise<RunningSite[]> {
  const start = async (site: SiteKey): Promise<RunningSite> => {
    const isOurs = OUR_SITES.includes(site);
    const { ca, host, password, port, username } = redis;
    const running = await RunningSite.start({
      site,
      redis: { ca, host, password, port, username },
      peer,
      databaseUrl: isOurs ? await servers.newDatabase(`http_${site.toLowerCase()}_${name}`) : undefined,
      databaseCa: servers.postgres.ca,
    });
    resources.use(running);
    return running;
  };
  const sites: RunningSite[] = [];
  // Started one after the other: a dozen processes that begin at once time out on each other.
  for (const site of SITE_KEYS) sites.push(await start(site));
  return sites;
}
