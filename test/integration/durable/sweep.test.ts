import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sweepSessions } from '../../../src/index.ts';
import { systemPlatform } from '../../../src/platform/platform.ts';
import type { SealedRecord } from '../../../src/session/sealed-record.ts';
import { prismaTier } from '../../../src/tiers/prisma/index.ts';
import type { DurableTier } from '../../../src/tiers/durable.ts';
import { DATABASE_NAMES } from '../../../src/tiers/sql/tag.ts';
import { inTransaction } from '../../support/row-locks.ts';
import { load, realClient } from '../../support/real-client.ts';
import { until } from '../../support/servers/until.ts';
import { freshDatabase, type FreshDatabase, sharedRedis, uniqueNamespace } from '../../support/shared.ts';

const HOUR = 3_600_000;
const START = Buffer.alloc(0);
/** Long enough for hundreds of statements of each kind to meet … */
const LOAD_MS = 5_000;
/** … and rows enough to prove that they did. */
const REMOVED_MIN = 300;

describe.each(DATABASE_NAMES)('a client on %s', (provider) => {
  it('sweeps away what ended an hour ago, and not what lives', async () => {
    await using database = await freshDatabase(provider);
    const redis = sharedRedis();
    const options = { redis, database, namespace: uniqueNamespace(), sweep: false } as const;
    const lifetime = { idle: '10m', absolute: '10m' } as const;
    const anHourAgo = { ...systemPlatform, now: () => systemPlatform.now() - HOUR };
    await using past = await realClient({ ...options, lifetime, platform: anHourAgo });
    await using present = await realClient({ ...options, lifetime });
    const { id: ended } = await past.create({ cart: [] });
    const { id: living } = await present.create({ cart: [] });
    const { id: destroyed } = await present.create({ cart: [] });
    await present.destroy(destroyed);
    expect(await sweepSessions(present)).toEqual({ scanned: 3, removed: 1 });
    expect(await present.get(ended)).toBeNull();
    expect(await present.get(living)).not.toBeNull();
    expect(await database.prisma.holdfastSession.count()).toBe(2);
  });
});

