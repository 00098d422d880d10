import { redisTier, type RedisTierOptions } from '../../src/tiers/redis/index.ts';

const sentinel = { name: 'shop', nodes: ['rediss://s1.internal'] } as const;
const user = { username: 'shop', password: 'secret' };

export const one: RedisTierOptions = { url: 'rediss://redis.internal', ...user };
export const watched: RedisTierOptions = { sentinel, ...user };
export const sharded: RedisTierOptions = { cluster: { nodes: ['rediss://a.internal'], natMap: () => null }, ...user };
export const own = redisTier({
  sentinel: { ...sentinel, credentials: async () => user, tls: () => ({ ca: '' }) },
  credentials: () => user,
});

// @ts-expect-error the Sentinels name the server
export const both: RedisTierOptions = { url: 'rediss://redis.internal', sentinel, ...user };

// @ts-expect-error the nodes of a cluster are not watched by Sentinels
export const mixed: RedisTierOptions = { cluster: { nodes: ['rediss://a.internal'] }, sentinel, ...user };

// @ts-expect-error there is no server to connect to
export const neither: RedisTierOptions = user;

// @ts-expect-error a Sentinel watches masters by their names
export const nameless: RedisTierOptions = { sentinel: { nodes: sentinel.nodes }, ...user };
