import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DURABLE_IN_FLIGHT_MAX } from '../../../src/limits/durable-tier.ts';
import { systemPlatform } from '../../../src/platform/platform.ts';
import { toTierFailure } from '../../../src/tiers/prisma/failure.ts';
import { type PrismaClientLike, prismaTier } from '../../../src/tiers/prisma/index.ts';
import type { SealedRecord } from '../../../src/session/sealed-record.ts';
import type { DurableTier, UpdateCommand } from '../../../src/tiers/durable.ts';
import {
  aRecord,
  anytime,
  insert,
  insertion,
  insertMany,
  move,
  NOW,
  successor,
  write,
} from '../../../src/testing/durable/records.ts';
import { openPrisma } from '../../support/servers/databases.ts';
import { FaultProxy } from '../../support/servers/fault-proxy.ts';
import { until } from '../../support/servers/until.ts';
import { inTransaction } from '../../support/row-locks.ts';
import { freshDatabase, type FreshDatabase, sharedPostgres } from '../../support/shared.ts';

/** Few enough to share one statement. */
const TOGETHER = 12;
const LOCK_ROW = 'SELECT 1 FROM holdfast_session WHERE storage_key = $1 FOR UPDATE';

describe('calls that share a statement on PostgreSQL', () => {
  let database: FreshDatabase;
  let tier: DurableTier;

  beforeAll(async () => {
    database = await freshDatabase('postgresql');
    tier = await tierOf(database.prisma);
  });

  afterAll(() => database.close());

  it('wait together for a locked row; the one that is too late by then does not hurt the others', async () => {
    const records = (await insertMany(tier, TOGETHER)).toSorted((a, b) => a.storageKey.compare(b.storageKey));
    // The first lock and the last: a write is late only after the wait for another row.
    const [late, ...others] = records;
    await using lock = await inTransaction(database, LOCK_ROW, [others.at(-1)!.storageKey]);
    const validUntil = (await tier.probe()) + 50;
    const commands = records.map((record) => ({
      ...next(record),
      validUntil: record === late ? validUntil : null,
    }));
    const answers = Promise.all(commands.map((command) => tier.sessions.update(command)));
    await lock.untilSomebodyWaits();
    expect(await lock.whoWaits()).toBe(1);
    await until(async () => (await tier.probe()) > validUntil);
    await lock.release();
    expect(await answers).toEqual(records.map((record) => record !== late));
    expect(await tier.sessions.read(late!.storageKey)).toEqual(late);
    for (const { storageKey } of others) expect((await tier.sessions.readState(storageKey))?.revision).toBe(2);
  });

  it('insert all but the one whose rival gave up too late', async () => {
    const [late, ...records] = Array.from({ length: TOGETHER }, aRecord);
    const copy = `INSERT INTO holdfast_session SELECT $1, namespace, user_key, revision, write_id, envelope, key_id,
      created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at FROM holdfast_session LIMIT 1`;
    await insertMany(tier, 1);
    await using rival = await inTransaction(database, copy, [late!.storageKey]);
    // The insert must be in time when it meets the rival: a late one is not inserted, and does not wait.
    const validUntil = (await tier.probe()) + 1_000;
    const commands = [{ ...insertion(late!), validUntil }, ...records.map(insertion)];
    const answers = Promise.all(commands.map((command) => tier.sessions.insert(command)));
    await rival.untilSomebodyWaits();
    await until(async () => (await tier.probe()) > validUntil);
    await rival.undo();
    expect(await answers).toEqual(['late', ...records.map(() => 'inserted')]);
    expect(await tier.sessions.read(late!.storageKey)).toBeNull();
    expect(await Promise.all(records.map(({ storageKey }) => tier.sessions.read(storageKey)))).toEqual(records);
  });

  it('insert nothing late, even if it is another row that was waited for', async () => {
    const rivalKey = Buffer.alloc(32, 0xff);
    const late = aRecord({ storageKey: randomBytes(32).fill(0, 0, 1) });
    const patient = aRecord({ storageKey: rivalKey });
    const copy = `INSERT INTO holdfast_session SELECT $1, namespace, user_key, revision, write_id, envelope, key_id,
      created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at FROM holdfast_session LIMIT 1`;
    await insertMany(tier, 1);
    await using rival = await inTransaction(database, copy, [rivalKey]);
    const validUntil = (await tier.probe()) + 50;
    const answers = Promise.all([
      tier.sessions.insert({ ...insertion(late), validUntil }),
      tier.sessions.insert(insertion(patient)),
    ]);
    await rival.untilSomebodyWaits();
    await until(async () => (await tier.probe()) > validUntil);
    await rival.undo();
    expect(await answers).toEqual(['late', 'inserted']);
    expect(await tier.sessions.read(late.storageKey)).toBeNull();
  });

  it('have an unknown outcome, each of them, when their connection is killed; asked again, each finds itself', async () => {
    const records = await insertMany(tier, TOGETHER);
    await using lock = await inTransaction(database, LOCK_ROW, [records[3]!.storageKey]);
    const commands = records.map(next);
    const outcomes = Promise.allSettled(commands.map((command) => tier.sessions.update(command)));
    await lock.untilSomebodyWaits();
    await lock.killWhoWaits();
    const terminated = { status: 'rejected', reason: { kind: 'ambiguous', reason: 'terminated' } };
    expect(await outcomes).toMatchObject(records.map(() => terminated));
    await lock.release();
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect(await Promise.all(commands.map((command) => tier.sessions.update(command)))).toEqual(
        records.map(() => true),
      );
    }
    const rows = await Promise.all(records.map(({ storageKey }) => tier.sessions.read(storageKey)));
    expect(rows).toEqual(commands.map(({ record }) => record));
  });

  it('never deadlock, whatever meets', async () => {
    const failures: string[] = [];
    await using other = await database.open();
    const tiers = await Promise.all([database.prisma, other.prisma].map((prisma) => tierOf(watched(prisma, failures))));
    const userKeys = Array.from({ length: 6 }, () => randomBytes(32));
    const records = await Promise.all(
      Array.from({ length: 120 }, (_, index) => insert(tier, { userKey: userKeys[index % 6]! })),
    );
    const rounds = Array.from({ length: 6 }, async (_, round) => {
      for (const [index, at] of tiers.entries()) {
        const order = round % 2 === index ? records : records.toReversed();
        await Promise.all([
          ...order.map((record) => at.sessions.update(next({ ...record, revision: record.revision + round }))),
          ...order.map((record) =>
            at.sessions.touch({ ...record, lastSeenAt: NOW + round, aliveAt: NOW, longestPauseMs: 0 }),
          ),
          ...order.slice(0, 20).map((record) => at.sessions.regenerate(move(record))),
          ...order.slice(0, 5).map(({ storageKey }) => at.feed.markDirty(storageKey)),
          at.feed.clear(Number.MAX_SAFE_INTEGER, 100),
        ]);
      }
      await tiers[round % 2]!.sessions.revokeMany({
        of: [userKeys[round]!],
        except: null,
        after: Buffer.alloc(0),
        limit: 1_000,
        ...anytime(),
        revokedAt: NOW,
      });
    });
    await Promise.all(rounds);
    expect(failures).toEqual([]);
    expect(await tier.sessions.listByUser(userKeys, Buffer.alloc(0), 1)).toEqual([]);
  });

  it('are never more statements than the tier has lanes, however many they are', async () => {
    const server = sharedPostgres();
    await using client = await openPrisma('postgresql', database.url, { ca: server.ca, connections: 40 });
    const crowded = await tierOf(client.prisma);
    const records = await insertMany(crowded, 300);
    const answers: Promise<unknown>[] = [];
    {
      await using lock = await inTransaction(database, 'LOCK TABLE holdfast_session IN ACCESS EXCLUSIVE MODE');
      for (const record of records) {
        answers.push(crowded.sessions.read(record.storageKey), crowded.sessions.readState(record.storageKey));
        answers.push(
          crowded.sessions.update(next(record)),
          crowded.sessions.touch({ ...record, aliveAt: NOW, longestPauseMs: 0 }),
        );
      }
      for (const { storageKey } of records.slice(0, 30)) answers.push(crowded.feed.markDirty(storageKey));
      await lock.untilSomebodyWaits(DURABLE_IN_FLIGHT_MAX);
      for (let look = 0; look < 20; look += 1) expect(await lock.whoWaits()).toBe(DURABLE_IN_FLIGHT_MAX);
      await lock.release();
    }
    await Promise.all(answers);
  });
});

