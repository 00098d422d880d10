import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SealedRecord } from '../../../../src/session/sealed-record.ts';
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
  revokedRows,
  touchOf,
} from '../../../support/durable-commands.ts';
import { inMariadbTransaction } from '../../../support/mariadb-locks.ts';
import { openPrisma } from '../../../support/servers/databases.ts';
import { FaultProxy } from '../../../support/servers/fault-proxy.ts';
import type { MariadbCoordinates } from '../../../support/servers/mariadb.ts';
import { until } from '../../../support/servers/until.ts';
import { freshDatabase, type FreshDatabase, sharedMariadb } from '../../../support/shared.ts';

const HOLD = 'SELECT 1 FROM holdfast_session WHERE storage_key = ? FOR UPDATE';
const CHANGE = 'UPDATE holdfast_session SET last_seen_at = last_seen_at + 1 WHERE storage_key = ?';
const COPY = `INSERT INTO holdfast_session SELECT ?, namespace, user_key, revision, write_id, envelope, key_id, created_at,
  last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, NULL, NULL, NULL, '' FROM holdfast_session LIMIT 1`;

let server: MariadbCoordinates;
let database: FreshDatabase;
let tier: DurableTier;

beforeAll(async () => {
  server = await sharedMariadb();
  database = await freshDatabase('mysql');
  tier = await openTier(database.prisma, 'mysql');
});

afterAll(() => database.close());

const transaction = (sql: string, values: readonly unknown[]) => inMariadbTransaction(database, server, sql, values);
const untilLater = (time: number) => until(async () => (await tier.probe()) > time);
const soon = async () => ({ validUntil: (await tier.probe()) + 50 });

