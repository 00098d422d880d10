import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../support/servers/certificates.ts';
import { migrate, openPrisma } from '../support/servers/databases.ts';
import { FaultProxy } from '../support/servers/fault-proxy.ts';
import { startPostgres } from '../support/servers/postgres.ts';
import { type RedisCoordinates, redisFlavours, type RedisServer, startRedis } from '../support/servers/redis.ts';
import { until } from '../support/servers/until.ts';
import { freshDatabase, sharedPostgres, sharedRedis, uniqueNamespace } from '../support/shared.ts';
import { DATABASE_NAMES } from '../../src/tiers/sql/tag.ts';

type Target = Pick<RedisCoordinates, 'host' | 'port' | 'username' | 'password' | 'ca'>;

/** A client that fails fast and gives the reason. */
async function withClient<T>(target: Target, use: (client: Redis) => Promise<T>): Promise<T> {
  const { host, port, username, password, ca } = target;
  const client = new Redis({
    host,
    port,
    username,
    password,
    ...(ca === undefined ? {} : { tls: { ca } }),
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    commandTimeout: 300,
    connectTimeout: 1_000,
  });
  // A proxy in between, such as Docker's, may end the connection without an error.
  const reason = new Promise<never>((_, reject) =>
    client.on('error', reject).on('end', () => reject(new Error('The connection was closed.'))),
  );
  reason.catch(() => {});
  try {
    // ioredis says only "Connection is closed." to the caller; the event has the cause.
    await client.connect().catch(() => reason);
    return await use(client);
  } finally {
    client.disconnect();
  }
}

describe.each(redisFlavours())('a %s of one test', (flavour) => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ flavour, namespace: 'shop' });
  });
  afterAll(() => server?.stop());

  test('answers a client that verifies its certificate', async () => {
    await withClient(server, async (client) => expect(await client.time()).toHaveLength(2));
  });

  test('is refused by a client that trusts another authority', async () => {
    const { ca } = await createAuthority('somebody else');
    await expect(withClient({ ...server.coordinates, ca }, (client) => client.time())).rejects.toThrow(/certificate/);
  });

  test('does not speak plaintext', async () => {
    await expect(withClient({ ...server.coordinates, ca: undefined }, (client) => client.time())).rejects.toThrow();
  });

  test('refuses a wrong password', async () => {
    const stranger = { ...server.coordinates, password: 'guess' };
    await expect(withClient(stranger, (client) => client.time())).rejects.toThrow(/WRONGPASS/);
  });

  test('lets the application do nothing beyond its own keys', async () => {
    await withClient(server, async (client) => {
      expect(await client.set('shop:a', '1', 'PX', 60_000)).toBe('OK');
      await expect(client.set('other:a', '1')).rejects.toThrow(/NOPERM/);
      await expect(client.flushall()).rejects.toThrow(/NOPERM/);
      await expect(client.keys('*')).rejects.toThrow(/NOPERM/);
      await expect(client.eval("return redis.call('GETRANGE', KEYS[1], 0, -1)", 1, 'other:a')).rejects.toThrow(
        /ACL|permission/i,
      );
    });
  });

  test('hangs while paused, and executes then what it was sent', async () => {
    await withClient(server, async (client) => {
      await server.pause();
      await expect(client.set('shop:late', 'yes')).rejects.toThrow(/timed out/);
      await server.resume();
      expect(await until(() => server.cli('GET', 'shop:late'))).toBe('yes');
    });
  });

  test('dies frozen, and never executes what it was sent', async () => {
    await using frozen = await startRedis({
      flavour,
      namespace: 'shop',
      directives: { appendonly: 'yes', appendfsync: 'always' },
    });
    await withClient(frozen, async (client) => {
      await client.set('shop:early', 'yes');
      await frozen.pause();
      await expect(client.set('shop:late', 'yes')).rejects.toThrow(/timed out/);
      await frozen.restart();
    });
    expect(await frozen.cli('MGET', 'shop:early', 'shop:late')).toEqual(['yes', null]);
  });

  test('comes back with the data it had when it last saved', async () => {
    await server.cli('SET', 'shop:old', 'saved');
    await server.save();
    await server.cli('SET', 'shop:old', 'never saved');
    await server.restart();
    expect(await server.cli('GET', 'shop:old')).toBe('saved');
    await server.restart({ wipe: true });
    expect(await server.cli('GET', 'shop:old')).toBeNull();
  });

  test('goes back in time without a restart that shows', async () => {
    await server.cli('SET', 'shop:then', 'then', 'PX', 60_000);
    const life = () => server.cli('INFO', 'server').then((text) => /run_id:\w+/.exec(String(text))?.[0]);
    const before = await life();
    const snapshot = await server.snapshot();
    await server.cli('SET', 'shop:then', 'now');
    await server.cli('SET', 'shop:since', 'now');
    await server.rollBack(snapshot);
    expect(await server.cli('GET', 'shop:then')).toBe('then');
    expect(await server.cli('PTTL', 'shop:then')).toBeGreaterThan(30_000);
    expect(await server.cli('GET', 'shop:since')).toBeNull();
    expect(await life()).toBe(before);
  });

  test('shows every byte it holds, on disk as well', async () => {
    const canary = 'canary-'.repeat(40);
    await server.cli('SET', 'shop:canary', canary);
    const dump = await server.dump();
    expect(dump.includes(canary)).toBe(true);
    expect(dump.includes(server.password)).toBe(false);
  });
});

