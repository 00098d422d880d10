import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../../../../src/errors.ts';
import { resolveRedisOptions, type RedisTierOptions } from '../../../../../src/tiers/redis/options/redis-options.ts';
import type { SentinelTopology, ServerOptions } from '../../../../../src/tiers/redis/options/topology.ts';
import { createAuthority } from '../../../../support/servers/certificates.ts';

const SECRET = 'canary-secret';
const nodes = ['rediss://s1.internal', 'rediss://[::1]:26380'];
const base = { username: 'shop', password: SECRET };

let ca: string;
beforeAll(async () => {
  ({ ca } = await createAuthority());
});

function resolved(options: RedisTierOptions) {
  const { topology, ...access } = resolveRedisOptions(options);
  return { access, ...(topology as SentinelTopology) };
}

describe('the options of redisTier with Sentinels', () => {
  it('name the Sentinels, at port 26379 unless they say another', () => {
    const { name, nodes: sentinels, access } = resolved({ ...base, sentinel: { name: 'shop-1.main_a', nodes } });
    expect(name).toBe('shop-1.main_a');
    expect(sentinels.map(({ endpoint, db }) => ({ ...endpoint, db }))).toEqual([
      { host: 's1.internal', port: 26_379, db: 0 },
      { host: '::1', port: 26_380, db: 0 },
    ]);
    expect(access.credentials).toEqual({ username: 'shop', password: SECRET });
  });

  it('have no user for the Sentinels unless it is given, and never that of the servers', () => {
    const [first] = resolved({ ...base, sentinel: { name: 'shop', nodes } }).nodes as [ServerOptions];
    expect(first.credentials).toBeUndefined();
    const own = { username: 'asker', password: 'other' };
    expect(resolved({ ...base, sentinel: { name: 'shop', nodes, ...own } }).nodes[0]?.credentials).toEqual(own);
    const credentials = () => own;
    expect(resolved({ ...base, sentinel: { name: 'shop', nodes, credentials } }).nodes[0]?.credentials).toBe(
      credentials,
    );
  });

  it('have the TLS of the servers for the Sentinels, unless it is given', () => {
    const tls = { ca, servername: 'servers.internal' };
    const shared = resolved({ ...base, tls, sentinel: { name: 'shop', nodes } });
    expect(shared.nodes[0]?.tls).toBe(shared.access.tls);
    const own = resolved({ ...base, tls, sentinel: { name: 'shop', nodes, tls: { ca } } });
    expect(own.nodes[0]?.tls).toMatchObject({ servername: undefined });
    expect(own.access.tls).toMatchObject({ servername: 'servers.internal' });
  });

  it('take Sentinels without TLS if `allowInsecure` is true; `tls` then says that the servers have it', () => {
    const sentinel = { name: 'shop', nodes: ['redis://localhost'] };
    const plain = resolved({ sentinel, allowInsecure: true });
    expect([plain.nodes[0]?.tls, plain.access.tls]).toEqual([undefined, undefined]);
    const half = resolved({ sentinel, allowInsecure: true, tls: { ca } });
    expect([half.nodes[0]?.tls, half.access.tls]).toEqual([undefined, expect.anything()]);
  });

  it.each<[string, object, RegExp]>([
    ['a url beside them', { url: 'rediss://host', sentinel: { name: 'shop', nodes } }, /exclude each other/],
    ['none', { sentinel: { name: 'shop', nodes: [] } }, /sentinel\.nodes must be an array of 1 to 16/],
    ['one that is no array', { sentinel: { name: 'shop', nodes: 'rediss://host' } }, /must be an array/],
    ['too many', { sentinel: { name: 'shop', nodes: Array(17).fill('rediss://host') } }, /1 to 16/],
    ['one that is no address', { sentinel: { name: 'shop', nodes: [SECRET] } }, /sentinel\.nodes must be of the form/],
    ['a user in an address', { sentinel: { name: 'shop', nodes: [`rediss://u:${SECRET}@h`] } }, /sentinel\.username/],
    ['a database', { sentinel: { name: 'shop', nodes: ['rediss://h/2'] } }, /no databases/],
    ['some without TLS', { sentinel: { name: 'shop', nodes: ['rediss://a', 'redis://b'] } }, /must all begin/],
    ['none with TLS', { sentinel: { name: 'shop', nodes: ['redis://a'] } }, /rediss:\/\/ .*allowInsecure/],
    ['no name', { sentinel: { nodes } }, /sentinel\.name must be/],
    ['a name that Sentinel refuses', { sentinel: { name: 'a b', nodes } }, /sentinel\.name must be/],
    ['an unknown option', { sentinel: { name: 'shop', nodes, quorum: 2 } }, /sentinel: unknown option 'quorum'/],
    ['a user without a password', { sentinel: { name: 'shop', nodes, username: 'u' } }, /sentinel\.username needs/],
    [
      'TLS that is none',
      { sentinel: { name: 'shop', nodes, tls: { ca: '/ca.pem' } } },
      /sentinel\.tls\.ca must be PEM/,
    ],
    [
      'TLS for Sentinels that have none',
      { allowInsecure: true, sentinel: { name: 'shop', nodes: ['redis://a'], tls: {} } },
      /sentinel\.tls needs nodes/,
    ],
    [
      'no password for the servers',
      { password: undefined, username: undefined, sentinel: { name: 'shop', nodes } },
      /password is missing/,
    ],
  ])('refuse %s, and print no credential', (_, options, message) => {
    let error: unknown;
    try {
      resolveRedisOptions({ ...base, ...options } as RedisTierOptions);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toMatch(message);
    expect(inspect(error)).not.toContain(SECRET);
  });
});
