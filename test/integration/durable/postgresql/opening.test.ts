import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { prismaTier } from '../../../../src/tiers/prisma/index.ts';
import type { DurableTier } from '../../../../src/tiers/durable.ts';
import { openPrisma } from '../../../support/servers/databases.ts';
import { asPostgresAdmin } from '../../../support/servers/postgres.ts';
import { until } from '../../../support/servers/until.ts';
import { freshDatabase, type FreshDatabase, sharedPostgres } from '../../../support/shared.ts';
import {
  NOW,
  tierOf,
  open,
  expectOpenFailure,
  failureOf,
  nameOf,
  anytime,
  insert,
  aRecord,
  successor,
  write,
  insertion,
  move,
  revokeAll,
} from '../../../support/prisma-tier.ts';

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
    expect(await tier.sessions.insert(insertion(aRecord()))).toBe('inserted');
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
  ])('distinguishes %s from an outage', async (_what, reason, change) => {
    const server = sharedPostgres();
    const url = new URL(server.url);
    change(url);
    await using client = await openPrisma('postgresql', url.href, { ca: server.ca });
    await expectOpenFailure(prismaTier(client.prisma, { provider: 'postgresql' }), 'misconfigured', reason);
  });

  it('distinguishes a certificate that it does not trust from an outage', async () => {
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

  it('does not use a database that became read-only, and uses it when it is not', async () => {
    await using database = await freshDatabase('postgresql');
    const tier = tierOf(database);
    await open(tier, 5_000);
    const server = sharedPostgres();
    await asPostgresAdmin(server, `ALTER DATABASE "${nameOf(database)}" SET default_transaction_read_only = on`);
    await asPostgresAdmin(
      server,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${nameOf(database)}'`,
    );
    for (const call of [() => tier.probe(), () => tier.feed.read(0, 10)]) {
      await until(async () => (await failureOf(call)).reason === 'read-only');
    }
    await asPostgresAdmin(server, `ALTER DATABASE "${nameOf(database)}" RESET default_transaction_read_only`);
    // A connection that works stays as it was: only the next one has the new setting.
    await until(async () => (await failureOf(() => tier.probe())).kind === 'none', { timeoutMs: 3_000 });
    await insert(tier);
  });
});

// --- What the tests are made of ----------------------------------------------------------------------------------

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

async function useEveryMethod(tier: DurableTier): Promise<void> {
  const record = await insert(tier);
  const next = successor(record);
  const moved = { ...successor(next), storageKey: randomBytes(32) };
  await tier.probe();
  expect(await tier.sessions.update(write(next))).toBe(true);
  expect(await tier.sessions.regenerate(move(moved, record))).toBe(true);
  expect(await tier.sessions.findRegenerated(record.storageKey, NOW)).toMatchObject({ storageKey: moved.storageKey });
  expect(
    await tier.sessions.touch({ storageKey: moved.storageKey, lastSeenAt: NOW, aliveAt: NOW, longestPauseMs: 0 }),
  ).not.toBeNull();
  expect(await tier.sessions.listByUser([record.userKey!], Buffer.alloc(0), 10)).toHaveLength(1);
  expect(
    await tier.upkeep.moveUserKey({ storageKey: moved.storageKey, from: record.userKey!, to: randomBytes(32) }),
  ).toBe(true);
  expect((await tier.upkeep.walk({ after: Buffer.alloc(0), limit: 10, aliveAt: NOW })).rows).toHaveLength(1);
  const ring = { version: 1, fingerprint: randomBytes(32) };
  expect(await tier.fleet.raiseRing(ring)).toEqual(ring);
  await tier.fleet.heartbeat({ nodeId: randomBytes(16), beat: 1, ringVersion: 1, masters: '' });
  expect((await tier.fleet.read()).nodes).toHaveLength(1);
  await tier.fleet.forget(Number.MAX_SAFE_INTEGER);
  await tier.feed.markDirty(moved.storageKey);
  expect((await tier.feed.read(0, 10)).rows).toHaveLength(1);
  expect(
    await tier.sessions.revoke({ storageKey: moved.storageKey, ...anytime(), revokedAt: NOW, dirty: true }),
  ).not.toBeNull();
  expect(await tier.sessions.revokeMany(revokeAll('everyone'))).toEqual([]);
  expect(await tier.feed.clear(Number.MAX_SAFE_INTEGER, 10)).toBe(1);
}
