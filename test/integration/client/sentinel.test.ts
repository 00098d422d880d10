import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKeyRing, SessionClient, type KeyRing } from '../../../src/index.ts';
import { prismaTier } from '../../../src/tiers/prisma/index.ts';
import { decodeEntry } from '../../../src/tiers/redis/entry-format.ts';
import { redisTier } from '../../../src/tiers/redis/index.ts';
import { cleanups } from '../../support/real-redis-tier.ts';
import { cutOff, incarnationOf, isMaster, sentinelOptions, startSet } from '../../support/real-sentinel.ts';
import { FaultProxy } from '../../support/servers/fault-proxy.ts';
import type { RedisSentinel } from '../../support/servers/redis-sentinel.ts';
import { redisFlavours, type RedisServer } from '../../support/servers/redis.ts';
import { until } from '../../support/servers/until.ts';
import { freshDatabase, type FreshDatabase } from '../../support/shared.ts';
import { Staleness, type Counter } from '../../support/staleness.ts';

let database: FreshDatabase;
let keys: KeyRing;
beforeAll(async () => {
  [database, keys] = await Promise.all([freshDatabase('postgresql'), generateKeyRing()]);
});
afterAll(() => database.close());

const SESSIONS = 8;
let namespaces = 0;

/** A set of servers, and a way to make clients of one fleet. */
async function fleet(flavour: RedisSentinel['coordinates']['flavour']) {
  const namespace = `s${(namespaces += 1)}`;
  const set = await startSet({ flavour, namespace });
  const node = async (nodes: readonly string[] = set.urls): Promise<SessionClient<Counter>> => {
    const options = sentinelOptions(set.coordinates);
    const client = new SessionClient<Counter>({
      keys,
      primary: redisTier({ ...options, sentinel: { ...options.sentinel, nodes } }),
      durable: prismaTier(database.prisma, { provider: 'postgresql' }),
      namespace,
    });
    cleanups.push(() => client.close());
    await client.ready();
    return client;
  };
  return { set, node };
}

async function counters(client: SessionClient<Counter>): Promise<string[]> {
  const made = Array.from({ length: SESSIONS }, () => client.create({ n: 0 }));
  return (await Promise.all(made)).map(({ id }) => id);
}

const isUp = async (client: SessionClient<Counter>) => (await client.health()).primary.state === 'up';
const whenUp = (client: SessionClient<Counter>) =>
  until(() => isUp(client), { what: 'the client to use Redis', timeoutMs: 30_000 });
const isHit = async (client: SessionClient<Counter>, id: string) => (await client.get(id))?.servedBy === 'primary';
const whenHit = (client: SessionClient<Counter>, id: string) =>
  until(() => isHit(client, id), { what: 'a hit', timeoutMs: 30_000 });

/** The incarnations in the stamps of all copies that this server holds. */
const stampsAt = (server: RedisServer): Promise<(string | undefined)[]> =>
  server.asAdmin(async (admin) => {
    const copies = await Promise.all((await admin.keys('*:s:*')).map((name) => admin.getBuffer(name)));
    return copies.map((copy) => {
      const entry = decodeEntry(copy);
      return entry.kind === 'value' ? entry.stamp.incarnation : undefined;
    });
  });

describe.each(redisFlavours())('a fleet behind Sentinels of %s', (flavour) => {
  it.each<[string, (set: RedisSentinel) => Promise<unknown>]>([
    ['a planned fail-over', (set) => set.failover()],
    ['the loss of the master', (set) => set.server(0).kill()],
    ['a frozen master that thaws as one', (set) => thawLater(set)],
  ])('goes through %s without a failed call and without a stale read', async (_, fault) => {
    const { set, node } = await fleet(flavour);
    const clients = [await node(), await node()];
    const ids = await counters(clients[0]!);
    for (const client of clients) await whenHit(client, ids[0]!);
    const calls = new Staleness(clients);
    calls.start(ids);
    await fault(set);
    await until(async () => (await connectionsTo(set.server(1))) === clients.length, { timeoutMs: 30_000 });
    for (const client of clients) await whenUp(client);
    for (const client of clients) await whenHit(client, ids[0]!);
    await whenChecked(calls);
    await calls.stop();
    expect({ stale: calls.stale, errors: calls.errors }).toEqual({ stale: [], errors: [] });
  });

  it('reads what was written last, though the replica that took over lacks it', async () => {
    const { set, node } = await fleet(flavour);
    const client = await node();
    const ids = await counters(client);
    await whenHit(client, ids[0]!);
    await set.whenReady();
    // The replica keeps the copies that it has, and gets no others.
    const master = set.server(0);
    await master.cli('ACL', 'SETUSER', 'replication', 'off');
    await master.cli('CLIENT', 'KILL', 'USER', 'replication');
    for (const id of ids) await client.update(id, (draft) => void (draft.n = 7));
    await master.kill();
    await set.whenMasterIsNot(master);
    const another = await node();
    for (const each of [client, another]) {
      for (const id of ids) expect((await each.get(id))?.data.n).toBe(7);
      await whenUp(each);
      for (const id of ids) expect((await each.get(id))?.data.n).toBe(7);
    }
  });

  it('returns to a master that restarts while no Sentinel can be reached, also once its replica is there again', async () => {
    const { set, node } = await fleet(flavour);
    const client = await node();
    const { id } = await client.create({ n: 0 });
    await whenHit(client, id);
    const master = set.server(0);
    await Promise.all(set.sentinels.map((sentinel) => sentinel.kill()));
    await master.restart();
    await whenHit(client, id);
    // It changes the replication id of its master, and with it the incarnation; no copy from before is believed.
    await until(() => set.replicasAreInStep(), { what: 'the replica to be in step', timeoutMs: 30_000 });
    const incarnation = await incarnationOf(master);
    const isStored = async () => (await isHit(client, id)) && (await stampsAt(master)).includes(incarnation);
    await until(isStored, { what: 'a hit of this incarnation', timeoutMs: 30_000 });
  });
});