describe('a deadline of the database’s clock on MariaDB', () => {
  it.each([
    ['only held the row', HOLD, 'release'],
    ['gave its change up', CHANGE, 'undo'],
  ] as const)('is looked at after the wait for another transaction that %s', async (_who, sql, end) => {
    const commands: [string, unknown, (record: SealedRecord, late: { validUntil: number }) => Promise<unknown>][] = [
      ['update', false, (record, late) => tier.sessions.update({ ...change(record), dirty: true, ...late })],
      ['regenerate', false, (record, late) => tier.sessions.regenerate({ ...move(record), dirty: true, ...late })],
      ['revoke', null, (record, late) => tier.sessions.revoke({ ...revocation(record), ...late })],
      ['revokeMany', 'late', (record, late) => tier.sessions.revokeMany({ ...revokeAll([record.userKey!]), ...late })],
    ];
    for (const [name, nothing, command] of commands) {
      const record = await insert(tier);
      await using lock = await transaction(sql, [record.storageKey]);
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
    const last = records.toSorted((a, b) => a.storageKey.compare(b.storageKey)).at(-1)!;
    await using lock = await transaction(HOLD, [last.storageKey]);
    const deadline = await soon();
    const answer = tier.sessions.revokeMany({ ...revokeAll([userKey]), ...deadline });
    await lock.untilSomebodyWaits();
    await untilLater(deadline.validUntil);
    await lock.release();
    expect(await answer).toBe('late');
    expect(await tier.sessions.listByUser([userKey], Buffer.alloc(0), 10)).toHaveLength(3);
  });

  it('is looked at once all rows of a shared update are held; a row that is late then does not hurt the others', async () => {
    const some = await Promise.all(Array.from({ length: 12 }, () => insert(tier)));
    const records = some.toSorted((a, b) => a.storageKey.compare(b.storageKey));
    // The first lock and the last: a write is late only after the wait for another row.
    const [late, ...others] = records;
    await using lock = await transaction(HOLD, [others.at(-1)!.storageKey]);
    const { validUntil } = await soon();
    const answers = Promise.all(
      records.map((record) =>
        tier.sessions.update({ ...change(record), validUntil: record === late ? validUntil : null }),
      ),
    );
    await lock.untilSomebodyWaits();
    await untilLater(validUntil);
    await lock.release();
    expect(await answers).toEqual(records.map((record) => record !== late));
    expect(await tier.sessions.read(late!.storageKey)).toEqual(late);
    for (const { storageKey } of others) expect((await tier.sessions.readState(storageKey))?.revision).toBe(2);
  });

  it.each([
    ['inserts nothing for a key that a rival gave up too late, and the calls beside it', true],
    ['inserts in time', false],
  ])('%s', async (_what, isLate) => {
    const records = [aRecord(), ...Array.from({ length: 11 }, () => aRecord())];
    const [contested] = records;
    await insert(tier);
    await using rival = await transaction(COPY, [contested!.storageKey]);
    // The insert must be in time when it meets the rival: a late one is not inserted, and does not wait.
    const deadline = { validUntil: (await tier.probe()) + (isLate ? 1_000 : 60_000) };
    const commands = records.map((record) => ({ ...insertion(record), ...(record === contested ? deadline : {}) }));
    const answers = Promise.all(commands.map((command) => tier.sessions.insert(command)));
    await rival.untilSomebodyWaits();
    if (isLate) await untilLater(deadline.validUntil);
    await rival.undo();
    expect(await answers).toEqual(records.map((record) => (record === contested && isLate ? 'late' : 'inserted')));
    expect(await tier.sessions.read(contested!.storageKey)).toEqual(isLate ? null : contested);
  });

  it('does not keep a write that waits for its own first attempt from finding itself', async () => {
    type Attempt = (late: { validUntil: number | null }, at?: DurableTier) => Promise<unknown>;
    const commands: ((record: SealedRecord) => Attempt)[] = [
      (record, command = change(record)) =>
        (late, at = tier) =>
          at.sessions.update({ ...command, ...late }),
      (record, command = move(record)) =>
        (late, at = tier) =>
          at.sessions.regenerate({ ...command, ...late }),
      (record, command = revocation(record)) =>
        (late, at = tier) =>
          at.sessions.revoke({ ...command, ...late }),
    ];
    // With lanes of its own.
    const elsewhere = await openTier(database.prisma, 'mysql');
    for (const command of commands) {
      const record = await insert(tier);
      const attempt = command(record);
      await using lock = await transaction(HOLD, [record.storageKey]);
      const first = attempt({ validUntil: null });
      await lock.untilSomebodyWaits();
      const deadline = await soon();
      const others = [attempt(deadline, elsewhere), attempt(deadline, elsewhere)];
      await lock.untilSomebodyWaits(2);
      await untilLater(deadline.validUntil);
      await lock.release();
      expect(await first).toBeTruthy();
      for (const other of others) expect(await other).toEqual(await first);
    }
  });

  it('marks with the time after its wait', async () => {
    const record = await insert(tier);
    await using lock = await transaction(HOLD, [record.storageKey]);
    const answer = tier.sessions.update({ ...change(record), dirty: true });
    await lock.untilSomebodyWaits();
    const waiting = await tier.probe();
    await untilLater(waiting);
    await lock.release();
    expect(await answer).toBe(true);
    expect((await tier.feed.read(waiting + 1, 10)).rows).toMatchObject([{ storageKey: record.storageKey }]);
  });
});

describe('a statement that MariaDB did not finish', () => {
  it.each([
    ['a killed connection', 'CONNECTION', 'ambiguous'],
    ['a killed statement', 'QUERY', 'rejected'],
  ] as const)('after %s the outcome is what is known of it', async (_what, killed, kind) => {
    const record = await insert(tier);
    await using lock = await transaction(HOLD, [record.storageKey]);
    const update = failureOf(() => tier.sessions.update(change(record)));
    await lock.untilSomebodyWaits();
    await lock.killWhoWaits(killed);
    expect(await update).toMatchObject({ kind });
    await lock.release();
    expect(await tier.sessions.read(record.storageKey)).toEqual(record);
  });

  it('gave up the wait for a row, and changed nothing', async () => {
    const record = await insert(tier);
    await using lock = await transaction(HOLD, [record.storageKey]);
    const update = failureOf(() => tier.sessions.update(change(record)));
    await lock.untilSomebodyWaits();
    expect(await update).toMatchObject({ kind: 'rejected', reason: 'lock-timeout' });
    await lock.release();
    expect(await tier.sessions.read(record.storageKey)).toEqual(record);
  });
});

it('a wire that loses answers of MariaDB lets the same write be asked for again', async () => {
  await using proxy = await FaultProxy.start(server);
  const url = new URL(database.url);
  url.port = String(proxy.port);
  await using client = await openPrisma('mysql', url.href, { ca: server.ca });
  const cutOff = await openTier(client.prisma, 'mysql', 2_000);
  const userKey = randomBytes(32);
  const [record, other] = [await insert(tier, { userKey }), await insert(tier)];
  const command = change(other);
  const ending = revokeAll([userKey]);
  const commands: [SealedRecord, (at: DurableTier) => Promise<unknown>, unknown][] = [
    [other, (at) => at.sessions.update(command), true],
    [record, (at) => at.sessions.revokeMany(ending), [{ storageKey: record.storageKey }]],
  ];
  for (const [{ storageKey }, call, answer] of commands) {
    await until(() => cutOff.probe().then(() => true));
    await using lock = await transaction(HOLD, [storageKey]);
    const failure = failureOf(() => call(cutOff));
    await lock.untilSomebodyWaits();
    proxy.set({ stall: 'down' });
    await lock.release();
    expect(await failure).toMatchObject({ kind: 'ambiguous' });
    expect(await tier.sessions.readState(storageKey)).not.toMatchObject({ revision: 1 });
    proxy.heal();
    await until(() => cutOff.probe().then(() => true));
    expect([await call(cutOff)]).toMatchObject([answer]);
  }
});

describe.each(['REPEATABLE READ', 'READ COMMITTED'])('writes that meet on MariaDB at %s', (isolation) => {
  it('all get their answers: inserts, updates, touches, new ids, mass revocations and the sweep of the feed', async () => {
    await using own = await freshDatabase('mysql');
    await using client = await own.open({ isolation });
    const busy = await openTier(client.prisma, 'mysql');
    const userKeys = Array.from({ length: 4 }, () => randomBytes(32));
    const someone = (index: number) => ({ userKey: userKeys[index % 4]! });
    const records = await Promise.all(Array.from({ length: 120 }, (_, index) => insert(busy, someone(index))));
    const calls = records.map(async (record, index) => {
      await insert(busy, someone(index));
      await busy.sessions.touch(touchOf(record));
      if (index % 3 === 0) await busy.sessions.regenerate({ ...move(record), dirty: true });
      else await busy.sessions.update({ ...change(record), dirty: index % 3 === 1 });
      if (index % 10 === 0) await busy.feed.clear(NOW * 2, 50);
      if (index % 20 === 0)
        await busy.sessions.revokeMany(revokeAll([...userKeys.slice(index % 4), ...userKeys.slice(0, 2)]));
      await busy.sessions.touch(touchOf(record));
    });
    await Promise.all(calls);
    let left = 0;
    do {
      const rows = await revokedRows(busy.sessions.revokeMany(revokeAll('everyone')));
      left = rows.length;
    } while (left > 0);
    expect(await busy.sessions.listByUser(userKeys, Buffer.alloc(0), 10)).toEqual([]);
  });
});

describe('the sweep on MariaDB', () => {
  it('passes over a locked row without waiting for it, and takes it the next time', async () => {
    const [held, free] = [await insert(tier), await insert(tier)];
    const storageKeys = [held.storageKey, free.storageKey];
    const command = { storageKeys, endedBefore: Number.MAX_SAFE_INTEGER, revokedBefore: 0 };
    {
      await using lock = await transaction(HOLD, [held.storageKey]);
      expect(await tier.upkeep.removeEnded(command)).toBe(1);
      await lock.release();
    }
    expect(await tier.sessions.read(held.storageKey)).not.toBeNull();
    expect(await tier.upkeep.removeEnded(command)).toBe(1);
  });
});
