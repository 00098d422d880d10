import { deepEqual, equal } from 'node:assert/strict';
import { durableCases, type DurableTierCase } from '../bed.ts';
import { NOW, START, randomBytes, revocation } from '../records.ts';
import { insertLast, walked } from './last-rows.ts';
import type { DurableTier, WalkedRow } from '../../../tiers/durable.ts';

export const walkCases: readonly DurableTierCase[] = durableCases('upkeep.walk', {
  'finds every living session once, in order, in pages of any size': async ({ tier }) => {
    const records = await Promise.all([1, 2, 3, 4, 5, 6, 7].map(() => insertLast(tier)));
    const expected = records
      .map(({ storageKey, keyId }) => ({ storageKey, keyId, hasUser: true }))
      .sort((a, b) => a.storageKey.compare(b.storageKey));
    for (const limit of [1, 3, 100]) {
      deepEqual(await walkAll(tier, limit), expected);
    }
  },

  'leaves out revoked and ended sessions, and other namespaces': async ({ tier, open }) => {
    const other = await open();
    const living = await insertLast(tier, { userKey: null });
    const revoked = await insertLast(tier);
    await tier.sessions.revoke(revocation(revoked.storageKey));
    await insertLast(tier, { idleExpiresAt: NOW - 1 });
    await insertLast(tier, { absoluteExpiresAt: NOW - 1 });
    await insertLast(other);
    const { storageKey, keyId } = living;
    deepEqual(await walkAll(tier, 2), [{ storageKey, keyId, hasUser: false }]);
  },

  'ends at once where there are no rows': async ({ tier }) => {
    const last = Buffer.alloc(32, 0xff);
    deepEqual(await tier.upkeep.walk({ after: last, limit: 10, aliveAt: NOW }), { rows: [], next: null });
  },
});

export const userKeyCases: readonly DurableTierCase[] = durableCases('upkeep.moveUserKey', {
  'keeps the revision, and the session is then found under the new key only': async ({ tier }) => {
    const record = await insertLast(tier);
    const [from, to] = [record.userKey ?? START, randomBytes(32)];
    equal(await tier.upkeep.moveUserKey({ storageKey: record.storageKey, from, to }), true);
    deepEqual(await tier.sessions.read(record.storageKey), { ...record, userKey: to });
    deepEqual(await tier.sessions.listByUser([from], START, 10), []);
    equal((await tier.sessions.listByUser([to], START, 10)).length, 1);
  },

  'does nothing for another user key, a revoked session, another namespace or no row': async ({ tier, open }) => {
    const other = await open();
    const record = await insertLast(tier);
    const { storageKey, userKey } = record;
    const from = userKey ?? START;
    const to = randomBytes(32);
    equal(await tier.upkeep.moveUserKey({ storageKey, from: randomBytes(32), to }), false);
    equal(await other.upkeep.moveUserKey({ storageKey, from, to }), false);
    equal(await tier.upkeep.moveUserKey({ storageKey: randomBytes(32), from, to }), false);
    const anonymous = await insertLast(tier, { userKey: null });
    equal(await tier.upkeep.moveUserKey({ storageKey: anonymous.storageKey, from, to }), false);
    await tier.sessions.revoke(revocation(storageKey));
    equal(await tier.upkeep.moveUserKey({ storageKey, from, to }), false);
  },
});

function walkAll(tier: DurableTier, limit: number): Promise<WalkedRow[]> {
  return walked(async (after) => {
    const { rows, next } = await tier.upkeep.walk({ after, limit, aliveAt: NOW });
    return { items: rows, next };
  });
}
