import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemPlatform } from '../../../../src/platform/platform.ts';
import { type PrismaClientLike, prismaTier } from '../../../../src/tiers/prisma/index.ts';
import type { DurableTier } from '../../../../src/tiers/durable.ts';
import {
  aRecord,
  change,
  failureOf,
  insert,
  insertion,
  move,
  NOW,
  openTier,
  revocation,
  revokeAll,
  touchOf,
} from '../../../support/durable-commands.ts';
import { migrate, type OpenedPrisma, openPrisma } from '../../../support/servers/databases.ts';
import { asMariadbAdmin, type MariadbServer, startMariadb } from '../../../support/servers/mariadb.ts';
import { until } from '../../../support/servers/until.ts';
import { freshDatabase, type FreshDatabase, sharedMariadb } from '../../../support/shared.ts';

const START = Buffer.alloc(0);
const TIMEOUT_MS = 600;
const SESSIONS = 'holdfast_session';

describe('opening on MariaDB', () => {
  it.each([
    ['table-missing:holdfast_session', `DROP TABLE ${SESSIONS}`],
    ['column-missing:holdfast_session.write_id', `ALTER TABLE ${SESSIONS} DROP COLUMN write_id`],
    ['column-type:holdfast_session.last_seen_at', `ALTER TABLE ${SESSIONS} MODIFY last_seen_at INT NOT NULL`],
    ['column-type:holdfast_session.envelope', `ALTER TABLE ${SESSIONS} MODIFY envelope TEXT NOT NULL`],
    [
      'column-type:holdfast_session.namespace',
      `ALTER TABLE ${SESSIONS} MODIFY namespace VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL`,
    ],
    ['primary-key-missing:holdfast_session', `ALTER TABLE ${SESSIONS} DROP PRIMARY KEY`],
    [
      'primary-key-missing:holdfast_session',
      `ALTER TABLE ${SESSIONS} DROP PRIMARY KEY, ADD PRIMARY KEY (storage_key, namespace)`,
    ],
    ['table-missing:holdfast_session_ring', `DROP TABLE ${SESSIONS}_ring`],
    ['primary-key-missing:holdfast_session_ring', `ALTER TABLE ${SESSIONS}_ring DROP PRIMARY KEY`],
    [
      'primary-key-missing:holdfast_session_node',
      `ALTER TABLE ${SESSIONS}_node DROP PRIMARY KEY, ADD UNIQUE (node_id)`,
    ],
  ])('says %s after %s', async (reason, damage) => {
    await using database = await freshDatabase('mysql');
    await database.prisma.$executeRawUnsafe(damage);
    expect(await openFailure(database.prisma)).toMatchObject({ kind: 'misconfigured', reason });
  });

  it.each<[string, string, (url: URL) => void]>([
    ['a wrong password', 'wrong-password', (url) => void (url.password = 'wrong')],
    ['a user that does not exist', 'wrong-password', (url) => void (url.username = 'nobody')],
    ['a database that does not exist', 'access-denied', (url) => void (url.pathname = '/nowhere')],
  ])('distinguishes %s from an outage', async (_what, reason, spoil) => {
    const server = await sharedMariadb();
    const url = new URL(server.url);
    spoil(url);
    await using client = await openPrisma('mysql', url.href, { ca: server.ca });
    expect(await openFailure(client.prisma)).toMatchObject({ kind: 'misconfigured', reason });
  });

  it.each([
    ['SELECT', 'permission-denied:holdfast_session'],
    ['SELECT, INSERT', 'permission-denied:holdfast_session'],
    ['SELECT, INSERT, UPDATE', undefined],
  ])('asks for the grants that it needs: %s on the sessions', async (grants, reason) => {
    await using database = await freshDatabase('mysql');
    await using client = await clientWithGrants(database, grants);
    if (reason) expect(await openFailure(client.prisma)).toMatchObject({ kind: 'misconfigured', reason });
    else await useEveryMethod(await openTier(client.prisma, 'mysql'));
  });

  it('finds the tables under another name', async () => {
    await using database = await freshDatabase('mysql');
    for (const beside of ['', '_ring', '_node']) {
      await database.prisma.$executeRawUnsafe(`RENAME TABLE holdfast_session${beside} TO Web_Session${beside}`);
    }
    expect(await openFailure(database.prisma)).toMatchObject({ reason: 'table-missing:holdfast_session' });
    expect(await openFailure(database.prisma, 'Web_Session')).toMatchObject({ kind: 'none' });
  });
});

