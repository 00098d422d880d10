import { expect } from 'vitest';
import { SENTINEL_POLL_MS, SENTINEL_SEARCH_MS } from '../../src/limits/sentinel.ts';
import { systemPlatform, type Platform } from '../../src/platform/platform.ts';
import { servingIncarnation } from '../../src/tiers/redis/connection/server-info.ts';
import type { RedisSentinelOptions } from '../../src/tiers/redis/index.ts';
import type { PrimaryServer } from '../../src/tiers/one-server.ts';
import { cleanups, NAMESPACE, TIMEOUT_MS } from './real-redis-tier.ts';
import { MASTER_NAME } from './servers/redis-sentinel-files.ts';
import { startRedisSentinel, type RedisSentinel, type SentinelCoordinates } from './servers/redis-sentinel.ts';
import type { RedisServer } from './servers/redis.ts';
import { until } from './servers/until.ts';
import { singleRedis } from './single-redis.ts';

/** A master, a replica and three Sentinels of one test, and tiers that ask them. */

/** A Sentinel takes a master for dead after this long. */
export const DOWN_AFTER_MS = 500;

export async function startSet(options: Parameters<typeof startRedisSentinel>[0] = {}): Promise<RedisSentinel> {
  const set = await startRedisSentinel({ downAfterMs: DOWN_AFTER_MS, ...options });
  cleanups.push(() => set.stop());
  return set;
}

/** The options of an application of its own users, at the servers and at the Sentinels. */
export function sentinelOptions({ name, urls, sentinel, username, password, ca }: SentinelCoordinates): Options {
  return { sentinel: { name, nodes: urls, ...sentinel }, username, password, tls: { ca } };
}

type Options = RedisSentinelOptions;

export interface WatchedTier {
  readonly tier: PrimaryServer;
  /** The incarnation at each change, or null; `turn` where the event loop went on between two changes. */
  readonly changes: (string | null)[];
  open(): Promise<void>;
  /** Resolves when it has asked the Sentinels this often once more. */
  whenAsked(times: number): Promise<void>;
}

export function makeTier(options: Options): WatchedTier {
  const tier = singleRedis(options);
  const changes: (string | null)[] = [];
  cleanups.push(() => tier.close());
  const onChange = (): void => {
    changes.push(tier.vantage()?.incarnation ?? null);
    setImmediate(() => changes.push('turn'));
  };
  let rounds = 0;
  const platform: Platform = {
    ...systemPlatform,
    after(ms, callback, kind) {
      // The pause after a round of questions.
      if ([SENTINEL_POLL_MS, SENTINEL_SEARCH_MS].includes(ms)) rounds += 1;
      return systemPlatform.after(ms, callback, kind);
    },
  };
  const context = { namespace: NAMESPACE, platform, timeoutMs: TIMEOUT_MS };
  return {
    tier,
    changes,
    open: () => tier.open(context, onChange),
    async whenAsked(times) {
      const enough = rounds + times;
      await until(() => rounds >= enough, { what: 'the Sentinels to be asked' });
    },
  };
}

export async function openTier(options: Options): Promise<WatchedTier> {
  const watched = makeTier(options);
  await watched.open();
  expect(watched.tier.vantage()).not.toBeNull();
  return watched;
}

export const incarnationOf = async (master: RedisServer): Promise<string> =>
  servingIncarnation(String(await master.cli('INFO')));

export const isMaster = async (server: RedisServer): Promise<boolean> =>
  String(await server.cli('INFO', 'replication')).includes('role:master');

/** True if the tier uses this server. */
export async function isAt(tier: PrimaryServer, server: RedisServer): Promise<boolean> {
  return (await isMaster(server)) && tier.vantage()?.incarnation === (await incarnationOf(server));
}

export const whenAt = (tier: PrimaryServer, server: RedisServer): Promise<unknown> =>
  until(() => isAt(tier, server), { what: 'the tier to use that server', timeoutMs: 30_000 });

/** Keeps replica and Sentinels from this master, which its clients reach all the same. Returns what ends it. */
export async function cutOff(master: RedisServer): Promise<() => Promise<void>> {
  for (const user of ['sentinel', 'replication']) {
    await master.cli('ACL', 'SETUSER', user, 'off');
    await master.cli('CLIENT', 'KILL', 'USER', user);
  }
  return async () => {
    for (const user of ['sentinel', 'replication']) await master.cli('ACL', 'SETUSER', user, 'on');
  };
}

/** Keeps this Sentinel from the servers and the other Sentinels: it stays with what it knows, and answers clients. */
export async function cutOffSentinel({ servers, sentinels }: RedisSentinel, at: number): Promise<void> {
  const sentinel = sentinels[at]!;
  await sentinel.cli('SENTINEL', 'SET', MASTER_NAME, 'auth-pass', 'wrong');
  await sentinel.cli('ACL', 'SETUSER', 'peer', 'off');
  await sentinel.cli('CLIENT', 'KILL', 'USER', 'peer');
  // All Sentinels connect anew; this one is refused.
  for (const server of servers) await server.cli('CLIENT', 'KILL', 'USER', 'sentinel');
}

/** Has each Sentinel forget the master and watch it anew, as after all their files were lost. */
export async function remakeSentinels(set: RedisSentinel): Promise<void> {
  const [{ host, port }, { username, password }] = [await set.master(), set.coordinates.watcher];
  for (const sentinel of set.sentinels) await sentinel.cli('SENTINEL', 'REMOVE', MASTER_NAME);
  for (const sentinel of set.sentinels) {
    await sentinel.cli('SENTINEL', 'MONITOR', MASTER_NAME, host, port, 2);
    await sentinel.cli('SENTINEL', 'SET', MASTER_NAME, 'auth-user', username, 'auth-pass', password);
  }
  await set.whenReady({ timeoutMs: 30_000 });
}

/** Has the Sentinels look at the servers five times a second, and not every 10 s: they find replicas, and masters to demote, with that. */
export async function hurrySentinels({ sentinels }: RedisSentinel): Promise<void> {
  for (const sentinel of sentinels) await sentinel.cli('SENTINEL', 'DEBUG', 'info-period', 200);
}
