import { join } from 'node:path';
import { createAuthority } from '../servers/certificates.ts';
import { FaultProxy } from '../servers/fault-proxy.ts';
import type { DoctorBench, Variant } from './bench.ts';
import { NOBODY, onThisMachine, variant, type Fault, type Plant, type Planted } from './fault.ts';

type Words = readonly [string, ...string[]];

/** Plants a fault of Redis as its administrator. */
const redis =
  (plant: Words, mend: Words, differs: Variant = {}): Plant =>
  async (bench) => {
    await bench.command(...plant);
    return { variant: differs, mend: () => bench.command(...mend) };
  };

const config = (name: string, fault: string, healthy: string): Plant =>
  redis(['CONFIG', 'SET', name, fault], ['CONFIG', 'SET', name, healthy]);

/** Plants a fault of the user's rights. */
const user =
  (fault: string, healthy: string): Plant =>
  (bench) => {
    const set = (rules: string): Words => ['ACL', 'SETUSER', bench.redis.username, ...rules.split(' ')];
    return redis(set(fault), set(healthy))(bench);
  };

/** Has Redis show another certificate to new connections. */
async function shownByRedis(
  bench: DoctorBench,
  options: { readonly expired?: true; readonly days?: number },
): Promise<Planted> {
  const show = async (paths: { readonly crt: string; readonly key: string }): Promise<void> =>
    bench.command('CONFIG', 'SET', 'tls-cert-file', paths.crt, 'tls-key-file', paths.key);
  await show(await bench.certificate(options));
  const healthy = { crt: join(bench.redis.dir, 'server.crt'), key: join(bench.redis.dir, 'server.key') };
  return { mend: () => show(healthy) };
}

async function listenInPlaintext(
  bench: DoctorBench,
): Promise<{ readonly port: number; readonly mend: () => Promise<void> }> {
  const port = await bench.listenInPlaintext();
  return { port, mend: () => bench.command('CONFIG', 'SET', 'port', '0') };
}

export const REDIS_FAULTS: readonly Fault[] = [
  // Redis: the connection
  ['nobody listens', 'redis-unreachable', variant(() => ({ redis: { url: `rediss://${NOBODY}` } }))],
  [
    'another authority',
    'redis-certificate-authority',
    variant(async () => ({ redis: { tls: { ca: (await createAuthority()).ca } } })),
  ],
  ['another name', 'redis-certificate-name', variant(() => ({ redis: { tls: { servername: 'cache.example' } } }))],
  [
    'an expired certificate',
    'redis-certificate-expired',
    onThisMachine((bench) => shownByRedis(bench, { expired: true })),
  ],
  [
    'a certificate that ends in 3 days',
    'redis-certificate-ends',
    onThisMachine((bench) => shownByRedis(bench, { days: 3 })),
  ],
  [
    'a port without TLS',
    'redis-plaintext-port',
    onThisMachine(async (bench) => ({ mend: (await listenInPlaintext(bench)).mend })),
  ],
  [
    'a client without TLS on the same machine',
    'redis-plaintext-local',
    onThisMachine(async (bench) => {
      const { port, mend } = await listenInPlaintext(bench);
      return { variant: { redis: { url: `redis://127.0.0.1:${port}`, allowInsecure: true } }, mend };
    }),
  ],
  [
    'a server far away',
    'redis-far',
    async (bench) => {
      const proxy = await FaultProxy.start({ host: '127.0.0.1', port: bench.redis.port });
      proxy.set({ latencyMs: 40 });
      return { variant: { redis: { url: `rediss://127.0.0.1:${proxy.port}` } }, mend: () => proxy.stop() };
    },
  ],
  // Redis: the user
  ['a wrong password', 'redis-credentials', variant(() => ({ redis: { password: 'another one' } }))],
  ['a command that is not granted', 'redis-grant-missing', user('-pexpire', '+pexpire')],
  ['the keys of another namespace', 'redis-namespace', user('resetkeys ~other:*', 'resetkeys ~shop:*')],
  [
    'a user that may do everything',
    'redis-user-commands',
    user('+@all', '-@all +mget +getrange +set +setrange +del +pexpire +pttl +time +eval +evalsha +info'),
  ],
  ['a user that may scan', 'redis-user-commands', user('+scan', '-scan')],
  ['a user of all keys', 'redis-user-keys', user('allkeys', 'resetkeys ~shop:*')],
  [
    'a default user without a password',
    'redis-open',
    redis(['ACL', 'SETUSER', 'default', 'on', 'nopass'], ['ACL', 'SETUSER', 'default', 'reset']),
  ],
  [
    'the default user in use',
    'redis-default-user',
    redis(
      ['ACL', 'SETUSER', 'default', 'on', '>a password', '+@all', 'allkeys'],
      ['ACL', 'SETUSER', 'default', 'reset'],
      { redis: { username: 'default', password: 'a password' } },
    ),
  ],
  // Redis: the server
  ['a replica', 'redis-replica', redis(['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE'])],
  ['a server that refuses writes', 'redis-writes-refused', config('min-replicas-to-write', '1', '0')],
  ['no bound for memory', 'redis-maxmemory', config('maxmemory', '0', '64mb')],
  ['no eviction', 'redis-noeviction', config('maxmemory-policy', 'noeviction', 'volatile-ttl')],
  ['an append-only file', 'redis-persistence', config('appendonly', 'yes', 'no')],
];