describe.each([
  ['that counts only rows that it changed', { foundRows: false }],
  ['that puts values into the text', { useTextProtocol: true }],
  ['far east', { timeZone: '+09:00' }],
])('a driver %s', (_what, options) => {
  it('makes no difference to any method', async () => {
    await using database = await freshDatabase('mysql');
    await using client = await database.open(options);
    const tier = await openTier(client.prisma, 'mysql');
    await useEveryMethod(tier);
    const record = await insert(tier);
    const command = change(record);
    expect([await tier.sessions.update(command), await tier.sessions.update(command)]).toEqual([true, true]);
    expect(await tier.sessions.update({ ...command, writeId: randomBytes(16) })).toBe(false);
    const ending = revocation(record);
    expect(await tier.sessions.revoke(ending)).toEqual(await tier.sessions.revoke(ending));
    const fleet = await tier.fleet.read();
    expect(Math.abs(fleet.now - (await tier.probe()))).toBeLessThan(10_000);
  });
});

describe('the cost of statements on MariaDB', () => {
  let database: FreshDatabase;
  let tier: DurableTier;

  beforeAll(async () => {
    database = await freshDatabase('mysql');
    tier = await openTier(database.prisma, 'mysql');
    const thousand = () => Promise.all(Array.from({ length: 1_000 }, () => insert(tier)));
    const records = [...(await thousand()), ...(await thousand())];
    await Promise.all(records.slice(0, 20).map(({ storageKey }) => tier.feed.markDirty(storageKey)));
    await Promise.all(records.slice(20, 40).map((record) => tier.sessions.regenerate(move(record))));
    await database.prisma.$queryRawUnsafe(`ANALYZE TABLE ${SESSIONS}, ${SESSIONS}_node`);
  });

  afterAll(() => database.close());

  it.each<[string, string, (tier: DurableTier) => Promise<unknown>]>([
    ['update', 'PRIMARY', (planned) => planned.sessions.update(change(aRecord()))],
    ['regenerate', 'PRIMARY', (planned) => planned.sessions.regenerate(move(aRecord()))],
    ['touch', 'PRIMARY', (planned) => planned.sessions.touch(touchOf(aRecord()))],
    ['many reads', 'PRIMARY', (planned) => Promise.all(many(() => planned.sessions.read(randomBytes(32))))],
    ['many updates', 'PRIMARY', (planned) => Promise.all(many(() => planned.sessions.update(change(aRecord()))))],
    ['many touches', 'PRIMARY', (planned) => Promise.all(many(() => planned.sessions.touch(touchOf(aRecord()))))],
    ['revoke', 'PRIMARY', (planned) => planned.sessions.revoke(revocation(aRecord()))],
    ['markDirty', 'PRIMARY', (planned) => planned.feed.markDirty(randomBytes(32))],
    ['moveUserKey', 'PRIMARY', (planned) => planned.upkeep.moveUserKey({ storageKey: START, from: START, to: START })],
    ['walk', 'PRIMARY', (planned) => planned.upkeep.walk({ after: START, limit: 100, aliveAt: NOW })],
    ['revokeMany of a user key', 'user_key', (planned) => planned.sessions.revokeMany(revokeAll([randomBytes(32)]))],
    [
      'revokeMany of two user keys',
      'user_key',
      (planned) => planned.sessions.revokeMany(revokeAll([randomBytes(32), randomBytes(32)])),
    ],
    ['revokeMany of everyone', 'PRIMARY', (planned) => planned.sessions.revokeMany(revokeAll('everyone'))],
    ['listByUser', 'user_key', (planned) => planned.sessions.listByUser([randomBytes(32), randomBytes(32)], START, 10)],
    ['findRegenerated', 'rotated_at', (planned) => planned.sessions.findRegenerated(randomBytes(32), NOW)],
    ['readFeed', 'dirty_at', (planned) => planned.feed.read({ dirtyAt: NOW, storageKey: randomBytes(32) }, 100)],
    ['clearFeed', 'dirty_at', (planned) => planned.feed.clear(NOW, 100)],
    ['clearFeed', 'rotated_at', (planned) => planned.feed.clear(NOW, 100)],
    ['readFleet', 'PRIMARY', (planned) => planned.fleet.read()],
    ['forgetNodes', 'PRIMARY', (planned) => planned.fleet.forget(randomBytes(16))],
  ])('%s is answered from an index: %s', async (_method, index, call) => {
    const plan = await planOf(database, call);
    expect(plan).toMatch(
      index === 'PRIMARY' ? /"key": "PRIMARY"/ : new RegExp(`"key": "(?:intersect\\()?holdfast_session_${index}_idx`),
    );
    expect(plan).not.toMatch(/"table_name": "(session|holdfast_session)",\s*"access_type": "ALL"/);
  });
});