describe('calls that share a statement, and an answer that is lost', () => {
  it('are in doubt together, and each of them can be asked for again', async () => {
    await using database = await freshDatabase('postgresql');
    const witness = await tierOf(database.prisma);
    const server = sharedPostgres();
    const proxy = await FaultProxy.start(server);
    const url = new URL(database.url);
    url.port = String(proxy.port);
    const client = await openPrisma('postgresql', url.href, { ca: server.ca });
    try {
      const tier = await tierOf(client.prisma, 600);
      const commands = (await insertMany(witness, TOGETHER)).map(next);
      await tier.sessions.read(randomBytes(32));
      proxy.set({ stall: 'down' });
      const outcomes = await Promise.allSettled(commands.map((command) => tier.sessions.update(command)));
      const lost = { status: 'rejected', reason: { kind: 'ambiguous', reason: 'deadline' } };
      expect(outcomes).toMatchObject(commands.map(() => lost));
      proxy.heal();
      await until(() => tier.probe().then(() => true));
      expect(await Promise.all(commands.map((command) => tier.sessions.update(command)))).toEqual(
        commands.map(() => true),
      );
      const rival = commands.map((command) => ({ ...command, writeId: randomBytes(16) }));
      expect(await Promise.all(rival.map((command) => tier.sessions.update(command)))).toEqual(rival.map(() => false));
    } finally {
      proxy.heal();
      await client.close();
      await proxy.stop();
    }
  });
});

