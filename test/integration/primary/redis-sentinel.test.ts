import { describe, expect, it } from 'vitest';
import { FaultProxy } from '../../support/servers/fault-proxy.ts';
import { redisFlavours } from '../../support/servers/redis.ts';
import { until } from '../../support/servers/until.ts';
import { aValue, cleanups, filled } from '../../support/real-redis-tier.ts';
import {
  cutOff,
  cutOffSentinel,
  hurrySentinels,
  incarnationOf,
  isAt,
  isMaster,
  openTier,
  remakeSentinels,
  sentinelOptions,
  startSet,
  whenAt,
} from '../../support/real-sentinel.ts';

describe.each(redisFlavours())('a master of %s that Sentinels name', (flavour) => {
  const watched = async () => {
    const set = await startSet({ flavour });
    const watchedTier = await openTier(sentinelOptions(set.coordinates));
    expect(await isAt(watchedTier.tier, set.server(0))).toBe(true);
    return { set, ...watchedTier };
  };

  it('is used as one at a url is', async () => {
    const { tier } = await watched();
    const place = await filled(tier);
    expect(await tier.read(place)).toMatchObject({ kind: 'value', revision: 5 });
    await tier.publish(place, aValue(tier, { revision: 6 }));
    expect(await tier.read(place)).toMatchObject({ kind: 'value', revision: 6 });
    await tier.confirm();
  });

  it('is replaced after it was killed, and not missed when it is back', async () => {
    const { set, tier, changes, whenAsked } = await watched();
    const [old, next] = [set.server(0), set.server(1)];
    await old.kill();
    await whenAt(tier, next);
    expect(changes.filter((change) => change !== 'turn')).toHaveLength(3);
    await old.start();
    expect(await isMaster(old)).toBe(true);
    await whenAsked(3);
    expect(await isAt(tier, next)).toBe(true);
  });

  it('is replaced while it is frozen, and not believed when it thaws as a master', async () => {
    const { set, tier, whenAsked } = await watched();
    const [old, next] = [set.server(0), set.server(1)];
    await old.pause();
    await whenAt(tier, next);
    await old.resume();
    expect(await isMaster(old)).toBe(true);
    await whenAsked(3);
    expect(await isMaster(old)).toBe(true);
    expect(await isAt(tier, next)).toBe(true);
    const another = await openTier(sentinelOptions(set.coordinates));
    expect(await isAt(another.tier, next)).toBe(true);
  });

  it('serves during a planned fail-over until the next one was met: no turn of the event loop is without a server', async () => {
    const { set, tier, changes } = await watched();
    const before = changes.length;
    await set.failover();
    await whenAt(tier, set.server(1));
    expect(changes.slice(before).slice(0, 2)).toEqual([null, await incarnationOf(set.server(1))]);
  });

  it('is replaced while a cut keeps the Sentinels from it, though it goes on as a master for its clients', async () => {
    const { set, tier, whenAsked } = await watched();
    const [old, next] = [set.server(0), set.server(1)];
    const heal = await cutOff(old);
    await whenAt(tier, next);
    expect([await isMaster(old), await isMaster(next)]).toEqual([true, true]);
    await heal();
    await whenAsked(3);
    expect(await isAt(tier, next)).toBe(true);
  });

  it('is not the one of a Sentinel that missed the fail-over, whichever answers first', async () => {
    const { set, tier, whenAsked } = await watched();
    const [stale, other] = [set.sentinel(0), set.sentinel(1)];
    await cutOffSentinel(set, 0);
    await set.failover(other);
    await whenAt(tier, set.server(1));
    expect(await set.master(stale)).toBe(set.server(0));
    await whenAsked(3);
    expect(await isAt(tier, set.server(1))).toBe(true);
    const another = await openTier(sentinelOptions(set.coordinates));
    await whenAt(another.tier, set.server(1));
  });

  it('stays in use when the only Sentinel that answers missed the fail-over', async () => {
    const { set, tier, whenAsked } = await watched();
    await cutOffSentinel(set, 0);
    await set.failover(set.sentinel(1));
    await whenAt(tier, set.server(1));
    await Promise.all([set.sentinel(1).kill(), set.sentinel(2).kill()]);
    await whenAsked(3);
    expect(await isAt(tier, set.server(1))).toBe(true);
  });

  it('is found while one Sentinel is frozen', async () => {
    const { set, tier } = await watched();
    await set.sentinel(0).pause();
    await set.server(0).kill();
    await whenAt(tier, set.server(1));
  });

  it('is followed by Sentinels that were made anew and count their epochs from 0 again', async () => {
    const { set, tier } = await watched();
    await hurrySentinels(set);
    await whenAt(tier, await set.failover());
    await set.whenReady();
    await remakeSentinels(set);
    await set.failover();
    await whenAt(tier, set.server(0));
  });

  it('stays in use while no Sentinel can be reached, and after a restart at its place', async () => {
    const { set, tier } = await watched();
    await Promise.all(set.sentinels.map((sentinel) => sentinel.kill()));
    const place = await filled(tier);
    expect(await tier.read(place)).toMatchObject({ kind: 'value' });
    await set.server(0).restart();
    // The replica that attaches anew changes the master's replication id, and with it the incarnation. A client asks each second.
    await until(() => set.replicasAreInStep(), { what: 'the replica to be in step', timeoutMs: 30_000 });
    await until(() => tier.confirm().then(() => true), { what: 'the tier to confirm its server', timeoutMs: 30_000 });
    expect(await isAt(tier, set.server(0))).toBe(true);
  });

  it('is left no sooner than the next one can be reached', async () => {
    const set = await startSet({ flavour });
    const application = set.coordinates.username;
    await set.server(1).cli('ACL', 'SETUSER', application, 'off');
    const { tier, changes, whenAsked } = await openTier(sentinelOptions(set.coordinates));
    const before = changes.length;
    await cutOff(set.server(0));
    await set.whenMasterIsNot(set.server(0));
    await whenAsked(3);
    expect(changes.slice(before).filter((change) => change !== 'turn')).toEqual([]);
    expect(await isAt(tier, set.server(0))).toBe(true);
    await set.server(0).kill();
    await until(() => tier.failure()?.reason === 'WRONGPASS');
  });
});

describe('the connections of a tier behind Sentinels', () => {
  it('are closed with it', async () => {
    const set = await startSet();
    const { tier } = await openTier(sentinelOptions(set.coordinates));
    const all = [set.server(0), ...set.sentinels];
    const connected = async () => {
      const lists = await Promise.all(all.map((server) => server.cli('CLIENT', 'LIST')));
      return lists.map((list) => /user=(?:shop|holdfast) /.test(String(list)));
    };
    expect(await connected()).toEqual([true, true, true, true]);
    await tier.close();
    await until(async () => !(await connected()).includes(true));
  });

  it('to a Sentinel are made again, and a Sentinel that is slow to accept delays no start', async () => {
    const set = await startSet();
    const { host, port } = set.sentinel(0);
    const proxy = await FaultProxy.start({ host, port });
    cleanups.push(() => proxy.stop());
    proxy.set({ stall: 'both' });
    const options = sentinelOptions(set.coordinates);
    const nodes = [`rediss://${proxy.host}:${proxy.port}`, ...set.urls.slice(1)];
    const { tier } = await openTier({ ...options, sentinel: { ...options.sentinel, nodes } });
    const isConnected = async () => /user=holdfast /.test(String(await set.sentinel(0).cli('CLIENT', 'LIST')));
    expect(await isConnected()).toBe(false);
    proxy.heal();
    await until(isConnected);
    expect(await isAt(tier, set.server(0))).toBe(true);
  });
});
