import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addKey, KeyRing, keyRingFile, replaceKey } from '../../../src/index.ts';
import { DoctorBench, type Variant } from '../../support/doctor-bench.ts';
import { fixtureJwk, KEK } from '../../support/ring-fixtures.ts';
import { createAuthority } from '../../support/servers/certificates.ts';
import { FaultProxy } from '../../support/servers/fault-proxy.ts';

let bench: DoctorBench;

beforeAll(async () => {
  bench = await DoctorBench.start();
});

afterAll(() => bench[Symbol.asyncDispose]());

/** Plants a fault. Returns how the client differs, if it does, and how the fault is taken away. */
type Plant = () => Promise<{ readonly variant?: Variant; readonly mend?: () => Promise<unknown> }>;

/** Faults of the client's own options, with no server touched. */
const variant =
  (make: () => Promise<Variant> | Variant): Plant =>
  async () => ({ variant: await make() });

/** Faults of Redis, as its administrator makes and mends them. */
const redis =
  (plant: readonly string[], mend: readonly string[], differs: Variant = {}): Plant =>
  async () => {
    await bench.command(...(plant as [string]));
    return { variant: differs, mend: () => bench.command(...(mend as [string])) };
  };
const config = (name: string, fault: string, healthy: string): Plant =>
  redis(['CONFIG', 'SET', name, fault], ['CONFIG', 'SET', name, healthy]);
const user = (fault: string, healthy: string): Plant =>
  redis(
    ['ACL', 'SETUSER', bench.redis.username, ...fault.split(' ')],
    ['ACL', 'SETUSER', bench.redis.username, ...healthy.split(' ')],
  );

/** Faults of the database, as its administrator makes and mends them. */
const sql =
  (plant: string, mend: string): Plant =>
  async () => {
    await bench.sql(plant);
    return { mend: () => bench.sql(mend) };
  };

const FOREIGN = '127.0.0.1:1';