it.each<[string, (tier: DurableTier) => Promise<unknown>]>([
  ['updates', (planned) => Promise.all(many(() => planned.sessions.update(change(aRecord()))))],
  ['touches', (planned) => Promise.all(many(() => planned.sessions.touch(touchOf(aRecord()))))],
])('many %s find their rows by key in a table of a few, instead of locking all of it', async (_what, call) => {
  await using database = await freshDatabase('mysql');
  const tier = await openTier(database.prisma, 'mysql');
  await Promise.all([insert(tier), insert(tier), insert(tier)]);
  expect(await planOf(database, call)).toMatch(/"table_name": "session",\s*"access_type": "eq_ref"/);
});

describe('a MariaDB server in trouble', () => {
  let server: MariadbServer;
  let client: OpenedPrisma;
  let tier: DurableTier;

  beforeAll(async () => {
    server = await startMariadb();
    await migrate('mysql', server.url, { ca: server.ca });
    client = await openPrisma('mysql', server.url, { ca: server.ca });
    tier = await openTier(client.prisma, 'mysql', TIMEOUT_MS);
  });

  afterAll(async () => {
    await client.close();
    await server.stop();
  });

  it('that is frozen leaves the outcome open, in time', async () => {
    const record = await insert(tier);
    await server.pause();
    try {
      const failure = await failureOf(() => tier.sessions.update(change(record)));
      expect(failure).toMatchObject({ kind: 'ambiguous', reason: 'deadline' });
    } finally {
      await server.resume();
    }
    await until(() => tier.probe().then(() => true));
  });

  it('that is killed keeps what it acknowledged, and is used again when it is back', async () => {
    const record = await insert(tier);
    const { record: next, ...command } = change(record);
    expect(await tier.sessions.update({ ...command, record: next })).toBe(true);
    await server.kill();
    const failure = await failureOf(() => tier.sessions.read(record.storageKey));
    expect(['ambiguous', 'not-sent']).toContain(failure.kind);
    await server.start();
    await until(() => tier.probe().then(() => true));
    expect(await tier.sessions.read(record.storageKey)).toEqual(next);
  });

  it('that may not be written says so, and is no standby for long', async () => {
    await asMariadbAdmin(server, 'SET GLOBAL read_only = ON');
    expect(await failureOf(() => tier.probe())).toMatchObject({ kind: 'rejected', reason: 'standby' });
    expect(await failureOf(() => tier.sessions.insert(insertion(aRecord())))).toMatchObject({
      kind: 'rejected',
      reason: 'read-only',
    });
    await asMariadbAdmin(server, 'SET GLOBAL read_only = OFF');
    await insert(tier);
  });
});

// --- What the tests are made of ----------------------------------------------------------------------------------

/** As many as share one statement. */
const many = <T>(call: () => Promise<T>): Promise<T>[] => Array.from({ length: 12 }, call);

