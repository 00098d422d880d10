import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemPlatform } from '../../../src/platform/platform.ts';
import type { SealedRecord } from '../../../src/session/sealed-record.ts';
import { prismaTier } from '../../../src/tiers/prisma/index.ts';
import type {
  DurableTier,
  InsertCommand,
  RegenerateCommand,
  RevokeCommand,
  RevokeManyCommand,
  TouchCommand,
  UpdateCommand,
} from '../../../src/tiers/tier.ts';
import { revokedRows } from '../../support/durable-commands.ts';
import { migrate, openPrisma } from '../../support/servers/databases.ts';
import { FaultProxy } from '../../support/servers/fault-proxy.ts';
import { asPostgresAdmin, type PostgresServer, startPostgres } from '../../support/servers/postgres.ts';
import { until } from '../../support/servers/until.ts';
import { inTransaction } from '../../support/row-locks.ts';
import { freshDatabase, type FreshDatabase, sharedPostgres } from '../../support/shared.ts';

const TIMEOUT_MS = 600;
/** One time-out, and what a busy machine adds to it; the driver itself would give up after 4 s. */
const BOUND_MS = 3_000;
const NOW = 1_764_000_000_000;

/** A process that keeps the writer's lock of an SQLite file for a moment. */
const HOLD_LOCK = `
  const { DatabaseSync } = require('node:sqlite');
  const database = new DatabaseSync(process.argv[1]);
  database.exec('BEGIN IMMEDIATE');
  process.stdout.write('locked');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  database.exec('COMMIT');
`;

