import { describe, expect, it } from 'vitest';
import { systemPlatform } from '../../../src/platform/platform.ts';
import type { PrimaryShard, PrimaryTier } from '../../../src/tiers/primary.ts';
import { redisTier } from '../../../src/tiers/redis/index.ts';
import { cleanups, failureOf, make, NAMESPACE, start } from '../../support/real-redis-tier.ts';
import {
  asAdmins,
  fillAt,
  isUsable,
  keyAt,
  keyWhere,
  makeTier,
  moveKey,
  nameOfShard,
  openedTier,
  serves,
  shardOf,
  slotOfKey,
  startCluster,
} from '../../support/real-cluster-tier.ts';
import { createAuthority } from '../../support/servers/certificates.ts';
import { FaultProxy } from '../../support/servers/fault-proxy.ts';
import { closeSlot, openSlot } from '../../support/servers/redis-cluster-slots.ts';
import { redisFlavours } from '../../support/servers/redis.ts';
import { until } from '../../support/servers/until.ts';

const usable = (tier: PrimaryTier): boolean => tier.shards.length > 0 && tier.shards.every((shard) => shard.vantage());

describe.each(redisFlavours())('the nodes of a cluster of %s', (flavour) => {
  it('come and go with the slots that they have', async () => {
    const cluster = await startCluster({ flavour, replicas: 0, spares: 1 });
    const changes: string[][] = [];
    const { tier, open } = makeTier(cluster, {
      onShardsChange: () => changes.push(tier.shards.map(({ name }) => name)),
    });
    await open();
    const [source, spare] = [cluster.node(0), cluster.node(3)];
    expect(tier.shards).toHaveLength(3);
    const place = await fillAt(tier, keyAt(tier, source));
    // It is asked for a slot that it is about to take over before it has any.
    await asAdmins(source, spare, async (from, to) => {
      await openSlot(slotOfKey(place), from, to);
      await moveKey(place, from, to);
      expect((await shardOf(tier, place).read(place)).kind).toBe('value');
      expect(tier.shards).toHaveLength(3);
      await closeSlot(slotOfKey(place), from, to);
    });
    await serves(tier, spare);
    expect(shardOf(tier, place).name).toBe(nameOfShard(spare));
    // Its probes have a key of their own in the only slot that it has.
    await shardOf(tier, place).probe();
    expect((await shardOf(tier, place).read(place)).kind).toBe('value');
    await cluster.moveSlots(spare, source, [slotOfKey(place)]);
    for (const node of cluster.nodes) if (node !== spare) await node.cli('CLUSTER', 'FORGET', spare.id);
    await until(() => tier.shards.length === 3, { what: 'the node without slots to be left' });
    await spare.kill();
    expect((await shardOf(tier, place).read(place)).kind).toBe('value');
    expect(changes.at(-1)).toHaveLength(3);
    expect(new Set(changes.map(({ length }) => length))).toEqual(new Set([3, 4]));
  });

  it.each(['hostname', 'unknown-endpoint'] as const)('are found where they announce %s', async (announce) => {
    const authority = await createAuthority();
    const certificates = await authority.issue(announce === 'hostname' ? { names: ['localhost', '127.0.0.1'] } : {});
    const cluster = await startCluster({ flavour, replicas: 0, announce, certificates });
    const tier = await openedTier(cluster);
    const place = await fillAt(tier, keyAt(tier, cluster.node(0)));
    const shard = shardOf(tier, place);
    await cluster.moveSlots(cluster.node(0), cluster.node(1), [slotOfKey(place)]);
    expect((await shard.read(place)).kind).toBe('value');
  });

  it('are verified for the host name that they announce, else for their address', async () => {
    const authority = await createAuthority();
    const certificates = await authority.issue({ names: ['localhost'] });
    const named = await startCluster({ flavour, replicas: 0, announce: 'hostname', certificates });
    const nodes = named.nodes.map(({ port }) => `rediss://localhost:${port}`);
    expect(usable(await openedTier(named, { cluster: { nodes } }))).toBe(true);
    const unnamed = await startCluster({ flavour, replicas: 0, certificates });
    const { open } = makeTier(unnamed, {
      cluster: { nodes: unnamed.nodes.map(({ port }) => `rediss://localhost:${port}`) },
    });
    expect(await failureOf(open())).toMatchObject({ kind: 'misconfigured', reason: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    const tls = { ca: unnamed.ca, servername: 'localhost' };
    expect(usable(await openedTier(unnamed, { tls }))).toBe(true);
  });

  it('are reached through the addresses of natMap, at their first connection and in redirections', async () => {
    const cluster = await startCluster({ flavour, replicas: 0 });
    const proxies = await Promise.all(cluster.nodes.map((node) => FaultProxy.start(node)));
    for (const proxy of proxies) cleanups.push(() => proxy.stop());
    const natMap = Object.fromEntries(
      cluster.nodes.map(({ host, port }, at) => [`${host}:${port}`, { host: '127.0.0.1', port: proxies[at]!.port }]),
    );
    const nodes = [`rediss://127.0.0.1:${proxies[0]!.port}`];
    const tier = await openedTier(cluster, { cluster: { nodes, natMap } });
    expect(proxies.every(({ connections }) => connections > 0)).toBe(true);
    const place = await fillAt(tier, keyAt(tier, cluster.node(0)));
    const shard = shardOf(tier, place);
    await cluster.moveSlots(cluster.node(0), cluster.node(1), [slotOfKey(place)]);
    expect((await shard.read(place)).kind).toBe('value');
    // Another node behind one of these addresses is noticed, and not taken for the one that the map names.
    proxies[2]!.leadTo(cluster.node(1));
    proxies[2]!.resetAll();
    await until(() => tier.shards.some((each) => each.failure()?.reason === 'another-node'), {
      what: 'the other node to be noticed',
    });
    proxies[2]!.leadTo(cluster.node(2));
    await until(() => usable(tier), { what: 'the node to be back' });
  });

  it('that refuse the user make the opening fail, and later only their own shard', async () => {
    const cluster = await startCluster({ flavour, replicas: 0 });
    const tier = await openedTier(cluster);
    const [refusing, other] = [cluster.node(1), cluster.node(0)];
    await refusing.cli('ACL', 'SETUSER', cluster.username, 'off');
    await refusing.cli('CLIENT', 'KILL', 'USER', cluster.username);
    await until(() => !isUsable(tier, refusing), { what: 'the node to be lost' });
    const shard = tier.shards.find(({ name }) => name === nameOfShard(refusing))!;
    await until(() => shard.failure()?.kind === 'misconfigured', { what: 'the reason to show' });
    expect(shard.failure()).toMatchObject({ reason: 'WRONGPASS' });
    const place = keyAt(tier, other);
    expect(await shardOf(tier, place).read(place)).toEqual({ kind: 'absent' });
    expect(await failureOf(makeTier(cluster).open())).toMatchObject({ kind: 'misconfigured', reason: 'WRONGPASS' });
  });

  it('that lack a grant of clusters make the opening fail, whichever it is', async () => {
    const cluster = await startCluster({ flavour, replicas: 0 });
    const setUser = (rule: string) =>
      Promise.all(cluster.nodes.map((node) => node.cli('ACL', 'SETUSER', cluster.username, rule)));
    for (const grant of ['cluster|nodes', 'cluster|info', 'asking']) {
      await setUser(`-${grant}`);
      expect(await failureOf(makeTier(cluster).open())).toMatchObject({ kind: 'misconfigured', reason: 'NOPERM' });
      await setUser(`+${grant}`);
    }
    await makeTier(cluster).open();
  });

  it('serve on without the slots of a master that is gone for good', async () => {
    const cluster = await startCluster({ flavour, replicas: 0 });
    const tier = await openedTier(cluster);
    const [gone, other] = [cluster.node(2), cluster.node(0)];
    await gone.kill();
    await until(() => !isUsable(tier, gone), { what: 'the loss to be noticed' });
    await until(async () => (await other.clusterNodes()).some(({ flags }) => flags.includes('fail')), {
      what: 'the cluster to know',
    });
    const place = await fillAt(tier, keyAt(tier, other));
    await shardOf(tier, place).confirm();
    expect((await shardOf(tier, place).read(place)).kind).toBe('value');
    const lost = keyWhere((_, key) => tier.shardOf(key)?.name === nameOfShard(gone));
    expect(await failureOf(shardOf(tier, lost).read(lost))).toMatchObject({ kind: 'not-sent' });
  });

  it('are all out of use while slots have no master, where full coverage is asked for', async () => {
    const cluster = await startCluster({ flavour, replicas: 0, fullCoverage: true });
    const tier = await openedTier(cluster);
    const [gone, other] = [cluster.node(2), cluster.node(0)];
    const place = await fillAt(tier, keyAt(tier, other));
    const shard = shardOf(tier, place);
    await gone.kill();
    const isDown = (): Promise<boolean> =>
      shard.confirm().then(
        () => false,
        () => shard.vantage() === null,
      );
    await until(isDown, { what: 'the cluster to be down' });
    expect(shard.failure()).toMatchObject({ reason: 'CLUSTERDOWN' });
    await gone.start();
    await until(() => shard.vantage() !== null, { what: 'the cluster to serve again' });
    expect((await shard.read(place)).kind).toBe('value');
  });

  it('are looked for at the addresses of the options again when no master is left', async () => {
    const cluster = await startCluster({ flavour, masters: 1, replicas: 1 });
    // A cluster of one master elects nobody: the replica is promoted by hand.
    const tier = await openedTier(cluster);
    await cluster.node(0).kill();
    await until(() => !isUsable(tier, cluster.node(0)), { what: 'the loss to be noticed' });
    await cluster.promote(cluster.node(1), 'takeover');
    await serves(tier, cluster.node(1));
    expect(tier.shards).toHaveLength(1);
  });
});

describe('a server of the other mode', () => {
  const events = { onShardChange: (_: PrimaryShard) => {}, onShardsChange: () => {} };

  it('is refused behind url, if it is a node of a cluster, with the option to use', async () => {
    const cluster = await startCluster({ replicas: 0 });
    const failure = await failureOf(make(cluster.node(0)).open());
    expect(failure).toMatchObject({ kind: 'misconfigured', reason: 'cluster-node' });
    expect(failure.advice).toMatch(/`cluster`/);
  });

  it('is refused behind cluster, if it is by itself, with the option to use', async () => {
    const server = await start();
    const { host, port, username, password, ca = '' } = server;
    const tier = redisTier({ cluster: { nodes: [`rediss://${host}:${port}`] }, username, password, tls: { ca } });
    cleanups.push(() => tier.close());
    await server.cli('ACL', 'SETUSER', username, '+cluster|nodes', '+cluster|info');
    const opening = tier.open({ namespace: NAMESPACE, platform: systemPlatform, timeoutMs: 250 }, events);
    const failure = await failureOf(opening);
    expect(failure).toMatchObject({ kind: 'misconfigured', reason: 'not-a-cluster' });
    expect(failure.advice).toMatch(/`url`/);
    expect(tier.failure()).toMatchObject({ reason: 'not-a-cluster' });
  });
});