describe('calls that share a statement on SQLite', () => {
  it('wait together for the lock of another connection, and all of them are stored', async () => {
    await using database = await freshDatabase('sqlite');
    const tier = await tierOf(database.prisma, 5_000, 'sqlite');
    const records = await insertMany(tier, 100);
    const commands = records.map(next);
    await using other = await database.open();
    let answers: Promise<unknown[]> | undefined;
    await other.prisma.$transaction(async (transaction) => {
      await transaction.$executeRawUnsafe('UPDATE holdfast_session SET revision = revision');
      answers = Promise.all(commands.map((command) => tier.sessions.update(command)));
      for (let turns = 0; turns < 200; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    });
    expect(await answers).toEqual(records.map(() => true));
    const witness = await tierOf(other.prisma, 5_000, 'sqlite');
    const rows = await Promise.all(records.map(({ storageKey }) => witness.sessions.read(storageKey)));
    expect(rows).toEqual(commands.map(({ record }) => record));
  });
});

// --- What the tests are made of ----------------------------------------------------------------------------------

async function tierOf(
  prisma: PrismaClientLike,
  timeoutMs = 5_000,
  provider: 'postgresql' | 'sqlite' = 'postgresql',
): Promise<DurableTier> {
  const tier = prismaTier(prisma, { provider });
  await tier.open({ namespace: 'shop', platform: systemPlatform, timeoutMs });
  return tier;
}

/** Notes what the database refused, also where the tier tried again. */
function watched(prisma: PrismaClientLike, failures: string[]): PrismaClientLike {
  const note = (error: unknown): never => {
    failures.push(toTierFailure(error, 'postgresql').reason);
    throw error;
  };
  return {
    $queryRawUnsafe: async (text, ...values) => prisma.$queryRawUnsafe(text, ...values).then(undefined, note),
    $executeRawUnsafe: async (text, ...values) => prisma.$executeRawUnsafe(text, ...values).then(undefined, note),
  };
}

/** The update that replaces this record by its successor. */
function next(record: SealedRecord): UpdateCommand {
  return write(successor(record));
}