describe('opening on PostgreSQL', () => {
  it.each([
    ['table-missing:holdfast_session', 'DROP TABLE holdfast_session'],
    ['column-missing:holdfast_session.dirty_at', 'ALTER TABLE holdfast_session DROP COLUMN dirty_at'],
    ['column-missing:holdfast_session.previous_keys', 'ALTER TABLE holdfast_session DROP COLUMN previous_keys'],
    ['column-type:holdfast_session.revision', 'ALTER TABLE holdfast_session ALTER COLUMN revision TYPE integer'],
    [
      'column-type:holdfast_session.user_key',
      "ALTER TABLE holdfast_session ALTER COLUMN user_key TYPE text USING encode(user_key, 'hex')",
    ],
    ['primary-key-missing:holdfast_session', 'ALTER TABLE holdfast_session DROP CONSTRAINT holdfast_session_pkey'],
  ])('says %s', async (reason, damage) => {
    await using database = await freshDatabase('postgresql');
    await database.prisma.$executeRawUnsafe(
      damage.replace('ALTER COLUMN user_key', 'DROP CONSTRAINT holdfast_session_user_key_check, ALTER COLUMN user_key'),
    );
    await expectOpenFailure(tierOf(database), 'misconfigured', reason);
  });

  it('finds the tables under another name', async () => {
    await using database = await freshDatabase('postgresql');
    for (const beside of ['', '_ring', '_node']) {
      await database.prisma.$executeRawUnsafe(`ALTER TABLE holdfast_session${beside} RENAME TO "Web_Session${beside}"`);
    }
    const tier = prismaTier(database.prisma, { provider: 'postgresql', table: 'Web_Session' });
    await open(tier);
    expect(await tier.insert(insertion(aRecord()))).toBe('inserted');
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
    ['none', [], 'permission-denied:holdfast_session'],
    ['SELECT', ['SELECT'], 'permission-denied:holdfast_session'],
    ['SELECT and INSERT', ['SELECT', 'INSERT'], 'permission-denied:holdfast_session'],
    ['INSERT and UPDATE', ['INSERT', 'UPDATE'], 'permission-denied:holdfast_session'],
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
    ['table-missing:holdfast_session', 'DROP TABLE holdfast_session'],
    [
      'column-missing:holdfast_session.dirty_at',
      'DROP INDEX holdfast_session_dirty_at_idx; ALTER TABLE holdfast_session RENAME COLUMN dirty_at TO dirty',
    ],
    [
      'column-type:holdfast_session.namespace',
      'DROP TABLE holdfast_session; CREATE TABLE holdfast_session (storage_key BLOB PRIMARY KEY, namespace BLOB)',
    ],
    [
      'column-missing:holdfast_session.user_key',
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
    await expectOpenFailure(tier, 'misconfigured', 'primary-key-missing:keyless');
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
    await whileLocked(() => expectFailure(() => tier.insert(insertion(aRecord())), 'rejected', 'busy'));
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

  it('look at a write’s deadline when it gets the lock', async () => {
    const record = await insert(tier);
    const { storageKey } = await insert(tier);
    const rival = aRecord();
    const answers: Promise<unknown>[] = [];
    await whileLocked(async () => {
      const validUntil = (await tier.probe()) + 20;
      answers.push(
        tier.update({ ...write(successor(record)), validUntil, dirty: true }),
        tier.regenerate({ ...moveOn(record), validUntil, dirty: true }),
        tier.insert({ ...insertion(rival), validUntil }).then((answer) => answer !== 'late'),
        tier.revoke({ ...revocation(record), validUntil }).then((row) => row !== null),
        tier
          .revokeMany({ ...revokeAll([record.userKey!]), validUntil })
          .then((rows) => rows !== 'late' && rows.length > 0),
        // In time, if only just: so the others did not fail for another reason.
        tier.markDirty(storageKey).then(() => false),
      );
      await until(async () => systemPlatform.now() > validUntil);
    });
    expect(await Promise.all(answers)).toEqual(answers.map(() => false));
    expect(await tier.read(record.storageKey)).toEqual(record);
    expect(await tier.read(rival.storageKey)).toBeNull();
    expect((await tier.readFeed(0, 10)).rows).toMatchObject([{ storageKey }]);
  });

  it('read the clock after the wait for the lock, also where the driver is the one who waits', async () => {
    await using patient = await database.open();
    const waiting = prismaTier(patient.prisma, { provider: 'sqlite' });
    await open(waiting);
    await patient.prisma.$queryRawUnsafe('PRAGMA busy_timeout = 5000');
    const record = await insert(waiting);
    // Another process, since the driver's wait stops this one.
    const holder = spawn(process.execPath, ['-e', HOLD_LOCK, fileURLToPath(database.url)]);
    await once(holder.stdout, 'data');
    const answer = waiting.update({ ...write(successor(record)), validUntil: (await waiting.probe()) + 50 });
    expect(await answer).toBe(false);
    expect(await waiting.read(record.storageKey)).toEqual(record);
    if (holder.exitCode === null) await once(holder, 'exit');
    expect(holder.exitCode).toBe(0);
  });

  it.each<[string, string, (tier: DurableTier) => Promise<unknown>]>([
    ['readFeed', 'holdfast_session_dirty_at_idx', (planned) => planned.readFeed(NOW, 100)],
    ['clearFeed', 'holdfast_session_dirty_at_idx', (planned) => planned.clearFeed(NOW, 100)],
    ['clearFeed', 'holdfast_session_rotated_at_idx', (planned) => planned.clearFeed(NOW, 100)],
    ['update', 'sqlite_autoindex', (planned) => planned.update(write(aRecord()))],
    ['many updates', 'sqlite_autoindex', (planned) => Promise.all(many(() => planned.update(write(aRecord()))))],
    ['many touches', 'sqlite_autoindex', (planned) => Promise.all(many(() => planned.touch(touchOf(aRecord()))))],
    ['regenerate', 'sqlite_autoindex', (planned) => planned.regenerate(move(aRecord(), aRecord()))],
  ])('answer %s from an index: %s', async (_method, index, call) => {
    const plan = await planOf(database, 'EXPLAIN QUERY PLAN', call);
    expect(plan).toContain(index);
    expect(plan).not.toMatch(/SCAN (?!clock|feed|input|\(|CONSTANT|\d+ CONSTANT)/);
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
    const command = revokeAll([userKey]);
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
    const revoked = revokedRows(tier.revokeMany(revokeAll([userKey])));
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
        tier.revokeMany(revokeAll([...userKeys.slice(index), ...userKeys.slice(0, index)])),
      ),
      ...records.map((record) => tier.update(write(successor(record))).then(() => [])),
    ]);
    expect(pages.flat()).toHaveLength(records.length);
  });
});

describe('the cost of statements on PostgreSQL', () => {
  let database: FreshDatabase;
  let tier: DurableTier;

  beforeAll(async () => {
    database = await freshDatabase('postgresql');
    tier = tierOf(database);
    await open(tier, 5_000);
    // Enough that an index is worth the planner's while.
    await Promise.all(Array.from({ length: 400 }, () => insert(tier, { envelope: randomBytes(800) })));
  });

  afterAll(() => database.close());

  it('updates and touches stay on their page and touch no index', async () => {
    const all = await Promise.all(Array.from({ length: 1_000 }, () => insert(tier, { envelope: randomBytes(800) })));
    // Sessions that are used together were not created together, so they lie on different pages.
    const records = all.filter((_, index) => index % 10 === 0);
    await tier.markDirty(records[0]!.storageKey);
    const before = await updateCounts(database);
    for (let round = 1; round <= 5; round += 1) {
      await Promise.all(
        records.map(async (record) => {
          const { storageKey, lastSeenAt } = record;
          const next = { ...successor(record), revision: round + 1, envelope: randomBytes(800) };
          expect(await tier.update(write(next))).toBe(true);
          await tier.touch({
            storageKey,
            lastSeenAt: lastSeenAt + round * 10,
            aliveAt: NOW,
            longestPauseMs: 0,
          });
        }),
      );
    }
    const updates = records.length * 10;
    const after = await until(async () => {
      // A connection tells its counts as it is used, once a second.
      await Promise.all(records.map(() => tier.probe()));
      const counts = await updateCounts(database);
      return counts.updates - before.updates >= updates && counts;
    });
    const share = (after.hot - before.hot) / (after.updates - before.updates);
    expect(share).toBeGreaterThan(0.95);
  });

  it.each<[string, string, (tier: DurableTier) => Promise<unknown>]>([
    ['read', 'pkey', (planned) => planned.read(randomBytes(32))],
    ['update', 'pkey', (planned) => planned.update(write(aRecord()))],
    ['regenerate', 'pkey', (planned) => planned.regenerate(move(aRecord(), aRecord()))],
    ['touch', 'pkey', (planned) => planned.touch(touchOf(aRecord()))],
    ['many reads', 'pkey', (planned) => Promise.all(many(() => planned.read(randomBytes(32))))],
    ['many updates', 'pkey', (planned) => Promise.all(many(() => planned.update(write(aRecord()))))],
    ['many touches', 'pkey', (planned) => Promise.all(many(() => planned.touch(touchOf(aRecord()))))],
    ['revoke', 'pkey', (planned) => planned.revoke(revocation(aRecord()))],
    ['markDirty', 'pkey', (planned) => planned.markDirty(randomBytes(32))],
    ['revokeMany', 'user_key_idx', (planned) => planned.revokeMany(revokeAll([randomBytes(32)]))],
    ['listByUser', 'user_key_idx', (planned) => planned.listByUser([randomBytes(32)], Buffer.alloc(0), 10)],
    ['findRegenerated', 'rotated_at_idx', (planned) => planned.findRegenerated(randomBytes(32), NOW)],
    ['readFeed', 'dirty_at_idx', (planned) => planned.readFeed({ dirtyAt: NOW, storageKey: randomBytes(32) }, 100)],
    ['clearFeed', 'dirty_at_idx', (planned) => planned.clearFeed(NOW, 100)],
    ['clearFeed', 'rotated_at_idx', (planned) => planned.clearFeed(NOW, 100)],
  ])('%s is answered from an index: %s', async (_method, index, call) => {
    const { storageKey } = await insert(tier);
    await tier.markDirty(storageKey);
    await database.prisma.$executeRawUnsafe('ANALYZE holdfast_session');
    const plan = await planOf(database, 'EXPLAIN', call);
    expect(plan).toContain(`holdfast_session_${index}`);
    expect(plan).not.toContain('Seq Scan');
  });
});

describe('a deadline of the database’s clock', () => {
  let database: FreshDatabase;
  let tier: DurableTier;

  beforeAll(async () => {
    database = await freshDatabase('postgresql');
    tier = tierOf(database);
    await open(tier, 5_000);
  });

  afterAll(() => database.close());

  const untilLater = (time: number) => until(async () => (await tier.probe()) > time);
  const soon = async () => ({ validUntil: (await tier.probe()) + 50 });
  const select = 'SELECT 1 FROM holdfast_session WHERE storage_key = $1 FOR UPDATE';
  const change = 'UPDATE holdfast_session SET last_seen_at = last_seen_at WHERE storage_key = $1';

  it.each([
    ['only held the row', select, 'release'],
    ['changed the row', change, 'release'],
    ['gave its change up', change, 'undo'],
  ] as const)('is looked at after the wait for somebody who %s', async (_who, sql, end) => {
    const commands: [string, unknown, (record: SealedRecord, late: { validUntil: number }) => Promise<unknown>][] = [
      ['update', false, (record, late) => tier.update({ ...write(successor(record)), dirty: true, ...late })],
      ['regenerate', false, (record, late) => tier.regenerate({ ...moveOn(record), dirty: true, ...late })],
      ['revoke', null, (record, late) => tier.revoke({ ...revocation(record), ...late })],
      ['revokeMany', 'late', (record, late) => tier.revokeMany({ ...revokeAll([record.userKey!]), ...late })],
    ];
    for (const [name, nothing, command] of commands) {
      const record = await insert(tier);
      await using lock = await inTransaction(database, sql, [record.storageKey]);
      const deadline = await soon();
      const answer = command(record, deadline);
      await lock.untilSomebodyWaits();
      await untilLater(deadline.validUntil);
      await lock[end]();
      expect([name, await answer]).toEqual([name, nothing]);
      expect(await tier.read(record.storageKey)).toEqual(record);
      expect((await tier.readFeed(0, 10)).rows).toEqual([]);
    }
  });

  it('spares all the rows of a mass revocation that waited for its last one', async () => {
    const userKey = randomBytes(32);
    const records = await Promise.all([1, 2, 3].map(() => insert(tier, { userKey })));
    const last = records.sort((a, b) => a.storageKey.compare(b.storageKey)).at(-1)!;
    await using lock = await inTransaction(database, select, [last.storageKey]);
    const deadline = await soon();
    const answer = tier.revokeMany({ ...revokeAll([userKey]), ...deadline });
    await lock.untilSomebodyWaits();
    await untilLater(deadline.validUntil);
    await lock.release();
    expect(await answer).toBe('late');
    expect(await tier.listByUser([userKey], Buffer.alloc(0), 10)).toEqual(records);
  });

  it.each([
    ['inserts nothing for a key that somebody else gave up too late', true],
    ['inserts in time', false],
  ])('%s', async (_what, isLate) => {
    const record = aRecord();
    const sql = `INSERT INTO holdfast_session SELECT $1, namespace, user_key, revision, write_id, envelope, key_id,
      created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at FROM holdfast_session LIMIT 1`;
    await insert(tier);
    await using rival = await inTransaction(database, sql, [record.storageKey]);
    // It must be in time when it meets the rival: what is late by then is not inserted, and waits for nobody.
    const deadline = { validUntil: (await tier.probe()) + (isLate ? 1_000 : 60_000) };
    const answer = tier.insert({ ...insertion(record), ...deadline });
    await rival.untilSomebodyWaits();
    if (isLate) await untilLater(deadline.validUntil);
    await rival.undo();
    expect(await answer).toBe(isLate ? 'late' : 'inserted');
    expect(await tier.read(record.storageKey)).toEqual(isLate ? null : record);
  });

  it('does not keep a write that waits for its own first attempt from finding itself', async () => {
    type Attempt = (late: { validUntil: number | null }, at?: DurableTier) => Promise<unknown>;
    const commands: ((record: SealedRecord) => Attempt)[] = [
      (record, command = write(successor(record))) =>
        (late, at = tier) =>
          at.update({ ...command, ...late }),
      (record, command = moveOn(record)) =>
        (late, at = tier) =>
          at.regenerate({ ...command, ...late }),
      (record, command = { ...revocation(record), dirty: false }) =>
        (late, at = tier) =>
          at.revoke({ ...command, ...late }),
    ];
    // With lanes of its own.
    const elsewhere = tierOf(database);
    await open(elsewhere, 5_000);
    for (const command of commands) {
      const record = await insert(tier);
      const attempt = command(record);
      await using lock = await inTransaction(database, select, [record.storageKey]);
      const first = attempt({ validUntil: null });
      await lock.untilSomebodyWaits();
      const deadline = await soon();
      const others = [attempt(deadline), attempt(deadline, elsewhere)];
      await lock.untilSomebodyWaits(3);
      await untilLater(deadline.validUntil);
      await lock.release();
      expect(await first).toBeTruthy();
      for (const other of others) expect(await other).toEqual(await first);
    }
  });

  it.each(['update', 'markDirty'])('%s marks with the time after its wait', async (method) => {
    const record = await insert(tier);
    await using lock = await inTransaction(database, select, [record.storageKey]);
    const answer =
      method === 'update'
        ? tier.update({ ...write(successor(record)), dirty: true })
        : tier.markDirty(record.storageKey);
    await lock.untilSomebodyWaits();
    const waiting = await tier.probe();
    await untilLater(waiting);
    await lock.release();
    await answer;
    const { rows } = await tier.readFeed(waiting + 1, 10);
    expect(rows).toMatchObject([{ storageKey: record.storageKey }]);
    await tier.clearFeed((await tier.probe()) + 1, 10);
  });

  it('the sweep of the feed passes over rows that somebody holds', async () => {
    const [held, free] = await Promise.all([insert(tier), insert(tier)]);
    await tier.markDirty(held.storageKey);
    await tier.markDirty(free.storageKey);
    const before = (await tier.probe()) + 1;
    await using lock = await inTransaction(database, select, [held.storageKey]);
    expect(await tier.clearFeed(before, 10)).toBe(1);
    await lock.release();
    expect(await tier.clearFeed(before, 10)).toBe(1);
    expect((await tier.readFeed(0, 10)).rows).toEqual([]);
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

/** A client of a role that owns nothing and may do nothing but this to the sessions, and what it needs to the fleet. */
async function clientOfRole(database: FreshDatabase, grants: readonly string[]) {
  const server = sharedPostgres();
  const role = `r${randomBytes(6).toString('hex')}`;
  await asPostgresAdmin(server, `CREATE ROLE ${role} LOGIN PASSWORD 'role'`);
  if (grants.length > 0)
    await database.prisma.$executeRawUnsafe(`GRANT ${grants.join(', ')} ON holdfast_session TO ${role}`);
  await database.prisma.$executeRawUnsafe(`GRANT SELECT, INSERT, UPDATE ON holdfast_session_ring TO ${role}`);
  await database.prisma.$executeRawUnsafe(`GRANT SELECT, INSERT, UPDATE, DELETE ON holdfast_session_node TO ${role}`);
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
function lockRow(database: FreshDatabase, { storageKey }: SealedRecord, newKey = storageKey) {
  const sql = 'UPDATE holdfast_session SET storage_key = $2 WHERE storage_key = $1';
  return inTransaction(database, sql, [storageKey, newKey]);
}

/** How the database goes about the statement that this call sends. */
async function planOf(
  database: FreshDatabase,
  explain: 'EXPLAIN' | 'EXPLAIN QUERY PLAN',
  call: (tier: DurableTier) => Promise<unknown>,
): Promise<string> {
  let isOpen = false;
  const plans: unknown[] = [];
  const note = async (text: string, values: unknown[]) => {
    plans.push(...(await prisma.$queryRawUnsafe<unknown[]>(`${explain} ${text}`, ...values)));
    throw new Error('explained');
  };
  // libsql keeps a lock after it explained a write.
  await using client = await database.open();
  const { prisma } = client;
  const tier = prismaTier(
    {
      $queryRawUnsafe: (text, ...values) => (isOpen ? note(text, values) : prisma.$queryRawUnsafe(text, ...values)),
      $executeRawUnsafe: (text, ...values) => (isOpen ? note(text, values) : prisma.$executeRawUnsafe(text, ...values)),
      $transaction: async () => {},
    },
    { provider: database.provider },
  );
  await open(tier, 5_000);
  isOpen = true;
  await failureOf(() => call(tier));
  return plans.map((row) => Object.values(row as object).join(' ')).join('\n');
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
  await tier.probe();
  expect(await tier.update(write(next))).toBe(true);
  expect(await tier.regenerate(move(moved, record))).toBe(true);
  expect(await tier.findRegenerated(record.storageKey, NOW)).toMatchObject({ storageKey: moved.storageKey });
  expect(
    await tier.touch({ storageKey: moved.storageKey, lastSeenAt: NOW, aliveAt: NOW, longestPauseMs: 0 }),
  ).not.toBeNull();
  expect(await tier.listByUser([record.userKey!], Buffer.alloc(0), 10)).toHaveLength(1);
  expect(await tier.moveUserKey({ storageKey: moved.storageKey, from: record.userKey!, to: randomBytes(32) })).toBe(
    true,
  );
  expect((await tier.walk({ after: Buffer.alloc(0), limit: 10, aliveAt: NOW })).rows).toHaveLength(1);
  const ring = { version: 1, fingerprint: randomBytes(32) };
  expect(await tier.raiseRing(ring)).toEqual(ring);
  await tier.heartbeat({ nodeId: randomBytes(16), ringVersion: 1 });
  expect((await tier.readFleet()).nodes).toHaveLength(1);
  await tier.forgetNodes(Number.MAX_SAFE_INTEGER);
  await tier.markDirty(moved.storageKey);
  expect((await tier.readFeed(0, 10)).rows).toHaveLength(1);
  expect(await tier.revoke({ storageKey: moved.storageKey, ...anytime(), revokedAt: NOW, dirty: true })).not.toBeNull();
  expect(await tier.revokeMany(revokeAll('everyone'))).toEqual([]);
  expect(await tier.clearFeed(Number.MAX_SAFE_INTEGER, 10)).toBe(1);
}

/** As many as share one statement. */
const many = <T>(call: () => Promise<T>): Promise<T>[] => Array.from({ length: 12 }, call);
const writeId = (): Buffer => randomBytes(16);
const anytime = () => ({ writeId: writeId(), validUntil: null });

async function insert(tier: DurableTier, changes: Partial<SealedRecord> = {}): Promise<SealedRecord> {
  const record = { ...aRecord(), ...changes };
  expect(await tier.insert(insertion(record))).toBe('inserted');
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
    idleLifetimeMs: 3_600_000,
    idleExpiresAt: NOW + 3_600_000,
    absoluteExpiresAt: NOW + 43_200_000,
  };
}

function successor(record: SealedRecord): SealedRecord {
  return { ...record, revision: record.revision + 1, envelope: randomBytes(200) };
}

function write(record: SealedRecord): UpdateCommand {
  return { record, ...anytime(), dirty: false, aliveAt: NOW, replaces: null };
}

function moveOn(record: SealedRecord): RegenerateCommand {
  return move({ ...successor(record), storageKey: randomBytes(32) }, record);
}

function touchOf({ storageKey, lastSeenAt }: SealedRecord): TouchCommand {
  return { storageKey, lastSeenAt, aliveAt: NOW, longestPauseMs: 0 };
}

function revocation({ storageKey }: SealedRecord): RevokeCommand {
  return { storageKey, ...anytime(), revokedAt: NOW, dirty: true };
}

function insertion(record: SealedRecord): InsertCommand {
  return { record, ...anytime(), aliveAt: NOW };
}

function move(record: SealedRecord, { storageKey }: SealedRecord): RegenerateCommand {
  return { ...write(record), previousStorageKey: storageKey, regeneratedAt: NOW };
}

function revokeAll(of: RevokeManyCommand['of']): RevokeManyCommand {
  return { of, except: null, after: Buffer.alloc(0), limit: 100, ...anytime(), revokedAt: NOW };
}
