import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SealedRecord } from '../../../src/session/sealed-record.ts';
import type { DurableTier } from '../../../src/tiers/durable.ts';
import { until } from '../../support/servers/until.ts';
import { inTransaction } from '../../support/row-locks.ts';
import { freshDatabase, type FreshDatabase } from '../../support/shared.ts';
import {
  tierOf,
  open,
  insert,
  aRecord,
  successor,
  write,
  moveOn,
  revocation,
  insertion,
  revokeAll,
} from '../../support/prisma-tier.ts';

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
  ] as const)('is looked at after the wait for another transaction that %s', async (_who, sql, end) => {
    const commands: [string, unknown, (record: SealedRecord, late: { validUntil: number }) => Promise<unknown>][] = [
      ['update', false, (record, late) => tier.sessions.update({ ...write(successor(record)), dirty: true, ...late })],
      ['regenerate', false, (record, late) => tier.sessions.regenerate({ ...moveOn(record), dirty: true, ...late })],
      ['revoke', null, (record, late) => tier.sessions.revoke({ ...revocation(record), ...late })],
      ['revokeMany', 'late', (record, late) => tier.sessions.revokeMany({ ...revokeAll([record.userKey!]), ...late })],
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
      expect(await tier.sessions.read(record.storageKey)).toEqual(record);
      expect((await tier.feed.read(0, 10)).rows).toEqual([]);
    }
  });

  it('spares all the rows of a mass revocation that waited for its last one', async () => {
    const userKey = randomBytes(32);
    const records = await Promise.all([1, 2, 3].map(() => insert(tier, { userKey })));
    const last = records.sort((a, b) => a.storageKey.compare(b.storageKey)).at(-1)!;
    await using lock = await inTransaction(database, select, [last.storageKey]);
    const deadline = await soon();
    const answer = tier.sessions.revokeMany({ ...revokeAll([userKey]), ...deadline });
    await lock.untilSomebodyWaits();
    await untilLater(deadline.validUntil);
    await lock.release();
    expect(await answer).toBe('late');
    expect(await tier.sessions.listByUser([userKey], Buffer.alloc(0), 10)).toEqual(records);
  });

  it.each([
    ['inserts nothing for a key that a rival gave up too late', true],
    ['inserts in time', false],
  ])('%s', async (_what, isLate) => {
    const record = aRecord();
    const sql = `INSERT INTO holdfast_session SELECT $1, namespace, user_key, revision, write_id, envelope, key_id,
      created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at FROM holdfast_session LIMIT 1`;
    await insert(tier);
    await using rival = await inTransaction(database, sql, [record.storageKey]);
    // The insert must be in time when it meets the rival: a late one is not inserted, and does not wait.
    const deadline = { validUntil: (await tier.probe()) + (isLate ? 1_000 : 60_000) };
    const answer = tier.sessions.insert({ ...insertion(record), ...deadline });
    await rival.untilSomebodyWaits();
    if (isLate) await untilLater(deadline.validUntil);
    await rival.undo();
    expect(await answer).toBe(isLate ? 'late' : 'inserted');
    expect(await tier.sessions.read(record.storageKey)).toEqual(isLate ? null : record);
  });

  it('does not keep a write that waits for its own first attempt from finding itself', async () => {
    type Attempt = (late: { validUntil: number | null }, at?: DurableTier) => Promise<unknown>;
    const commands: ((record: SealedRecord) => Attempt)[] = [
      (record, command = write(successor(record))) =>
        (late, at = tier) =>
          at.sessions.update({ ...command, ...late }),
      (record, command = moveOn(record)) =>
        (late, at = tier) =>
          at.sessions.regenerate({ ...command, ...late }),
      (record, command = { ...revocation(record), dirty: false }) =>
        (late, at = tier) =>
          at.sessions.revoke({ ...command, ...late }),
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
        ? tier.sessions.update({ ...write(successor(record)), dirty: true })
        : tier.feed.markDirty(record.storageKey);
    await lock.untilSomebodyWaits();
    const waiting = await tier.probe();
    await untilLater(waiting);
    await lock.release();
    await answer;
    const { rows } = await tier.feed.read(waiting + 1, 10);
    expect(rows).toMatchObject([{ storageKey: record.storageKey }]);
    await tier.feed.clear((await tier.probe()) + 1, 10);
  });

  it('the clearing of the feed passes over locked rows', async () => {
    const [held, free] = await Promise.all([insert(tier), insert(tier)]);
    await tier.feed.markDirty(held.storageKey);
    await tier.feed.markDirty(free.storageKey);
    const before = (await tier.probe()) + 1;
    await using lock = await inTransaction(database, select, [held.storageKey]);
    expect(await tier.feed.clear(before, 10)).toBe(1);
    await lock.release();
    expect(await tier.feed.clear(before, 10)).toBe(1);
    expect((await tier.feed.read(0, 10)).rows).toEqual([]);
  });
});

// --- What the tests are made of ----------------------------------------------------------------------------------