function openFailure(client: PrismaClientLike, table?: string) {
  return failureOf(async () => {
    const tier = prismaTier(client, table === undefined ? { provider: 'mysql' } : { provider: 'mysql', table });
    await tier.open({ namespace: 'shop', platform: systemPlatform, timeoutMs: 5_000 });
  });
}

async function clientWithGrants(database: FreshDatabase, grants: string): Promise<OpenedPrisma> {
  const server = await sharedMariadb();
  const user = `r${randomBytes(6).toString('hex')}`;
  const url = new URL(database.url);
  const schema = url.pathname.slice(1);
  await asMariadbAdmin(server, `CREATE USER '${user}'@'%' IDENTIFIED BY 'role'`);
  onTestFinished(() => asMariadbAdmin(server, `DROP USER '${user}'@'%'`).then(() => undefined));
  for (const [table, privileges] of [
    ['', grants],
    ['_ring', 'SELECT, INSERT, UPDATE'],
    ['_node', 'SELECT, INSERT, UPDATE, DELETE'],
  ] as const) {
    await asMariadbAdmin(server, `GRANT ${privileges} ON ${schema}.${SESSIONS}${table} TO '${user}'@'%'`);
  }
  url.username = user;
  url.password = 'role';
  return openPrisma('mysql', url.href, { ca: server.ca });
}

async function useEveryMethod(tier: DurableTier): Promise<void> {
  const userKey = randomBytes(32);
  const record = await insert(tier, { userKey });
  const changed = change(record);
  expect(await tier.sessions.update({ ...changed, dirty: true })).toBe(true);
  const moved = move(changed.record);
  expect([await tier.sessions.regenerate(moved), await tier.sessions.regenerate(moved)]).toEqual([true, true]);
  const { storageKey } = moved.record;
  expect(await tier.sessions.findRegenerated(record.storageKey, NOW)).toMatchObject({ storageKey });
  expect(await tier.sessions.touch(touchOf(moved.record))).toMatchObject({ lastSeenAt: NOW + 1, revision: 3 });
  expect(await tier.sessions.listByUser([userKey], START, 10)).toHaveLength(1);
  expect(await tier.upkeep.moveUserKey({ storageKey, from: userKey, to: randomBytes(32) })).toBe(true);
  expect((await tier.upkeep.walk({ after: START, limit: 10, aliveAt: NOW })).rows).toHaveLength(1);
  const ring = { version: 1, fingerprint: randomBytes(32) };
  expect([await tier.fleet.raiseRing(ring), await tier.fleet.raiseRing(ring)]).toEqual([ring, ring]);
  await tier.fleet.heartbeat({ nodeId: randomBytes(16), beat: 1, ringVersion: 1, masters: '' });
  expect((await tier.fleet.read()).nodes).toHaveLength(1);
  await tier.fleet.forget(Number.MAX_SAFE_INTEGER);
  expect((await tier.feed.read(0, 10)).rows).toHaveLength(1);
  expect(await tier.sessions.revokeMany(revokeAll('everyone'))).toHaveLength(1);
  expect(await tier.feed.clear(Number.MAX_SAFE_INTEGER, 10)).toBe(1);
}

/** Returns the plans of the statements that this call sends. */
async function planOf(database: FreshDatabase, call: (tier: DurableTier) => Promise<unknown>): Promise<string> {
  let isOpen = false;
  const plans: string[] = [];
  const { prisma } = database;
  const note = async (text: string, values: unknown[]) => {
    const rows = await prisma.$queryRawUnsafe<object[]>(`EXPLAIN FORMAT=JSON ${text}`, ...values);
    plans.push(...rows.map((row) => String(Object.values(row)[0])));
  };
  const tier = await openTier(
    {
      async $queryRawUnsafe(text, ...values) {
        if (!isOpen) return prisma.$queryRawUnsafe(text, ...values);
        await note(text, values);
        return [];
      },
      async $executeRawUnsafe(text, ...values) {
        if (!isOpen) return prisma.$executeRawUnsafe(text, ...values);
        await note(text, values);
        return 0;
      },
    },
    'mysql',
  );
  isOpen = true;
  // No rows are no answer to some questions.
  await call(tier).catch(() => undefined);
  return plans.join('\n');
}
