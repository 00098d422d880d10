import { FaultProxy } from '../../support/servers/fault-proxy.ts';
import type { ClusterCoordinates } from '../../support/servers/redis-cluster.ts';
import type { SentinelCoordinates } from '../../support/servers/redis-sentinel.ts';
import type { RedisCoordinates } from '../../support/servers/redis.ts';
import type { Place } from '../../support/topology-tiers.ts';

export type TopologyName = 'standalone' | 'sentinel' | 'cluster';

/** What a process needs to reach Redis, over wires of its own. */
export type RedisOrders =
  | { readonly topology: 'standalone'; readonly server: RedisCoordinates }
  | { readonly topology: 'sentinel'; readonly sentinels: SentinelCoordinates }
  | { readonly topology: 'cluster'; readonly cluster: ClusterCoordinates; readonly natMap: Record<string, Place> };

/** One node's ways to Redis: to the server, to the sentinels, or to each node of the cluster in order. */
export interface RedisWires {
  readonly proxies: readonly FaultProxy[];
  readonly orders: RedisOrders;
}

/** The Redis of a fleet, which may be several servers. */
export interface FleetRedis {
  /** Ways of its own for one more node. */
  newWires(): Promise<RedisWires>;
  /** Also when servers are frozen. */
  stop(): Promise<void>;
}

export const proxiesTo = (places: readonly Place[]): Promise<FaultProxy[]> =>
  Promise.all(places.map((place) => FaultProxy.start(place)));

/** A frozen server does not receive the signal that ends it. */
export async function stopAll(servers: readonly { resume(): Promise<void>; stop(): Promise<void> }[]): Promise<void> {
  await Promise.allSettled(servers.map((server) => server.resume()));
  await Promise.all(servers.map((server) => server.stop()));
}
