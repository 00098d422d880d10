import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { generateKeyRing, SessionClient, type TierChange } from '../../src/index.ts';
import { PRIMARY_TIMEOUT_MS_DEFAULT } from '../../src/limits/primary-tier.ts';
import { storageKeyOf } from '../../src/session/session-id.ts';
import { prismaTier } from '../../src/tiers/prisma/index.ts';
import type { DurableTier } from '../../src/tiers/durable.ts';
import type { PrimaryTier } from '../../src/tiers/primary.ts';
import { KeyNames } from '../../src/tiers/redis/key-names.ts';
import type { Shop } from '../support/real-client.ts';
import { openPrisma } from '../support/servers/databases.ts';
import { type ClusterNode, type RedisCluster, startRedisCluster } from '../support/servers/redis-cluster.ts';
import { startRedisSentinel } from '../support/servers/redis-sentinel.ts';
import { received } from '../support/received.ts';
import { until } from '../support/servers/until.ts';
import { freshDatabase } from '../support/shared.ts';
import { clusterTierFor, sentinelTierFor } from '../support/topology-tiers.ts';
import { FEED_BOUND_MS } from './bounds.ts';
import { machineTime } from './clock.ts';
import { StallWatch } from './stalls.ts';
import { StatementCount } from './statement-count.ts';
import { describeCalls, Traffic, type TrafficCall } from './traffic.ts';

/** The figures of fail-overs and of a resharding under load: 64 callers, two clients. */
const CALLERS = 64;
const CLIENTS = 2;
const POOL_CONNECTIONS = 24;
const WARM_MS = 1_500;
const SWITCH_MS = 1_000;
/** A thousand in `npm run soak`: a slot takes some 15 ms. */
const SLOTS_MOVED = Number(process.env['FAIL_OVER_SLOTS'] ?? 40);

interface Nodes extends AsyncDisposable {
  readonly clients: readonly SessionClient<Shop>[];
  readonly statements: StatementCount;
}

