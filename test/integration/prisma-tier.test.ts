import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemPlatform } from '../../src/platform/platform.ts';
import type { SealedRecord } from '../../src/session/sealed-record.ts';
import { prismaTier } from '../../src/tiers/prisma/index.ts';
import type { DurableTier, UpdateCommand } from '../../src/tiers/tier.ts';
import { migrate, openPrisma } from '../support/servers/databases.ts';
import { FaultProxy } from '../support/servers/fault-proxy.ts';
import { asPostgresAdmin, type PostgresServer, pgOptions, startPostgres } from '../support/servers/postgres.ts';
import { until } from '../support/servers/until.ts';
import { freshDatabase, type FreshDatabase, sharedPostgres } from '../support/shared.ts';

const TIMEOUT_MS = 600;
/** One time-out, and what a busy machine adds to it. */
const BOUND_MS = TIMEOUT_MS + 400;
const NOW = 1_764_000_000_000;

describe('opening on PostgreSQL', () => {
  it.each([
    ['table-missing', 'DROP TABLE holdfast_session'],
    ['column-missing:dirty_at', 'ALTER TABLE holdfast_session DROP COLUMN dirty_at'],
    ['column-missing:previous_keys', 'ALTER TABLE holdfast_session DROP COLUMN previous_keys'],
    ['column-type:revision', 'ALTER TABLE holdfast_session ALTER COLUMN revision TYPE integer'],
    [
      'column-type:user_key',
      "ALTER TABLE holdfast_session ALTER COLUMN user_key TYPE text USING encode(user_key, 'hex')",
    ],
    ['primary-key-missing', 'ALTER TABLE holdfast_session DROP CONSTRAINT holdfast_session_pkey'],
  ])('says %s', async (reason, damage) => {
    await using database = await freshDatabase('postgresql');
    await database.prisma.$executeRawUnsafe(
      damage.replace('ALTER COLUMN user_key', 'DROP CONSTRAINT holdfast_session_user_key_check, ALTER COLUMN user_key'),
    );
    await expectOpenFailure(tierOf(database), 'misconfigured', reason);
  });

  it('finds the table under another name', async () => {
    await using database = await freshDatabase('postgresql');
    await database.prisma.$executeRawUnsafe('ALTER TABLE holdfast_session RENAME TO "Web_Session"');
    const tier = prismaTier(database.prisma, { provider: 'postgresql', table: 'Web_Session' });
    await open(tier);
    expect(await tier.insert(aRecord(), writeId())).toBe(true);
  });

  it.each([
    [
      'a wrong password',
      'wrong-password',
      (url: URL) => {
        url.password = 'wrong';
      },
    ],
    [
      'a user that does not exist',
      'wrong-password',
      (url: URL) => {
        url.username = 'nobody';
      },
    ],
    [
      'a database that does not exist',
      'unknown-database',
      (url: URL) => {
        url.pathname = '/nowhere';
      },
    ],
  ])('tells %s from an outage', async (_what, reason, change) => {
    const server = sharedPostgres();
    const url = new URL(server.url);
    change(url);
    await using client = await openPrisma('postgresql', url.href, { ca: server.ca });
    await expectOpenFailure(prismaTier(client.prisma, { provider: 'postgresql' }), 'misconfigured', reason);
  });

  it('tells a certificate that it does not trust from an outage', async () => {
    const server = sharedPostgres();
    await using client = await openPrisma('postgresql', server.url);
    await expectOpenFailure(prismaTier(client.prisma, { provider: 'postgresql' }), 'misconfigured', 'certificate');
  });

  it.each([
    ['none', [], 'permission-denied'],
    ['SELECT', ['SELECT'], 'permission-denied'],
    ['SELECT and INSERT', ['SELECT', 'INSERT'], 'permission-denied'],
    ['INSERT and UPDATE', ['INSERT', 'UPDATE'], 'permission-denied'],
  ])('asks for the grants that it needs when the role has %s', async (_what, grants, reason) => {
    await using database = await freshDatabase('postgresql');
    await using client = await clientOfRole(database, grants);
    await expectOpenFailure(prismaTier(client.prisma, { provider: 'postgresql' }), 'misconfigured', reason);
  });

  it('is content with the least privilege that the documentation names', async () => {
    await using database = await freshDatabase('postgresql');
    await using client = await clientOfRole(database, ['SELECT', 'INSERT', 'UPDATE', 'DELETE']);
    const tier = prismaTier(client.prisma, { provider: 'postgresql' });
    await open(tier);
    await useEveryMethod(tier);
  });

  it('refuses a database whose transactions are read-only', async () => {
    await using database = await freshDatabase('postgresql');
    await asPostgresAdmin(
      sharedPostgres(),
      `ALTER DATABASE "${nameOf(database)}" SET default_transaction_read_only = on`,
    );
    await using client = await database.open();
    await expectOpenFailure(prismaTier(client.prisma, { provider: 'postgresql' }), 'misconfigured', 'read-only');
  });
});

