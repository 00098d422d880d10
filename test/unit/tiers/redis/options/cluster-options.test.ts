import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../../../../src/errors.ts';
import { redisTier } from '../../../../../src/tiers/redis/index.ts';
import { resolveRedisOptions, type RedisClusterOptions } from '../../../../../src/tiers/redis/options/redis-options.ts';
import type { ClusterTopology } from '../../../../../src/tiers/redis/options/topology.ts';
import type { ClusterOptions, NatMap } from '../../../../../src/tiers/redis/options/cluster-options.ts';

const SECRET = 'canary-secret';
const NODES = ['rediss://a.internal:7000', 'rediss://[2001:db8::7]'];

const topologyOf = (cluster: ClusterOptions): ClusterTopology => {
  const { topology } = resolveRedisOptions({ cluster, username: 'shop', password: SECRET });
  if (topology.kind !== 'cluster') throw new TypeError('it is no cluster');
  return topology;
};

describe('the option cluster', () => {
  it('takes addresses, with the default port, and IPv6 in brackets', () => {
    expect(topologyOf({ nodes: NODES }).nodes).toEqual([
      { host: 'a.internal', port: 7000 },
      { host: '2001:db8::7', port: 6379 },
    ]);
  });

  it('leaves the options beside it to hold for every node', () => {
    const options = resolveRedisOptions({ cluster: { nodes: NODES }, username: 'shop', password: SECRET });
    expect(options).toMatchObject({
      credentials: { username: 'shop', password: SECRET },
      tls: { servername: undefined },
    });
  });

  it.each<[unknown, RegExp]>([
    [new Map([['10.0.0.7:6379', { host: 'lb.example', port: 7001 }]]), /not a Map or a list/],
    [[{ host: 'lb.example', port: 7001 }], /not a Map or a list/],
    [{ '[2001:db8::7]:6379': { host: 'lb.example', port: 7001 } }, /IPv6 addresses without brackets/],
  ])('refuses a natMap whose names would never be found: %o', (natMap, message) => {
    expect(() => topologyOf({ nodes: NODES, natMap: natMap as NatMap })).toThrow(message);
  });

  it('takes host and port of natMap and nothing else', () => {
    const to = { host: 'lb.example', port: 7001, keyPrefix: 'other:' };
    const { reach } = topologyOf({ nodes: NODES, natMap: { '10.0.0.7:6379': to } });
    expect(reach({ host: '10.0.0.7', port: 6379 })).toEqual({ host: 'lb.example', port: 7001 });
  });

  it.each<[string, NatMap]>([
    ['an object', { '10.0.0.7:6379': { host: 'lb.example', port: 7001 } }],
    ['a function', (name) => (name === '10.0.0.7:6379' ? { host: 'lb.example', port: 7001 } : null)],
  ])('leads to where nodes are reached by natMap, %s, and elsewhere as announced', (_, natMap) => {
    const { reach } = topologyOf({ nodes: NODES, natMap });
    expect(reach({ host: '10.0.0.7', port: 6379 })).toEqual({ host: 'lb.example', port: 7001 });
    expect(reach({ host: '2001:db8::9', port: 6379 })).toEqual({ host: '2001:db8::9', port: 6379 });
  });

  it('takes a node as announced if the function throws, or answers anything else than an endpoint', () => {
    const announced = { host: 'a', port: 1 };
    const throwing = topologyOf({
      nodes: NODES,
      natMap: () => {
        throw new Error(SECRET);
      },
    });
    expect(throwing.reach(announced)).toEqual(announced);
    const wrong = topologyOf({ nodes: NODES, natMap: () => ({ host: 'b', port: 0 }) });
    expect(wrong.reach(announced)).toEqual(announced);
  });

  it.each<[string, unknown, RegExp]>([
    ['url as well', { cluster: { nodes: NODES }, url: 'rediss://host' }, /url and cluster exclude each other/],
    ['no nodes', { cluster: {} }, /cluster\.nodes must be a list/],
    ['an empty list of nodes', { cluster: { nodes: [] } }, /cluster\.nodes must be a list/],
    ['one node that is no list', { cluster: { nodes: NODES[0] } }, /cluster\.nodes must be a list/],
    ['another type', { cluster: NODES }, /cluster: expected an object/],
    ['a node without a scheme', { cluster: { nodes: ['a.internal:6379'] } }, /cluster\.nodes must be of the form/],
    ['a database', { cluster: { nodes: ['rediss://a/1'] } }, /must name no database/],
    ['a password in a node', { cluster: { nodes: [`rediss://x:${SECRET}@a`] } }, /no user and no password/],
    ['two schemes', { cluster: { nodes: ['rediss://a', 'redis://b'] } }, /must all begin with rediss/],
    ['plaintext', { cluster: { nodes: ['redis://a'] } }, /cluster\.nodes must begin with rediss/],
    ['an unknown option in it', { cluster: { nodes: NODES, scaleReads: 'slave' } }, /unknown option 'scaleReads'/],
    ['a natMap of another type', { cluster: { nodes: NODES, natMap: 'x' } }, /natMap must be an object or a function/],
    ['a natMap that leads nowhere', { cluster: { nodes: NODES, natMap: { a: { host: 'b' } } } }, /natMap must lead to/],
  ])('refuses %s, and prints no credential', (_, options, message) => {
    const make = (): unknown => redisTier({ username: 'shop', password: SECRET, ...(options as RedisClusterOptions) });
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(message);
    try {
      make();
    } catch (error) {
      expect(inspect(error)).not.toContain(SECRET);
    }
  });
});
