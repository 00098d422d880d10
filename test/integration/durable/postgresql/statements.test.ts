import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prismaTier } from '../../../../src/tiers/prisma/index.ts';
import type { DurableTier } from '../../../../src/tiers/durable.ts';
import { revokedRows } from '../../../support/durable-commands.ts';
import { migrate, openPrisma } from '../../../support/servers/databases.ts';
import { asPostgresAdmin, startPostgres } from '../../../support/servers/postgres.ts';
import { until } from '../../../support/servers/until.ts';
import { freshDatabase, type FreshDatabase, sharedPostgres } from '../../../support/shared.ts';
import {
  NOW,
  tierOf,
  open,
  expectFailure,
  failureOf,
  nameOf,
  lockRow,
  planOf,
  many,
  insert,
  aRecord,
  successor,
  write,
  touchOf,
  revocation,
  move,
  revokeAll,
} from '../../../support/prisma-tier.ts';

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
    const update = failureOf(() => tier.sessions.update(write(successor(record))));
    await lock.untilSomebodyWaits();
    await lock.killWhoWaits();
    expect(await update).toMatchObject({ kind: 'ambiguous', reason: 'terminated' });
    await lock.release();
    expect(await tier.sessions.read(record.storageKey)).toEqual(record);
  });

  it('a row that stays locked leaves the outcome open, in time', async () => {
    const record = await insert(tier);
    await using lock = await lockRow(database, record);
    await expectFailure(() => tier.sessions.update(write(successor(record))), 'ambiguous', 'deadline');
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
    await expectFailure(() => impatient.sessions.update(write(successor(record))), 'rejected', 'lock-timeout');
    await asPostgresAdmin(sharedPostgres(), `ALTER DATABASE "${name}" RESET lock_timeout`);
    await lock.release();
  });

  it('a session that changes its id while all of its user’s are revoked does not get away', async () => {
    const userKey = randomBytes(32);
    const [record, other] = await Promise.all([insert(tier, { userKey }), insert(tier, { userKey })]);
    const newKey = randomBytes(32);
    await using lock = await lockRow(database, record, newKey);
    const revoked = revokedRows(tier.sessions.revokeMany(revokeAll([userKey])));
    await lock.untilSomebodyWaits();
    await lock.release();
    const keys = (await revoked).map(({ storageKey }) => storageKey);
    expect(keys).toEqual([newKey, other.storageKey].sort((a, b) => a.compare(b)));
    expect(await tier.sessions.read(newKey)).toBeNull();
  });

  it('mass revocations of overlapping users do not deadlock with updates', async () => {
    const userKeys = Array.from({ length: 4 }, () => randomBytes(32));
    const records = await Promise.all(
      Array.from({ length: 80 }, (_, index) => insert(tier, { userKey: userKeys[index % 4]! })),
    );
    const pages = await Promise.all([
      ...userKeys.map((_, index) =>
        tier.sessions.revokeMany(revokeAll([...userKeys.slice(index), ...userKeys.slice(0, index)])),
      ),
      ...records.map((record) => tier.sessions.update(write(successor(record))).then(() => [])),
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
    // A server of its own: a snapshot of another test would keep old versions of rows in their pages.
    await using server = await startPostgres();
    await migrate('postgresql', server.url, { ca: server.ca });
    await using own = await openPrisma('postgresql', server.url, { ca: server.ca });
    const tier = prismaTier(own.prisma, { provider: 'postgresql' });
    await open(tier, 5_000);
    const all = await Promise.all(Array.from({ length: 1_000 }, () => insert(tier, { envelope: randomBytes(800) })));
    // Sessions that are used together were not created together, so they lie on different pages.
    const records = all.filter((_, index) => index % 10 === 0);
    await tier.feed.markDirty(records[0]!.storageKey);
    const before = await updateCounts(own);
    for (let round = 1; round <= 5; round += 1) {
      await Promise.all(
        records.map(async (record) => {
          const { storageKey, lastSeenAt } = record;
          const next = { ...successor(record), revision: round + 1, envelope: randomBytes(800) };
          expect(await tier.sessions.update(write(next))).toBe(true);
          await tier.sessions.touch({
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
      // A connection reports its counts as it is used, once a second.
      await Promise.all(records.map(() => tier.probe()));
      const counts = await updateCounts(own);
      return counts.updates - before.updates >= updates && counts;
    });
    const share = (after.hot - before.hot) / (after.updates - before.updates);
    expect(share).toBeGreaterThan(0.95);
  });

  it.each<[string, string, (tier: DurableTier) => Promise<unknown>]>([
    ['read', 'pkey', (planned) => planned.sessions.read(randomBytes(32))],
    ['update', 'pkey', (planned) => planned.sessions.update(write(aRecord()))],
    ['regenerate', 'pkey', (planned) => planned.sessions.regenerate(move(aRecord(), aRecord()))],
    ['touch', 'pkey', (planned) => planned.sessions.touch(touchOf(aRecord()))],
    ['many reads', 'pkey', (planned) => Promise.all(many(() => planned.sessions.read(randomBytes(32))))],
    ['many updates', 'pkey', (planned) => Promise.all(many(() => planned.sessions.update(write(aRecord()))))],
    ['many touches', 'pkey', (planned) => Promise.all(many(() => planned.sessions.touch(touchOf(aRecord()))))],
    ['revoke', 'pkey', (planned) => planned.sessions.revoke(revocation(aRecord()))],
    ['markDirty', 'pkey', (planned) => planned.feed.markDirty(randomBytes(32))],
    ['revokeMany', 'user_key_idx', (planned) => planned.sessions.revokeMany(revokeAll([randomBytes(32)]))],
    ['listByUser', 'user_key_idx', (planned) => planned.sessions.listByUser([randomBytes(32)], Buffer.alloc(0), 10)],
    ['findRegenerated', 'rotated_at_idx', (planned) => planned.sessions.findRegenerated(randomBytes(32), NOW)],
    ['readFeed', 'dirty_at_idx', (planned) => planned.feed.read({ dirtyAt: NOW, storageKey: randomBytes(32) }, 100)],
    ['clearFeed', 'dirty_at_idx', (planned) => planned.feed.clear(NOW, 100)],
    ['clearFeed', 'rotated_at_idx', (planned) => planned.feed.clear(NOW, 100)],
  ])('%s is answered from an index: %s', async (_method, index, call) => {
    const { storageKey } = await insert(tier);
    await tier.feed.markDirty(storageKey);
    await database.prisma.$executeRawUnsafe('ANALYZE holdfast_session');
    const plan = await planOf(database, 'EXPLAIN', call);
    expect(plan).toContain(`holdfast_session_${index}`);
    expect(plan).not.toContain('Seq Scan');
  });
});

// --- What the tests are made of ----------------------------------------------------------------------------------

async function updateCounts(database: Pick<FreshDatabase, 'prisma'>): Promise<{ updates: number; hot: number }> {
  const [row] = await database.prisma.$queryRawUnsafe<{ updates: bigint; hot: bigint }[]>(
    `SELECT n_tup_upd AS updates, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE relname = 'holdfast_session'`,
  );
  return { updates: Number(row?.updates), hot: Number(row?.hot) };
}