describe('opening on SQLite', () => {
  it.each([
    ['table-missing', 'DROP TABLE holdfast_session'],
    [
      'column-missing:dirty_at',
      'DROP INDEX holdfast_session_dirty_at_idx; ALTER TABLE holdfast_session RENAME COLUMN dirty_at TO dirty',
    ],
    [
      'column-type:namespace',
      'DROP TABLE holdfast_session; CREATE TABLE holdfast_session (storage_key BLOB PRIMARY KEY, namespace BLOB)',
    ],
    [
      'column-missing:user_key',
      'DROP TABLE holdfast_session; CREATE TABLE holdfast_session (storage_key BLOB PRIMARY KEY, namespace TEXT)',
    ],
  ])('says %s', async (reason, damage) => {
    await using database = await freshDatabase('sqlite');
    using file = new DatabaseSync(fileURLToPath(database.url));
    file.exec(damage);
    await expectOpenFailure(tierOf(database), 'misconfigured', reason);
  });

  it('says that a table without a primary key is none', async () => {
    await using database = await freshDatabase('sqlite');
    using file = new DatabaseSync(fileURLToPath(database.url));
    file.exec('CREATE TABLE copy AS SELECT * FROM holdfast_session');
    const columns = file.prepare('SELECT name, type FROM pragma_table_info(?)').all('holdfast_session');
    file.exec(`CREATE TABLE keyless (${columns.map(({ name, type }) => `${name} ${type}`).join(', ')})`);
    const tier = prismaTier(database.prisma, { provider: 'sqlite', table: 'keyless' });
    await expectOpenFailure(tier, 'misconfigured', 'primary-key-missing');
  });

  it('says that the file cannot be opened', async () => {
    await using client = await openPrisma('sqlite', 'file:///nowhere/at/all/sessions.db');
    await expectOpenFailure(prismaTier(client.prisma, { provider: 'sqlite' }), 'misconfigured', 'cannot-open');
  });

  it('says that a folder is no file', async () => {
    await using client = await openPrisma('sqlite', new URL('.', import.meta.url).href);
    await expectOpenFailure(prismaTier(client.prisma, { provider: 'sqlite' }), 'misconfigured', 'cannot-open');
  });

  it('says that it may not write', async () => {
    await using database = await freshDatabase('sqlite');
    await database.prisma.$queryRawUnsafe('PRAGMA query_only = ON');
    await expectOpenFailure(tierOf(database), 'misconfigured', 'read-only');
  });
});