const FAULTS: readonly (readonly [fault: string, code: string | readonly string[], plant: Plant])[] = [
  // Redis: the connection
  ['nobody listens', 'redis-unreachable', variant(() => ({ redis: { url: `rediss://${FOREIGN}` } }))],
  [
    'another authority',
    'redis-certificate-authority',
    variant(async () => ({ redis: { tls: { ca: (await createAuthority()).ca } } })),
  ],
  ['another name', 'redis-certificate-name', variant(() => ({ redis: { tls: { servername: 'cache.example' } } }))],
  ['an expired certificate', 'redis-certificate-expired', () => shownByRedis({ expired: true })],
  ['a certificate that ends in 3 days', 'redis-certificate-ends', () => shownByRedis({ days: 3 })],
  ['a port without TLS', 'redis-plaintext-port', async () => ({ mend: await listenInPlaintext() })],
  [
    'a client without TLS',
    'redis-plaintext',
    async () => {
      const mend = await listenInPlaintext();
      return { variant: { redis: { url: `redis://127.0.0.1:${plainPort}`, allowInsecure: true } }, mend };
    },
  ],
  [
    'a server far away',
    'redis-far',
    async () => {
      const proxy = await FaultProxy.start({ host: '127.0.0.1', port: bench.redis.port });
      proxy.set({ latencyMs: 40 });
      return { variant: { redis: { url: `rediss://127.0.0.1:${proxy.port}` } }, mend: () => proxy.stop() };
    },
  ],
  // Redis: the user
  ['a wrong password', 'redis-credentials', variant(() => ({ redis: { password: 'another one' } }))],
  ['a command that is not granted', 'redis-grant-missing', () => user('-pexpire', '+pexpire')()],
  ['the keys of another namespace', 'redis-namespace', () => user('resetkeys ~other:*', 'resetkeys ~shop:*')()],
  [
    'a user that may do everything',
    'redis-user-commands',
    () => user('+@all', '-@all +mget +getrange +set +setrange +del +pexpire +pttl +time +eval +evalsha +info')(),
  ],
  ['a user that may scan', 'redis-user-commands', () => user('+scan', '-scan')()],
  ['a user of all keys', 'redis-user-keys', () => user('allkeys', 'resetkeys ~shop:*')()],
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
  // The database: the connection
  [
    'nobody listens',
    'database-unreachable',
    variant(() => ({ database: { url: bench.databaseUrl.replace(/@[^/]+/, `@${FOREIGN}`) } })),
  ],
  [
    'a wrong password',
    'database-access',
    variant(() => ({ database: { url: bench.databaseUrl.replace(/:[^:@]+@/, ':another@') } })),
  ],
  ['another authority', 'database-tls', variant(async () => ({ database: { ca: (await createAuthority()).ca } }))],
  [
    'a certificate from another authority',
    'database-certificate',
    async () => {
      const ca = join(bench.folder, 'other.pem');
      await writeFile(ca, (await createAuthority()).ca);
      return { variant: { env: { HOLDFAST_DATABASE_CA_FILE: ca } } };
    },
  ],
  ['a certificate that ends in 3 days', 'database-certificate-ends', () => shownByDatabase({ days: 3 })],
  ['an expired certificate', 'database-certificate-expired', () => shownByDatabase({ expired: true })],
  [
    'an address that verifies nothing',
    'database-tls-unverified',
    variant(() => ({ env: { HOLDFAST_DATABASE_URL: bench.databaseUrl.replace('verify-full', 'no-verify') } })),
  ],
  // The database: the schema
  [
    'a column that is missing',
    'database-schema',
    sql(
      'ALTER TABLE holdfast_session RENAME rotated_at TO was_rotated_at',
      'ALTER TABLE holdfast_session RENAME was_rotated_at TO rotated_at',
    ),
  ],
  [
    'a table that is missing',
    'database-schema',
    sql('ALTER TABLE holdfast_session_node RENAME TO gone', 'ALTER TABLE gone RENAME TO holdfast_session_node'),
  ],
  [
    'an index that is missing',
    'database-index-missing',
    sql(
      'DROP INDEX holdfast_session_dirty_at_idx',
      'CREATE INDEX holdfast_session_dirty_at_idx ON holdfast_session (dirty_at, storage_key) WHERE dirty_at IS NOT NULL',
    ),
  ],
  [
    'an index on what a touch changes',
    'database-index-surplus',
    sql('CREATE INDEX seen ON holdfast_session (namespace, last_seen_at)', 'DROP INDEX seen'),
  ],
  [
    'an index whose condition changes',
    'database-index-surplus',
    sql('CREATE INDEX alive ON holdfast_session (created_at) WHERE revoked_at IS NULL', 'DROP INDEX alive'),
  ],
  [
    'full pages',
    'database-table',
    sql('ALTER TABLE holdfast_session RESET (fillfactor)', 'ALTER TABLE holdfast_session SET (fillfactor = 50)'),
  ],
  [
    'a table that a crash empties',
    'database-lossy',
    sql('ALTER TABLE holdfast_session_node SET UNLOGGED', 'ALTER TABLE holdfast_session_node SET LOGGED'),
  ],
  [
    'rows that are hidden',
    'database-hidden-rows',
    sql(
      'ALTER TABLE holdfast_session ENABLE ROW LEVEL SECURITY; CREATE POLICY all_rows ON holdfast_session USING (true)',
      'DROP POLICY all_rows ON holdfast_session; ALTER TABLE holdfast_session DISABLE ROW LEVEL SECURITY',
    ),
  ],
  [
    'a mark that nobody clears',
    'database-marks',
    sql('UPDATE holdfast_session SET dirty_at = 1700000000000', 'UPDATE holdfast_session SET dirty_at = NULL'),
  ],
  // The database: the role
  [
    'a grant that is missing',
    'database-grant-missing',
    sql('REVOKE DELETE ON holdfast_session FROM sessions', 'GRANT DELETE ON holdfast_session TO sessions'),
  ],
  ['a superuser', 'database-rights', sql('ALTER ROLE sessions SUPERUSER', 'ALTER ROLE sessions NOSUPERUSER')],
  [
    'a role that may make tables',
    'database-rights',
    sql('GRANT CREATE ON SCHEMA public TO sessions', 'REVOKE CREATE ON SCHEMA public FROM sessions'),
  ],
  [
    'a role that may only read',
    'database-read-only',
    sql('ALTER ROLE sessions SET default_transaction_read_only = on', 'ALTER ROLE sessions RESET ALL'),
  ],
  [
    'acknowledged before it is durable',
    'database-lossy',
    sql('ALTER ROLE sessions SET synchronous_commit = off', 'ALTER ROLE sessions RESET ALL'),
  ],
  [
    'another isolation',
    'database-isolation',
    sql("ALTER ROLE sessions SET default_transaction_isolation = 'repeatable read'", 'ALTER ROLE sessions RESET ALL'),
  ],
  ['statements without a limit', 'database-statement-timeout', variant(() => ({ database: { statementMs: 0 } }))],
  [
    'statements that outlive the call',
    'database-statement-timeout',
    variant(() => ({ database: { statementMs: 60_000 } })),
  ],
  // The keys
  [
    'a ring that does not open',
    'ring-unreadable',
    variant(() => ({ keys: keyRingFile(bench.ringPath, { kek: Buffer.from(KEK).reverse() }) })),
  ],
  [
    'keys in the clear',
    'ring-plain',
    async () => {
      const path = join(bench.folder, 'plain.json');
      const ring = await KeyRing.open(bench.ringPath, { kek: KEK });
      await writeFile(path, JSON.stringify(ring.toJwks()), { mode: 0o600 });
      return { variant: { keys: keyRingFile(path, { kek: KEK }) } };
    },
  ],
  [
    'a ring that others may read',
    'file-permissions',
    async () => {
      await chmod(bench.ringPath, 0o644);
      return { mend: () => chmod(bench.ringPath, 0o600) };
    },
  ],
  [
    'an old ring',
    'ring-old',
    sql('UPDATE holdfast_session_ring SET version = 2', 'UPDATE holdfast_session_ring SET version = 1'),
  ],
  [
    'another ring of this version',
    'ring-old',
    sql('UPDATE holdfast_session_ring SET fingerprint = sha256(fingerprint)', 'TRUNCATE holdfast_session_ring'),
  ],
  [
    'a node without the ring',
    'ring-not-everywhere',
    async () => {
      const keys = await addKey(await KeyRing.open(bench.ringPath, { kek: KEK }));
      await bench.sql(
        "INSERT INTO holdfast_session_node SELECT 'shop', decode(md5('node'), 'hex'), 1, extract(epoch FROM clock_timestamp()) * 1000, 0",
      );
      return { variant: { keys }, mend: () => bench.sql('DELETE FROM holdfast_session_node') };
    },
  ],
  ['a key that is too old', 'key-old', variant(() => ({ keyAgeMsMax: -60_000 }))],
  [
    'a rotation that stopped half-way',
    'key-pending',
    variant(async () => {
      const { keys, ...rest } = (await KeyRing.open(bench.ringPath, { kek: KEK })).toJwks();
      const pending = { ...fixtureJwk('waiting', 'XAES-256-GCM', 'pending'), iat: 1_700_000_000 };
      return { keys: KeyRing.fromJwks({ ...rest, 'holdfast:version': 2, keys: [...keys, pending] }) };
    }),
  ],
  [
    'sessions under a revoked key',
    'key-revoked-in-use',
    variant(async () => {
      const ring = await KeyRing.open(bench.ringPath, { kek: KEK });
      return { keys: await replaceKey(ring, { kid: ring.sealingKey.kid }) };
    }),
  ],
  [
    'sessions under a lost key',
    'key-unknown',
    async () => {
      await bench.sql("UPDATE holdfast_session SET write_id = key_id || key_id, key_id = 'unknown!'");
      return { mend: () => bench.sql('UPDATE holdfast_session SET key_id = substr(write_id, 1, 8)') };
    },
  ],
  // The rest
  [
    'a namespace that nobody else uses',
    'namespace-unknown',
    async () => {
      await bench.sql(
        "INSERT INTO holdfast_session_ring (namespace, version, fingerprint) VALUES ('other', 1, sha256(''))",
      );
      await bench.sql("DELETE FROM holdfast_session_ring WHERE namespace = 'shop'");
      return { mend: () => bench.sql('DELETE FROM holdfast_session_ring') };
    },
  ],
  [
    'a clock that is an hour ahead',
    'clock-own',
    variant(() => ({ platform: bench.clockAhead(3_600_000), keyAgeMsMax: 10 * 3_600_000 })),
  ],
];