test('a server can show an expired certificate, or none at all', async () => {
  const certificates = await (await createAuthority()).issue({ expired: true });
  await using expired = await startRedis({ certificates });
  await expect(withClient(expired, (client) => client.time())).rejects.toThrow(/expired/);

  await using plain = await startRedis({ plaintext: true });
  expect(await withClient(plain, (client) => client.time())).toHaveLength(2);
});

test('the shared server takes the namespaces of tests and no others', async () => {
  await withClient(sharedRedis(), async (client) => {
    expect(await client.set(`${uniqueNamespace()}:a`, '1', 'PX', 1_000)).toBe('OK');
    await expect(client.set('shop:a', '1')).rejects.toThrow(/NOPERM/);
  });
});

const row = (fill: number) => ({
  storageKey: new Uint8Array(32).fill(fill),
  namespace: 'shop',
  revision: 1n,
  writeId: new Uint8Array(16),
  envelope: new Uint8Array([1, 2, 3]),
  keyId: new Uint8Array(8),
  createdAt: 1_800_000_000_000n,
  lastSeenAt: 1_800_000_000_000n,
  idleExpiresAt: 1_800_000_000_000n,
  idleLifetime: 1_800_000n,
  absoluteExpiresAt: 1_800_000_000_000n,
});

describe.each(DATABASE_NAMES)('a fresh %s database', (provider) => {
  test('takes a session through a generated Prisma client, bytes and 64-bit times intact', async () => {
    await using database = await freshDatabase(provider);
    await database.prisma.holdfastSession.create({ data: row(7) });
    const found = await database.prisma.holdfastSession.findUniqueOrThrow({ where: { storageKey: row(7).storageKey } });
    expect(found).toEqual({
      ...row(7),
      userKey: null,
      revokedAt: null,
      dirtyAt: null,
      rotatedAt: null,
      previousKeys: new Uint8Array(0),
    });
  });

  test('refuses rows that the library would never write', async () => {
    await using database = await freshDatabase(provider);
    const { holdfastSession } = database.prisma;
    // BINARY(32) is 32 bytes whatever is put into it.
    const short = [
      { ...row(1), storageKey: new Uint8Array(31) },
      { ...row(1), userKey: new Uint8Array(5) },
    ];
    const refused = [
      ...(provider === 'mysql' ? [] : short),
      { ...row(1), namespace: 'n'.repeat(65) },
      { ...row(1), envelope: new Uint8Array(0) },
      { ...row(1), idleLifetime: 0n },
      { ...row(1), previousKeys: new Uint8Array(33) },
      { ...row(1), previousKeys: new Uint8Array(9 * 32) },
    ];
    for (const data of refused) await expect(holdfastSession.create({ data })).rejects.toThrow(/constraint|too long/i);
    expect(await holdfastSession.count()).toBe(0);
  });

  test('gives raw statements their numbers and bytes back', async () => {
    await using database = await freshDatabase(provider);
    await database.prisma.holdfastSession.create({ data: row(7) });
    const rows: { idle_expires_at: bigint; storage_key: Uint8Array }[] = await database.prisma.$queryRawUnsafe(
      'SELECT idle_expires_at, storage_key FROM holdfast_session',
    );
    expect(rows[0]?.idle_expires_at).toBe(1_800_000_000_000n);
    expect(rows[0]?.storage_key).toEqual(row(7).storageKey);
  });
});