describe('two connections to one SQLite file', () => {
  let database: FreshDatabase;
  let tier: DurableTier;

  beforeAll(async () => {
    database = await freshDatabase('sqlite');
    tier = tierOf(database);
    await open(tier);
  });

  afterAll(() => database.close());

  /** The same library on both sides: two copies of SQLite in one process do not see each other's locks. */
  const whileLocked = async (work: () => Promise<void>): Promise<void> => {
    await using other = await database.open();
    await other.prisma.$transaction(async (transaction) => {
      await transaction.$executeRawUnsafe('UPDATE holdfast_session SET revision = revision');
      await work();
    });
  };

  it('wait for each other without stopping the event loop', async () => {
    const record = await insert(tier);
    let update: Promise<boolean> | undefined;
    let settled = false;
    await whileLocked(async () => {
      update = tier.update(write(successor(record))).finally(() => (settled = true));
      for (let turns = 0; turns < 200; turns += 1) await new Promise((resolve) => setImmediate(resolve));
      expect(settled).toBe(false);
    });
    expect(await update).toBe(true);
    await using other = await database.open();
    const rows = await other.prisma.holdfastSession.findMany({
      where: { storageKey: new Uint8Array(record.storageKey) },
    });
    expect(rows).toMatchObject([{ revision: 2n }]);
  });

  it('keep what is acknowledged after one of them met the lock', async () => {
    // libsql leaves a statement that met a lock unfinished; later writes on that connection are acknowledged and lost.
    await whileLocked(() => expectFailure(() => tier.insert(aRecord(), writeId()), 'rejected', 'busy'));
    const record = await insert(tier);
    await using other = await database.open();
    const witness = prismaTier(other.prisma, { provider: 'sqlite' });
    await open(witness);
    expect(await witness.read(record.storageKey)).toEqual(record);
    expect(await witness.update(write(successor(record)))).toBe(true);
    expect(await tier.readState(record.storageKey)).toMatchObject({ revision: 2 });
  });

  it('give up with "nothing changed" when the other never lets go', async () => {
    const record = await insert(tier);
    await whileLocked(() => expectFailure(() => tier.update(write(successor(record))), 'rejected', 'busy'));
    expect(await tier.read(record.storageKey)).toEqual(record);
  });

  it('let readers pass a writer', async () => {
    const record = await insert(tier);
    await whileLocked(async () => expect(await tier.read(record.storageKey)).toEqual(record));
  });
});

describe('a PostgreSQL server in trouble', () => {
  let server: PostgresServer;
  let database: Awaited<ReturnType<typeof openPrisma>>;
  let tier: DurableTier;

  beforeAll(async () => {
    server = await startPostgres();
    await migrate('postgresql', server.url, { ca: server.ca });
    database = await openPrisma('postgresql', server.url, { ca: server.ca });
    tier = prismaTier(database.prisma, { provider: 'postgresql' });
    await open(tier);
  });

  afterAll(async () => {
    await database.close();
    await server.stop();
  });

  it('that is stopped was sent nothing, and is used again when it is back', async () => {
    const record = await insert(tier);
    await server.kill();
    // Statements on connections that the pool still holds may have been sent; new connections are refused.
    await until(async () => (await failureOf(() => tier.probe())).kind === 'not-sent');
    await expectFailure(() => tier.update(write(successor(record))), 'not-sent', 'unreachable');
    const late = prismaTier(database.prisma, { provider: 'postgresql' });
    await expectOpenFailure(late, 'not-sent', 'unreachable');
    await server.start();
    await tier.probe();
    expect(await late.read(record.storageKey)).toEqual(record);
  });

  it('that is frozen leaves the outcome open, in time', async () => {
    const record = await insert(tier);
    await server.pause();
    try {
      await expectFailure(() => tier.update(write(successor(record))), 'ambiguous', 'deadline');
      await expectFailure(() => tier.read(record.storageKey), 'ambiguous', 'deadline');
      await expectFailure(() => tier.probe(), 'ambiguous', 'deadline');
    } finally {
      await server.resume();
    }
    await until(() => tier.probe().then(() => true));
  });
});