describe('two masters, while a cut keeps the Sentinels from the old one', () => {
  /** Clients of the old master, which reach no Sentinel any more, and clients of the new one. */
  async function apart(atOld: number, atNew: number) {
    const { set, node } = await fleet(redisFlavours()[0]!);
    const proxies = await Promise.all(set.sentinels.map(({ host, port }) => FaultProxy.start({ host, port })));
    for (const proxy of proxies) cleanups.push(() => proxy.stop());
    const through = proxies.map(({ host, port }) => `rediss://${host}:${port}`);
    const old = await Promise.all(Array.from({ length: atOld }, () => node(through)));
    const moved = await Promise.all(Array.from({ length: atNew }, () => node()));
    const ids = await counters(old[0]!);
    for (const client of [...old, ...moved]) await whenHit(client, ids[0]!);
    const calls = new Staleness([...old, ...moved]);
    calls.start(ids);
    for (const proxy of proxies) proxy.set({ blackHole: true });
    const heal = await cutOff(set.server(0));
    await set.whenMasterIsNot(set.server(0));
    return { set, old, moved, ids, calls, proxies, heal };
  }

  it('leave the few at the old one to the database, and mislead nobody', async () => {
    const { set, old, moved, ids, calls, heal, proxies } = await apart(1, 2);
    await until(async () => (await old[0]!.health()).primary.reason === 'not-named', { timeoutMs: 30_000 });
    for (const client of moved) await whenHit(client, ids[0]!);
    expect([await isMaster(set.server(0)), await isMaster(set.server(1))]).toEqual([true, true]);
    await whenChecked(calls);
    expect((await old[0]!.health()).primary).toMatchObject({ state: 'degraded', reason: 'not-named' });
    await heal();
    for (const proxy of proxies) proxy.heal();
    await whenUp(old[0]!);
    await whenHit(old[0]!, ids[0]!);
    await calls.stop();
    expect({ stale: calls.stale, errors: calls.errors }).toEqual({ stale: [], errors: [] });
  });

  it('do not take Redis from those who stay if as many leave: the name stays', async () => {
    const { old, moved, ids, calls } = await apart(1, 1);
    await until(async () => (await moved[0]!.health()).primary.reason === 'not-named', { timeoutMs: 30_000 });
    await whenHit(old[0]!, ids[0]!);
    await whenChecked(calls);
    await calls.stop();
    expect({ stale: calls.stale, errors: calls.errors }).toEqual({ stale: [], errors: [] });
    expect(await isHit(old[0]!, ids[0]!)).toBe(true);
  });
});

/** Waits until each client has read what was written from now on, and could not be read late. */
async function whenChecked(calls: Staleness): Promise<void> {
  calls.mark();
  await until(() => calls.checked > 500, { what: 'reads that have to be new', timeoutMs: 30_000 });
}

/** Thaws the master once another one was named. */
async function thawLater(set: RedisSentinel): Promise<void> {
  await set.server(0).pause();
  await set.whenMasterIsNot(set.server(0));
  await set.server(0).resume();
}

/** The number of connections of the application. */
async function connectionsTo(server: RedisServer): Promise<number> {
  return String(await server.cli('CLIENT', 'LIST')).match(/user=shop /g)?.length ?? 0;
}