/** Redis shows another certificate to new connections. */
async function shownByRedis(options: { readonly expired?: true; readonly days?: number }): ReturnType<Plant> {
  const show = async (paths: { readonly crt: string; readonly key: string }): Promise<void> =>
    bench.command('CONFIG', 'SET', 'tls-cert-file', paths.crt, 'tls-key-file', paths.key);
  await show(await bench.certificate(options));
  const healthy = { crt: join(bench.redis.dir, 'server.crt'), key: join(bench.redis.dir, 'server.key') };
  return { mend: () => show(healthy) };
}

/** The database shows another certificate to new connections. */
async function shownByDatabase(options: { readonly expired?: true; readonly days?: number }): ReturnType<Plant> {
  await bench.showFromDatabase(options);
  return { mend: () => bench.showFromDatabase({ days: 25 }) };
}

let plainPort = 0;

async function listenInPlaintext(): Promise<() => Promise<void>> {
  plainPort = await bench.listenInPlaintext();
  return () => bench.command('CONFIG', 'SET', 'port', '0');
}

describe('holdfast doctor', () => {
  it('finds nothing in a healthy set-up', async () => {
    expect(await bench.examine()).toEqual([]);
  });

  it.each(FAULTS)('finds %s: %s, and nothing else', async (_, code, plant) => {
    const { variant: differs, mend } = await plant();
    try {
      const findings = await bench.examine(differs);
      expect(
        findings.map((finding) => finding.code),
        JSON.stringify(findings),
      ).toEqual([code].flat());
    } finally {
      await mend?.();
    }
  });

  it('finds nothing once every fault is taken away', async () => {
    expect(await bench.examine()).toEqual([]);
  });
});