describe('a wire in trouble', () => {
  let proxy: FaultProxy;
  let database: FreshDatabase;
  let client: Awaited<ReturnType<typeof openPrisma>>;
  let tier: DurableTier;
  let witness: DurableTier;

  beforeAll(async () => {
    const server = sharedPostgres();
    database = await freshDatabase('postgresql');
    witness = tierOf(database);
    await open(witness);
    proxy = await FaultProxy.start(server);
    const url = new URL(database.url);
    url.port = String(proxy.port);
    client = await openPrisma('postgresql', url.href, { ca: server.ca });
    tier = prismaTier(client.prisma, { provider: 'postgresql' });
    await open(tier);
  });

  afterAll(async () => {
    proxy.heal();
    await client.close();
    await proxy.stop();
    await database.close();
  });

  it.each(['up', 'both'] as const)('that stalls (%s) leaves the outcome open', async (stall) => {
    const record = await insert(witness);
    proxy.set({ stall });
    await expectFailure(() => tier.update(write(successor(record))), 'ambiguous', 'deadline');
    proxy.heal();
    await until(() => tier.probe().then(() => true));
  });

  it('that loses the answer to a write lets the same write be asked for again', async () => {
    const record = await insert(witness);
    const command = write(successor(record));
    await tier.probe();
    proxy.set({ stall: 'down' });
    await expectFailure(() => tier.update(command), 'ambiguous', 'deadline');
    expect(await witness.read(record.storageKey)).toEqual(command.record);
    proxy.heal();
    await until(() => tier.probe().then(() => true));
    expect(await tier.update(command)).toBe(true);
    expect(await tier.update({ ...command, writeId: writeId() })).toBe(false);
  });

  it('that loses the answer to a mass revocation tells again who was revoked', async () => {
    const userKey = randomBytes(32);
    const all = await Promise.all([1, 2, 3].map(() => insert(witness, { userKey })));
    const command = {
      of: [userKey],
      except: null,
      after: Buffer.alloc(0),
      limit: 10,
      writeId: writeId(),
      revokedAt: NOW,
    };
    await tier.probe();
    proxy.set({ stall: 'down' });
    await expectFailure(() => tier.revokeMany(command), 'ambiguous', 'deadline');
    proxy.heal();
    await until(() => tier.probe().then(() => true));
    expect(await tier.revokeMany(command)).toHaveLength(all.length);
  });

  it('that is cut leaves the outcome open at once', async () => {
    const record = await insert(witness);
    await using lock = await lockRow(database, record);
    const update = tier.update(write(successor(record)));
    await lock.untilSomebodyWaits();
    proxy.resetAll();
    await expectFailure(() => update, 'ambiguous', 'connection-lost');
    await lock.release();
    await tier.probe();
  });

  it('that refuses connections leaves nothing half done', async () => {
    const record = await insert(witness);
    proxy.set({ refuse: true });
    proxy.resetAll();
    const failure = await failureOf(() => tier.update(write(successor(record))));
    expect(['ambiguous', 'not-sent']).toContain(failure.kind);
    proxy.heal();
    await until(() => tier.probe().then(() => true));
    expect(await witness.read(record.storageKey)).toEqual(record);
  });
});