/** Clients with a database of their own. */
async function openClients(primary: () => PrimaryTier): Promise<Nodes> {
  const resources = new AsyncDisposableStack();
  const database = resources.use(await freshDatabase('postgresql'));
  const { url, ca = '' } = database;
  const { prisma } = resources.use(await openPrisma('postgresql', url, { ca, connections: POOL_CONNECTIONS }));
  const statements = new StatementCount(prisma);
  const keys = await generateKeyRing();
  const durable = (): DurableTier => prismaTier(statements, { provider: 'postgresql' });
  const clients = Array.from({ length: CLIENTS }, () =>
    resources.use(new SessionClient<Shop>({ keys, primary: primary(), durable: durable() })),
  );
  await Promise.all(clients.map((client) => client.ready()));
  return { clients, statements, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

function print(title: string, lines: Readonly<Record<string, string>>): void {
  const text = Object.entries(lines).map(([name, value]) => `  ${name}: ${value}`);
  process.stdout.write([title, ...text, ''].join('\n'));
}

/** Reads that knew less than was promised: what the client itself had written, or others longer ago than the bound. */
const tooStale = ({ calls }: Traffic): TrafficCall[] =>
  calls.filter(({ staleMs, isOwn }) => staleMs > (isOwn ? 0 : FEED_BOUND_MS));

/** The reasons for which a shard that answers late is out of use. */
const LATE: ReadonlySet<string> = new Set(['deadline', 'silent', 'slow', 'too-slow']);

const stale = (calls: readonly TrafficCall[]): TrafficCall[] => calls.filter(({ staleMs }) => staleMs > 0);
const fromDatabase = (calls: readonly TrafficCall[]): TrafficCall[] =>
  calls.filter(({ servedBy }) => servedBy === 'durable');

/** How long after `from` these sessions were first served by Redis again, once it had been gone. */
function servedAgainMs(traffic: Traffic, sessions: ReadonlySet<number>, from: number): number {
  const reads = traffic.calls.filter(({ session, servedBy, at }) => servedBy && sessions.has(session) && at >= from);
  const gone = reads.find(({ servedBy }) => servedBy === 'durable')?.at ?? from;
  const again = reads.find(({ servedBy, at }) => servedBy === 'primary' && at > gone);
  return (again?.at ?? Infinity) - from;
}

describe('a cluster under load', () => {
  let cluster: RedisCluster;
  let nodes: Nodes;
  let traffic: Traffic;
  let stalls: StallWatch;
  let changes: readonly TierChange[];
  /** A shard went out of use because it answered late, or this process was blocked. */
  const wasLate = (since: number): boolean =>
    stalls.stalls.some(({ to }) => to > since - WARM_MS) ||
    changes.some(({ tier, reason }) => tier === 'primary' && LATE.has(reason));
  /** The machine was too busy to answer in time, which trips time-outs and delays polls as a slow server does. */
  const wasBusy = (since: number, calls: readonly TrafficCall[]): boolean =>
    wasLate(since) || calls.some(({ ms }) => ms > PRIMARY_TIMEOUT_MS_DEFAULT);

  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(() => cluster?.stop());

  beforeEach(async () => {
    stalls = new StallWatch();
    changes = received<TierChange>('holdfast:tier-change');
    nodes = await openClients(() => clusterTierFor(cluster.coordinates));
    traffic = await Traffic.start(nodes.clients, CALLERS);
    await traffic.goesOn(WARM_MS);
    await traffic.isServedByRedis();
  });
  afterEach(async () => {
    stalls.stop();
    await traffic?.stop();
    await nodes?.[Symbol.asyncDispose]();
  });

  /** The sessions whose keys a master has, and the others. */
  async function sessionsOf(master: ClusterNode): Promise<{ own: Set<number>; others: Set<number> }> {
    const names = new KeyNames('holdfast');
    const keys = traffic.ids.map((id) => names.session(storageKeyOf(id)));
    const witness = cluster.node(0);
    const slots = await witness.asAdmin((admin) => Promise.all(keys.map((key) => admin.cluster('KEYSLOT', key))));
    const ranges = (await witness.clusterNodes()).find(({ id }) => id === master.id)?.ranges ?? [];
    const isOwn = (slot: number): boolean => ranges.some(([first, last]) => slot >= first && slot <= last);
    const [own, others] = [new Set<number>(), new Set<number>()];
    for (const [session, slot] of slots.entries()) (isOwn(slot) ? own : others).add(session);
    return { own, others };
  }

  it('loses no call and reads nothing stale while slots move', { timeout: 120_000 }, async () => {
    const [from, to] = [cluster.node(1), cluster.node(2)];
    const first = (await from.clusterNodes()).find(({ id }) => id === from.id)?.ranges[0]?.[0] ?? 0;
    const beganAt = machineTime();
    await cluster.moveSlots(
      from,
      to,
      Array.from({ length: SLOTS_MOVED }, (_, n) => first + n),
    );
    const endedAt = machineTime();
    await traffic.goesOn(SWITCH_MS);
    const failed = await traffic.stop();
    const during = traffic.between(beganAt, endedAt);
    print(`${SLOTS_MOVED} slots moved within ${(endedAt - beganAt).toFixed(0)} ms under ${CALLERS} callers`, {
      before: describeCalls(traffic.between(beganAt - SWITCH_MS, beganAt)),
      meanwhile: describeCalls(during),
      failed: String(failed.length),
      'a shard was late': String(wasLate(beganAt)),
    });
    expect(failed).toEqual([]);
    expect(tooStale(traffic)).toEqual([]);
    if (!wasLate(beganAt)) expect(stale(during)).toEqual([]);
    expect(during.length).toBeGreaterThan(CALLERS);
  });

  it(
    'loses no call when a master is killed, and serves its sessions from the replica',
    { timeout: 120_000 },
    async () => {
      const master = cluster.node(1);
      const heir = cluster.node(4);
      const { own, others } = await sessionsOf(master);
      const killedAt = machineTime();
      await master.kill();
      await until(() => heir.isMaster(), { what: 'the election' });
      const electedAt = machineTime();
      await traffic.goesOn(SWITCH_MS);
      await traffic.isServedByRedis();
      const failed = await traffic.stop();
      await master.start();
      await cluster.whenServing();
      await cluster.promote(master);
      const after = traffic.between(killedAt, Infinity);
      const of = (sessions: ReadonlySet<number>): TrafficCall[] => after.filter(({ session }) => sessions.has(session));
      print(`a master of three killed under ${CALLERS} callers`, {
        before: describeCalls(traffic.between(killedAt - SWITCH_MS, killedAt)),
        'in the second after it': describeCalls(traffic.between(killedAt, killedAt + SWITCH_MS)),
        'its own sessions, from then on': describeCalls(of(own)),
        'the other sessions, from then on': describeCalls(of(others)),
        'replica elected after, ms': (electedAt - killedAt).toFixed(0),
        'its sessions served by Redis again after, ms': servedAgainMs(traffic, own, killedAt).toFixed(0),
        failed: String(failed.length),
      });
      expect(failed).toEqual([]);
      expect(tooStale(traffic)).toEqual([]);
      // When another master has the slots, copies of all shards are confirmed once: one of them may have moved with a slot.
      const before = of(others).filter(({ at, ms }) => at + ms < killedAt + SWITCH_MS);
      if (!wasBusy(killedAt, before)) expect(fromDatabase(before)).toEqual([]);
    },
  );

  it('serves all others from Redis while one shard is down', { timeout: 120_000 }, async () => {
    const down = [cluster.node(0), cluster.node(3)];
    const witness = cluster.node(1);
    const { own, others } = await sessionsOf(down[0]!);
    const killedAt = machineTime();
    await Promise.all(down.map((node) => node.kill()));
    const isFailed = async (): Promise<boolean> => {
      const lines = await witness.clusterNodes();
      return lines.filter(({ flags }) => flags.includes('fail')).length === down.length;
    };
    await until(isFailed, { what: 'the cluster to notice' });
    await traffic.goesOn(SWITCH_MS);
    const startedAt = machineTime();
    await Promise.all(down.map((node) => node.start()));
    await cluster.whenServing();
    const servingAt = machineTime();
    await traffic.isServedByRedis();
    const failed = await traffic.stop();
    const meanwhile = traffic.between(killedAt, startedAt);
    const of = (sessions: ReadonlySet<number>): TrafficCall[] =>
      meanwhile.filter(({ session }) => sessions.has(session));
    print(`one shard of three down for ${(startedAt - killedAt).toFixed(0)} ms under ${CALLERS} callers`, {
      'its own sessions': describeCalls(of(own)),
      'the other sessions': describeCalls(of(others)),
      'its sessions served by Redis again after the cluster did, ms': servedAgainMs(traffic, own, servingAt).toFixed(0),
      failed: String(failed.length),
    });
    expect(failed).toEqual([]);
    expect(tooStale(traffic)).toEqual([]);
    if (!wasBusy(killedAt, of(others))) expect(fromDatabase(of(others))).toEqual([]);
    expect(of(others).length).toBeGreaterThan(CALLERS);
  });
});

it('callers lose no call when Sentinel replaces a master that was killed', { timeout: 120_000 }, async () => {
  await using set = await startRedisSentinel();
  await using nodes = await openClients(() => sentinelTierFor(set.coordinates));
  const traffic = await Traffic.start(nodes.clients, CALLERS);
  await traffic.goesOn(WARM_MS);
  await traffic.isServedByRedis();
  const all = new Set(traffic.ids.keys());
  const killedAt = machineTime();
  await set.server(0).kill();
  await set.whenMasterIsNot(set.server(0));
  const namedAt = machineTime();
  await traffic.goesOn(SWITCH_MS);
  await traffic.isServedByRedis();
  const servedAt = machineTime();
  // It believes that it is the master for ten seconds: nobody may follow it.
  await set.server(0).start();
  await traffic.goesOn(SWITCH_MS);
  const failed = await traffic.stop();
  print(`the master that Sentinel watches killed under ${CALLERS} callers`, {
    before: describeCalls(traffic.between(killedAt - SWITCH_MS, killedAt)),
    'in the second after it': describeCalls(traffic.between(killedAt, killedAt + SWITCH_MS)),
    'until all is served by Redis': describeCalls(traffic.between(killedAt, servedAt)),
    'with the old master back': describeCalls(traffic.between(servedAt, Infinity)),
    'Sentinel named another after, ms': (namedAt - killedAt).toFixed(0),
    'served by Redis again after, ms': servedAgainMs(traffic, all, killedAt).toFixed(0),
    failed: String(failed.length),
  });
  expect(failed).toEqual([]);
  expect(tooStale(traffic)).toEqual([]);
});
