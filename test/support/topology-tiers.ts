import { redisTier } from '../../src/tiers/redis/index.ts';
import type { PrimaryTier } from '../../src/tiers/primary.ts';
import type { ClusterCoordinates } from './servers/redis-cluster.ts';
import type { SentinelCoordinates } from './servers/redis-sentinel.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** The tier of a client that reaches these nodes where `natMap` says, which may be proxies. */
export function clusterTierFor(
  { urls, username, password, ca }: Pick<ClusterCoordinates, 'ca' | 'password' | 'urls' | 'username'>,
  natMap: Readonly<Record<string, Place>> = {},
): PrimaryTier {
  return redisTier({ cluster: { nodes: urls, natMap }, username, password, tls: { ca } });
}

/** The tier of a client that asks these sentinels, which may be proxies. */
export function sentinelTierFor({ name, urls, sentinel, username, password, ca }: SentinelCoordinates): PrimaryTier {
  return redisTier({ sentinel: { name, nodes: urls, ...sentinel }, username, password, tls: { ca } });
}