describe('statements that meet on PostgreSQL', () => {
  let database: FreshDatabase;
  let tier: DurableTier;

  beforeAll(async () => {
    database = await freshDatabase('postgresql');
    tier = tierOf(database);
    await open(tier);
  });

  afterAll(() => database.close());

  it('a connection that an administrator kills in mid-statement leaves the outcome open', async () => {
    const record = await insert(tier);
    await using lock = await lockRow(database, record);
    const update = failureOf(() => tier.update(write(successor(record))));
    await lock.untilSomebodyWaits();
    await lock.killWhoWaits();
    expect(await update).toMatchObject({ kind: 'ambiguous', reason: 'terminated' });
    await lock.release();
    expect(await tier.read(record.storageKey)).toEqual(record);
  });

  it('a row that somebody else holds on to leaves the outcome open, in time', async () => {
    const record = await insert(tier);
    await using lock = await lockRow(database, record);
    await expectFailure(() => tier.update(write(successor(record))), 'ambiguous', 'deadline');
    await lock.release();
  });

  it('a statement that the server gave up changed nothing', async () => {
    const name = nameOf(database);
    await asPostgresAdmin(sharedPostgres(), `ALTER DATABASE "${name}" SET lock_timeout = '100ms'`);
    await using client = await database.open();
    const impatient = prismaTier(client.prisma, { provider: 'postgresql' });
    await open(impatient);
    const record = await insert(tier);
    await using lock = await lockRow(database, record);
    await expectFailure(() => impatient.update(write(successor(record))), 'rejected', 'lock-timeout');
    await asPostgresAdmin(sharedPostgres(), `ALTER DATABASE "${name}" RESET lock_timeout`);
    await lock.release();
  });

  it('a session that changes its id while all of its user’s are revoked does not get away', async () => {
    const userKey = randomBytes(32);
    const [record, other] = await Promise.all([insert(tier, { userKey }), insert(tier, { userKey })]);
    const newKey = randomBytes(32);
    await using lock = await lockRow(database, record, newKey);
    const revoked = tier.revokeMany({
      of: [userKey],
      except: null,
      after: Buffer.alloc(0),
      limit: 10,
      writeId: writeId(),
      revokedAt: NOW,
    });
    await lock.untilSomebodyWaits();
    await lock.release();
    const keys = (await revoked).map(({ storageKey }) => storageKey);
    expect(keys).toEqual([newKey, other.storageKey].sort((a, b) => a.compare(b)));
    expect(await tier.read(newKey)).toBeNull();
  });

  it('mass revocations of overlapping users do not deadlock with updates', async () => {
    const userKeys = Array.from({ length: 4 }, () => randomBytes(32));
    const records = await Promise.all(
      Array.from({ length: 80 }, (_, index) => insert(tier, { userKey: userKeys[index % 4]! })),
    );
    const pages = await Promise.all([
      ...userKeys.map((_, index) =>
        tier.revokeMany({
          of: [...userKeys.slice(index), ...userKeys.slice(0, index)],
          except: null,
          after: Buffer.alloc(0),
          limit: 100,
          writeId: writeId(),
          revokedAt: NOW,
        }),
      ),
      ...records.map((record) => tier.update(write(successor(record))).then(() => [])),
    ]);
    expect(pages.flat()).toHaveLength(records.length);
  });

  it('updates and touches stay on their page and touch no index', async () => {
    const records = await Promise.all(Array.from({ length: 100 }, () => insert(tier, { envelope: randomBytes(800) })));
    const before = await updateCounts(database);
    for (let round = 1; round <= 5; round += 1) {
      await Promise.all(
        records.map(async (record) => {
          const { storageKey, lastSeenAt, idleExpiresAt } = record;
          const next = { ...successor(record), revision: round + 1, envelope: randomBytes(800) };
          expect(await tier.update(write(next))).toBe(true);
          await tier.touch({
            storageKey,
            lastSeenAt: lastSeenAt + round * 10,
            idleExpiresAt: idleExpiresAt + round * 10,
            aliveAt: NOW,
          });
        }),
      );
    }
    const updates = records.length * 10;
    const after = await until(async () => {
      const counts = await updateCounts(database);
      return counts.updates - before.updates >= updates && counts;
    });
    const share = (after.hot - before.hot) / (after.updates - before.updates);
    expect(share).toBeGreaterThan(0.95);
  });

  it.each([
    [
      'read',
      `storage_key = $1::bytea AND namespace = 'shop' AND revoked_at IS NULL`,
      'holdfast_session_pkey',
      randomBytes(32),
    ],
    [
      'listByUser',
      `user_key = ANY($1::bytea[]) AND namespace = 'shop'`,
      'holdfast_session_user_key_idx',
      [randomBytes(32)],
    ],
    ['findRegenerated', `rotated_at >= $1::bigint AND namespace = 'shop'`, 'holdfast_session_rotated_at_idx', 1n],
  ])('%s is answered from an index', async (_method, condition, index, value) => {
    const rows = await database.prisma.$queryRawUnsafe<{ 'QUERY PLAN': string }[]>(
      `EXPLAIN SELECT storage_key FROM holdfast_session WHERE ${condition}`,
      value,
    );
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain(index);
  });
});

// --- What the tests are made of ----------------------------------------------------------------------------------

function tierOf(database: FreshDatabase): DurableTier {
  return prismaTier(database.prisma, { provider: database.provider });
}

function open(tier: DurableTier, timeoutMs = TIMEOUT_MS): Promise<void> {
  return tier.open({ namespace: 'shop', platform: systemPlatform, timeoutMs });
}

/** The first connection and the first query of a client cost more than a statement: they get the default time-out. */
async function expectOpenFailure(tier: DurableTier, kind: string, reason: string): Promise<void> {
  expect(await failureOf(() => open(tier, 5_000))).toMatchObject({ kind, reason });
}

async function expectFailure(call: () => Promise<unknown>, kind: string, reason: string): Promise<void> {
  const startedAt = performance.now();
  expect(await failureOf(call)).toMatchObject({ kind, reason });
  expect(performance.now() - startedAt).toBeLessThan(BOUND_MS);
}

async function failureOf(call: () => Promise<unknown>): Promise<{ kind: string; reason: string }> {
  try {
    await call();
  } catch (error) {
    expect(error).toMatchObject({ code: 'HOLDFAST_TIER_FAILURE' });
    return error as { kind: string; reason: string };
  }
  return { kind: 'none', reason: 'it succeeded' };
}

function nameOf(database: FreshDatabase): string {
  return new URL(database.url).pathname.slice(1);
}

