import type { Redis } from 'ioredis';
import { systemPlatform, type Platform } from '../../src/platform/platform.ts';
import { redisTier, type RedisClusterOptions } from '../../src/tiers/redis/index.ts';
import { slotOf } from '../../src/tiers/redis/cluster/slot.ts';
import type { NewValue, PrimaryShard, PrimaryTier } from '../../src/tiers/primary.ts';
import { cleanups, key, MINUTE, nameOf, NAMESPACE, TIMEOUT_MS } from './real-redis-tier.ts';
import {
  startRedisCluster,
  type ClusterNode,
  type ClusterOptions,
  type RedisCluster,
} from './servers/redis-cluster.ts';
import { until } from './servers/until.ts';

/** A cluster, and tiers on it; what a test opened is closed after it. */

export async function startCluster(options: ClusterOptions = {}): Promise<RedisCluster> {
  const cluster = await startRedisCluster(options);
  cleanups.push(() => cluster.stop());
  return cluster;
}

interface OpenOptions extends Partial<RedisClusterOptions> {
  readonly platform?: Platform;
  readonly onShardChange?: (shard: PrimaryShard) => void;
  readonly onShardsChange?: () => void;
}

export function makeTier(
  cluster: RedisCluster,
  options: OpenOptions = {},
): { tier: PrimaryTier; open(): Promise<void> } {
  const { platform = systemPlatform, onShardChange = () => {}, onShardsChange = () => {}, ...tierOptions } = options;
  const { urls, username, password, ca } = cluster;
  const tier = redisTier({ cluster: { nodes: urls }, username, password, tls: { ca }, ...tierOptions });
  cleanups.push(() => tier.close());
  const context = { namespace: NAMESPACE, platform, timeoutMs: TIMEOUT_MS };
  return { tier, open: () => tier.open(context, { onShardChange, onShardsChange }) };
}

export async function openedTier(cluster: RedisCluster, options: OpenOptions = {}): Promise<PrimaryTier> {
  const { tier, open } = makeTier(cluster, options);
  await open();
  return tier;
}

/** The name of the shard whose master this node is. */
export const nameOfShard = ({ id }: ClusterNode): string => id.slice(0, 16);

export const slotOfKey = (place: Buffer): number => slotOf(nameOf(place));

/** A new key whose slot fits. */
export function keyWhere(fits: (slot: number, place: Buffer) => boolean): Buffer {
  for (;;) {
    const place = key();
    if (fits(slotOfKey(place), place)) return place;
  }
}

/** A new key that the node has, as the tier knows it. */
export const keyAt = (tier: PrimaryTier, node: ClusterNode): Buffer =>
  keyWhere((_, place) => tier.shardOf(place)?.name === nameOfShard(node));

export const keysAt = (tier: PrimaryTier, node: ClusterNode, count: number): Buffer[] =>
  Array.from({ length: count }, () => keyAt(tier, node));

/** The shard that owns the key now. */
export function shardOf(tier: PrimaryTier, place: Buffer): PrimaryShard {
  const shard = tier.shardOf(place);
  if (shard === null) throw new Error('nobody owns the key');
  return shard;
}

/** A value of revision 5, with a stamp of the server that owns the key. */
export function valueFor(tier: PrimaryTier, place: Buffer, differences: Partial<NewValue> = {}): NewValue {
  const { incarnation, earliest } = shardOf(tier, place).vantage()!;
  return {
    revision: 5,
    stamp: { incarnation, at: earliest },
    lastSeenAt: earliest,
    idleExpiresAt: earliest + MINUTE,
    envelope: Buffer.from('sealed, with its tag'),
    ttlMs: MINUTE,
    ...differences,
  };
}

export async function fillAt(tier: PrimaryTier, place: Buffer, differences: Partial<NewValue> = {}): Promise<Buffer> {
  const shard = shardOf(tier, place);
  await shard.lease(place, 'filler', null);
  await shard.fill(place, 'filler', valueFor(tier, place, differences));
  return place;
}

/** Waits until a shard of this name may be used. */
export const serves = (tier: PrimaryTier, node: ClusterNode, timeoutMs = 15_000): Promise<unknown> =>
  until(() => isUsable(tier, node), { what: 'the shard to be of use', timeoutMs });

export const isUsable = (tier: PrimaryTier, node: ClusterNode): boolean =>
  tier.shards.some((shard) => shard.name === nameOfShard(node) && shard.vantage() !== null);

/** Runs an errand with an administrator's connection to each of two nodes. */
export function asAdmins<T>(
  source: ClusterNode,
  target: ClusterNode,
  errand: (from: { node: ClusterNode; admin: Redis }, to: { node: ClusterNode; admin: Redis }) => Promise<T>,
): Promise<T> {
  return source.asAdmin((from) =>
    target.asAdmin((to) => errand({ node: source, admin: from }, { node: target, admin: to })),
  );
}

/** Moves one key of a slot that is on the move. */
export async function moveKey(place: Buffer, source: { admin: Redis }, { node }: { node: ClusterNode }): Promise<void> {
  const { username, password } = node.admin;
  const keyName = nameOf(place);
  await source.admin.call('MIGRATE', node.host, node.port, '', 0, 5_000, 'AUTH2', username, password, 'KEYS', keyName);
}
