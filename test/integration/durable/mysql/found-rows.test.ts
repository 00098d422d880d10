import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DurableTier } from '../../../../src/tiers/durable.ts';
import { HOUR, insert, openTier, revokeAll } from '../../../support/durable-commands.ts';
import { inMariadbTransaction } from '../../../support/mariadb-locks.ts';
import type { MariadbCoordinates } from '../../../support/servers/mariadb.ts';
import { freshDatabase, type FreshDatabase, sharedMariadb } from '../../../support/shared.ts';

const HOLD = 'SELECT 1 FROM holdfast_session WHERE storage_key = ? FOR UPDATE';

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

describe('rows that are found by an index, on MariaDB', () => {
  /** Two keys, the lower one first. */
  const twoKeys = (): [Buffer, Buffer] => {
    const [a, b] = [randomBytes(32), randomBytes(32)];
    return a.compare(b) < 0 ? [a, b] : [b, a];
  };

  it('are not held by way of it: a mass revocation that waits keeps no login of that user waiting', async () => {
    const userKey = randomBytes(32);
    const [lower, storageKey] = twoKeys();
    const record = await insert(tier, { userKey, storageKey });
    await using lock = await transaction(HOLD, [storageKey]);
    const answer = tier.sessions.revokeMany(revokeAll([userKey]));
    await lock.untilSomebodyWaits();
    const login = await insert(tier, { userKey, storageKey: lower });
    await lock.release();
    expect(await answer).toMatchObject([{ storageKey }]);
    expect([await tier.sessions.read(record.storageKey), await tier.sessions.read(lower)]).toEqual([null, login]);
  });

  it('nor does a clearing of the feed that waits keep another row from being marked', async () => {
    const [record, other] = [await insert(tier), await insert(tier)];
    const later = (await tier.probe()) + HOUR;
    const mark = 'UPDATE holdfast_session SET dirty_at = ? WHERE storage_key = ?';
    await database.prisma.$executeRawUnsafe(mark, later, record.storageKey);
    await using lock = await transaction(HOLD, [record.storageKey]);
    const cleared = tier.feed.clear(later + 1, 1_000);
    await lock.untilSomebodyWaits();
    await tier.feed.markDirty(other.storageKey);
    await lock.release();
    expect(await cleared).toBeGreaterThan(0);
    const { rows } = await tier.feed.read(0, 1_000);
    expect(rows.map(({ storageKey }) => storageKey)).toEqual([other.storageKey]);
  });

  it('are found again where one moved behind the walk before it could be held', async () => {
    const userKey = randomBytes(32);
    const [lower, storageKey] = twoKeys();
    await insert(tier, { userKey, storageKey });
    const moving = 'UPDATE holdfast_session SET storage_key = ? WHERE storage_key = ?';
    await using regenerate = await transaction(moving, [lower, storageKey]);
    const answer = tier.sessions.revokeMany(revokeAll([userKey]));
    await regenerate.untilSomebodyWaits();
    await regenerate.release();
    expect(await answer).toMatchObject([{ storageKey: lower }]);
    expect(await tier.sessions.read(lower)).toBeNull();
  });

  it('are as many as there are, where another call ended a whole page first', async () => {
    const userKey = randomBytes(32);
    await Promise.all([1, 2, 3, 4, 5].map(() => insert(tier, { userKey })));
    const page = `UPDATE holdfast_session SET revoked_at = 1, envelope = ''
WHERE user_key = ? ORDER BY storage_key LIMIT 3`;
    await using rival = await transaction(page, [userKey]);
    const answer = tier.sessions.revokeMany({ ...revokeAll([userKey]), limit: 3 });
    await rival.untilSomebodyWaits();
    await rival.release();
    expect(await answer).toHaveLength(2);
  });
});