test('updates of unindexed columns stay heap-only on PostgreSQL', async () => {
  // A server of its own: a snapshot of another test would keep old versions of the row in its page.
  await using server = await startPostgres();
  await migrate('postgresql', server.url, { ca: server.ca });
  await using database = await openPrisma('postgresql', server.url, { ca: server.ca });
  const { prisma } = database;
  await prisma.holdfastSession.create({ data: row(7) });
  for (let revision = 2; revision <= 50; revision += 1) {
    await prisma.$executeRawUnsafe(
      'UPDATE holdfast_session SET revision = $1, last_seen_at = last_seen_at + 1',
      revision,
    );
  }
  const statistics = await until(async () => {
    const [counts]: { updated: bigint; hot: bigint }[] = await prisma.$queryRawUnsafe(
      "SELECT n_tup_upd AS updated, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE relname = 'holdfast_session'",
    );
    return counts?.updated === 49n && counts;
  });
  expect(statistics.hot).toBe(49n);
});

test('PostgreSQL is refused by a client that trusts another authority', async () => {
  const { ca } = await createAuthority('somebody else');
  await using opened = await openPrisma('postgresql', sharedPostgres().url, { ca });
  await expect(opened.prisma.$queryRawUnsafe('SELECT 1')).rejects.toThrow();
});

test('a PostgreSQL of one test hangs while paused, and keeps committed rows through a kill', async () => {
  await using server = await startPostgres();
  await using opened = await openPrisma('postgresql', server.url, { ca: server.ca, connections: 1 });
  await opened.prisma.$executeRawUnsafe('CREATE TABLE kept (n int)');
  await opened.prisma.$executeRawUnsafe('INSERT INTO kept VALUES (1)');

  await server.pause();
  await expect(opened.prisma.$queryRawUnsafe('SELECT n FROM kept')).rejects.toThrow(/timeout/i);
  await server.resume();
  await server.restart();
  const rows = await until(() => opened.prisma.$queryRawUnsafe('SELECT n FROM kept'));
  expect(rows).toEqual([{ n: 1 }]);
});

describe('the fault proxy', () => {
  const through = (proxy: FaultProxy): Target => ({ ...sharedRedis(), host: proxy.host, port: proxy.port });
  const key = `${uniqueNamespace()}:proxy`;

  test('passes TLS through, and adds latency', async () => {
    await using proxy = await FaultProxy.start(sharedRedis());
    await withClient(through(proxy), async (client) => {
      proxy.set({ latencyMs: 60 });
      const before = performance.now();
      await client.time();
      expect(performance.now() - before).toBeGreaterThan(115);
    });
  });

  test('a stalled request arrives when the wire is healed', async () => {
    await using proxy = await FaultProxy.start(sharedRedis());
    await withClient(through(proxy), async (client) => {
      proxy.set({ stall: 'both' });
      await expect(client.set(key, 'late', 'PX', 60_000)).rejects.toThrow(/timed out/);
      proxy.heal();
      expect(await client.getrange(key, 0, -1)).toBe('late');
    });
  });

  test('a reply can be lost although the request was executed', async () => {
    await using proxy = await FaultProxy.start(sharedRedis());
    await withClient(through(proxy), async (client) => {
      proxy.set({ stall: 'down' });
      await expect(client.set(key, 'done', 'PX', 60_000)).rejects.toThrow(/timed out/);
    });
    expect(await withClient(sharedRedis(), (client) => client.getrange(key, 0, -1))).toBe('done');
  });

  test('a black hole swallows requests, and healing it resets the connection that lost them', async () => {
    await using proxy = await FaultProxy.start(sharedRedis());
    await withClient(through(proxy), async (client) => {
      proxy.set({ blackHole: true });
      await expect(client.set(key, 'lost', 'PX', 60_000)).rejects.toThrow(/timed out/);
      const ended = new Promise((resolve) => client.once('end', resolve));
      proxy.heal();
      await ended;
      await until(() => proxy.connections === 0);
    });
    expect(await withClient(sharedRedis(), (client) => client.getrange(key, 0, -1))).not.toBe('lost');
  });

  test('resets, refuses and cuts connections short', async () => {
    await using proxy = await FaultProxy.start(sharedRedis());
    await withClient(through(proxy), async (client) => {
      const ended = new Promise((resolve) => client.once('end', resolve));
      proxy.resetAll();
      await ended;
    });
    proxy.set({ refuse: true });
    await expect(withClient(through(proxy), (client) => client.time())).rejects.toThrow();
    proxy.set({ byteLimit: { direction: 'down', bytes: 100 } });
    await expect(withClient(through(proxy), (client) => client.time())).rejects.toThrow();
    proxy.heal();
    expect(await withClient(through(proxy), (client) => client.time())).toHaveLength(2);
  });
});