describe('the sweep on PostgreSQL', () => {
  let database: FreshDatabase;
  let tier: DurableTier;

  beforeAll(async () => {
    database = await freshDatabase('postgresql');
    tier = await tierOf(database);
  });

  afterAll(async () => {
    await tier.close();
    await database.close();
  });

  it('passes over a locked row without waiting for it, and takes it the next time', async () => {
    const [held, free] = [await insert(tier, ended()), await insert(tier, ended())];
    const command = { storageKeys: [held.storageKey, free.storageKey], ...boundsOf(systemPlatform.now()) };
    {
      const lockRow = 'SELECT 1 FROM holdfast_session WHERE storage_key = $1 FOR NO KEY UPDATE';
      await using lock = await inTransaction(database, lockRow, [held.storageKey]);
      expect(await tier.upkeep.removeEnded(command)).toBe(1);
      await lock.release();
    }
    expect(await tier.sessions.read(held.storageKey)).not.toBeNull();
    expect(await tier.upkeep.removeEnded(command)).toBe(1);
  });

  it('reads each page from the primary key’s index, and deletes by it', async () => {
    await database.prisma.$executeRawUnsafe(`INSERT INTO holdfast_session
      SELECT sha256(n::text::bytea), 'crowd', NULL, 1, substr(sha256(n::text::bytea), 1, 16), 'x'::bytea, '12345678'::bytea, 0, 0, 1, 0, 0
      FROM generate_series(1, 20000) AS n`);
    await database.prisma.$executeRawUnsafe('VACUUM ANALYZE holdfast_session');
    const find = `EXPLAIN SELECT storage_key, (namespace = 'shop')::integer FROM holdfast_session
      WHERE storage_key > '\\x10'::bytea ORDER BY storage_key LIMIT 1000`;
    expect(await planOf(database, find)).toContain('Index Scan using holdfast_session_pkey');
    const crowd = await tierOf(database, 'crowd');
    let removed = 0;
    let after: Buffer | null = START;
    while (after !== null) {
      const bounds = boundsOf(systemPlatform.now());
      const page = await crowd.upkeep.findEnded({ after, limit: 1_000, ...bounds });
      removed += await crowd.upkeep.removeEnded({ storageKeys: page.storageKeys, ...bounds });
      after = page.next;
    }
    expect(removed).toBe(20_000);
    await crowd.close();
  });

  it('meets updates, touches, logouts of whole users and another sweep without a deadlock', async () => {
    const deadlocks = async (): Promise<number> => {
      const question = 'SELECT deadlocks::integer AS count FROM pg_stat_database WHERE datname = current_database()';
      const [answer] = await database.prisma.$queryRawUnsafe<{ count: number }[]>(question);
      return answer?.count ?? -1;
    };
    const nodes = [tier, await tierOf(database)];
    const users = [randomBytes(32), randomBytes(32)];
    const sessions: SealedRecord[] = [];
    const nodeOf = (caller: number): DurableTier => nodes[caller % 2] ?? tier;
    const anyOf = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)]!;
    /** Half of the sessions end at once: the sweep and the other calls want the same rows. */
    const make = async (node: DurableTier): Promise<void> => {
      const userKey = anyOf(users);
      sessions.push(await insert(node, Math.random() < 0.5 ? { ...ended(), userKey } : { userKey }));
    };
    for (let made = 0; made < 300; made += 1) await make(tier);
    const before = await deadlocks();
    let removed = 0;
    const running = load(24, async (caller) => {
      const node = nodeOf(caller);
      const { storageKey, ...record } = anyOf(sessions);
      const now = systemPlatform.now();
      const aliveAt = now - 48 * HOUR;
      switch (caller % 6) {
        case 0:
          return make(node);
        case 1: {
          const state = await node.sessions.readState(storageKey);
          if (state === null) return;
          const next = { ...record, storageKey, revision: state.revision + 1 };
          const write = { record: next, writeId: randomBytes(16), validUntil: null, replaces: null };
          await node.sessions.update({ ...write, aliveAt, dirty: false });
          return;
        }
        case 2:
          await node.sessions.touch({ storageKey, lastSeenAt: now, aliveAt, longestPauseMs: 0 });
          return;
        case 3:
          await node.sessions.revokeMany({
            of: [anyOf(users)],
            except: null,
            after: START,
            limit: 50,
            writeId: randomBytes(16),
            validUntil: null,
            revokedAt: now - 48 * HOUR,
          });
          await node.feed.clear(Number.MAX_SAFE_INTEGER, 500);
          return;
        default: {
          const count = await sweepAll(node);
          removed += count;
        }
      }
    });
    const began = performance.now();
    await until(() => performance.now() - began > LOAD_MS && removed > REMOVED_MIN, { timeoutMs: 6 * LOAD_MS });
    const outcomes = await running.stop();
    expect(outcomes.map(({ error }) => error).filter((error) => error !== undefined)).toEqual([]);
    expect(removed).toBeGreaterThan(REMOVED_MIN);
    expect(await deadlocks()).toBe(before);
    await nodes[1]?.close();
  });
});

async function sweepAll(node: DurableTier): Promise<number> {
  let removed = 0;
  let after: Buffer | null = START;
  while (after !== null) {
    const bounds = boundsOf(systemPlatform.now());
    const page = await node.upkeep.findEnded({ after, limit: 100, ...bounds });
    removed += await node.upkeep.removeEnded({ storageKeys: page.storageKeys, ...bounds });
    after = page.next;
  }
  return removed;
}

async function tierOf(database: FreshDatabase, namespace = 'shop'): Promise<DurableTier> {
  const { prisma } = await database.open();
  const tier = prismaTier(prisma, { provider: 'postgresql' });
  await tier.open({ namespace, platform: systemPlatform, timeoutMs: 5_000, sweeps: true });
  return tier;
}

function boundsOf(now: number) {
  return { endedBefore: now - HOUR, revokedBefore: now - 24 * HOUR };
}

function ended(): Partial<SealedRecord> {
  const then = systemPlatform.now() - 2 * HOUR;
  return { idleExpiresAt: then, absoluteExpiresAt: then };
}

async function planOf({ prisma }: FreshDatabase, explain: string): Promise<string> {
  const lines = await prisma.$queryRawUnsafe<Record<string, string>[]>(explain);
  return lines.flatMap((line) => Object.values(line)).join('\n');
}

async function insert(tier: DurableTier, changes: Partial<SealedRecord> = {}): Promise<SealedRecord> {
  const now = systemPlatform.now();
  const record: SealedRecord = {
    storageKey: randomBytes(32),
    userKey: null,
    revision: 1,
    envelope: randomBytes(500),
    keyId: randomBytes(8),
    createdAt: now,
    lastSeenAt: now,
    idleLifetimeMs: HOUR,
    idleExpiresAt: now + HOUR,
    absoluteExpiresAt: now + HOUR,
    ...changes,
  };
  expect(await tier.sessions.insert({ record, writeId: randomBytes(16), validUntil: null, aliveAt: now })).toBe(
    'inserted',
  );
  return record;
}