/** A client of a role that owns nothing and may do nothing but this to the table. */
async function clientOfRole(database: FreshDatabase, grants: readonly string[]) {
  const server = sharedPostgres();
  const role = `r${randomBytes(6).toString('hex')}`;
  await asPostgresAdmin(server, `CREATE ROLE ${role} LOGIN PASSWORD 'role'`);
  if (grants.length > 0)
    await database.prisma.$executeRawUnsafe(`GRANT ${grants.join(', ')} ON holdfast_session TO ${role}`);
  onTestFinished(() =>
    asPostgresAdmin(server, `DROP ROLE IF EXISTS ${role}`).then(
      () => undefined,
      () => undefined,
    ),
  );
  const url = new URL(database.url);
  url.username = role;
  url.password = 'role';
  return openPrisma('postgresql', url.href, { ca: server.ca });
}

/** Holds the row's lock in a transaction of its own, which moves the row to `newKey` if there is one. */
async function lockRow(database: FreshDatabase, { storageKey }: SealedRecord, newKey = storageKey) {
  const client = new Client(pgOptions(database.url, database.ca ?? ''));
  client.on('error', () => {});
  await client.connect();
  await client.query('BEGIN');
  await client.query('UPDATE holdfast_session SET storage_key = $2 WHERE storage_key = $1', [storageKey, newKey]);
  const waiting = `FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  const ask = async (sql: string): Promise<unknown[]> => database.prisma.$queryRawUnsafe<unknown[]>(sql);
  return {
    untilSomebodyWaits: () => until(async () => (await ask(`SELECT pid ${waiting}`)).length > 0),
    killWhoWaits: () => ask(`SELECT pg_terminate_backend(pid) ${waiting}`),
    release: () => client.query('COMMIT'),
    [Symbol.asyncDispose]: () => client.end(),
  };
}

async function updateCounts(database: FreshDatabase): Promise<{ updates: number; hot: number }> {
  const [row] = await database.prisma.$queryRawUnsafe<{ updates: bigint; hot: bigint }[]>(
    `SELECT n_tup_upd AS updates, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE relname = 'holdfast_session'`,
  );
  return { updates: Number(row?.updates), hot: Number(row?.hot) };
}

async function useEveryMethod(tier: DurableTier): Promise<void> {
  const record = await insert(tier);
  const next = successor(record);
  const moved = { ...successor(next), storageKey: randomBytes(32) };
  const many = { except: null, after: Buffer.alloc(0), limit: 10, writeId: writeId(), revokedAt: NOW };
  await tier.probe();
  expect(await tier.update(write(next))).toBe(true);
  expect(await tier.regenerate({ ...write(moved), previousStorageKey: record.storageKey, regeneratedAt: NOW })).toBe(
    true,
  );
  expect(await tier.findRegenerated(record.storageKey, NOW)).toEqual(moved.storageKey);
  expect(
    await tier.touch({ storageKey: moved.storageKey, lastSeenAt: NOW, idleExpiresAt: NOW, aliveAt: NOW }),
  ).not.toBeNull();
  expect(await tier.listByUser([record.userKey!], Buffer.alloc(0), 10)).toHaveLength(1);
  expect(await tier.revoke(moved.storageKey, writeId(), NOW)).not.toBeNull();
  expect(await tier.revokeMany({ ...many, of: 'everyone' })).toEqual([]);
}

const writeId = (): Buffer => randomBytes(16);

async function insert(tier: DurableTier, changes: Partial<SealedRecord> = {}): Promise<SealedRecord> {
  const record = { ...aRecord(), ...changes };
  expect(await tier.insert(record, writeId())).toBe(true);
  return record;
}

function aRecord(): SealedRecord {
  return {
    storageKey: randomBytes(32),
    userKey: randomBytes(32),
    revision: 1,
    envelope: randomBytes(200),
    keyId: randomBytes(8),
    createdAt: NOW,
    lastSeenAt: NOW,
    idleExpiresAt: NOW + 3_600_000,
    absoluteExpiresAt: NOW + 43_200_000,
  };
}

function successor(record: SealedRecord): SealedRecord {
  return { ...record, revision: record.revision + 1, envelope: randomBytes(200) };
}

function write(record: SealedRecord): UpdateCommand {
  return { record, writeId: writeId(), aliveAt: NOW };
}
