import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { matches } from '../../checks.ts';
import { durableCases, type DurableTierCase } from '../bed.ts';
import {
  HOUR,
  NOW,
  feedRow,
  inOrder,
  insert,
  insertMany,
  key,
  keysIn,
  markedKeys,
  marks,
  move,
  regenerateRepeatedly,
  revocation,
  revokeAll,
  successor,
  touchOf,
  whenItIsLater,
  withoutTimes,
  write,
} from '../records.ts';
import type { FeedPosition } from '../../../tiers/durable.ts';

export const markCases: readonly DurableTierCase[] = durableCases('feed.read', {
  'returns the marks that writes set in their statement, at the database’s time, and no others': async ({ tier }) => {
    const [, updated, moved, revoked, marked] = await insertMany(tier, 5);
    const unmarked = move(updated!);
    const regenerated = move(moved!);
    const before = await tier.probe();
    equal(await tier.sessions.update(write(successor(updated!))), true);
    notEqual(await tier.sessions.touch({ ...touchOf(updated!), lastSeenAt: NOW + 9 * HOUR }), null);
    equal(await tier.sessions.regenerate({ ...unmarked, record: { ...unmarked.record, revision: 3 } }), true);
    notEqual(await tier.sessions.revoke(revocation(revoked!.storageKey)), null);
    deepEqual(await marks(tier), []);

    const next = successor(marked!);
    equal(await tier.sessions.update({ ...write(next), dirty: true }), true);
    equal(await tier.sessions.regenerate({ ...regenerated, dirty: true }), true);
    const last = await insert(tier);
    notEqual(await tier.sessions.revoke(revocation(last.storageKey, { dirty: true })), null);
    const { now, rows } = await tier.feed.read(before, 10);
    deepEqual(
      inOrder(withoutTimes(rows)),
      inOrder([
        feedRow(next),
        { ...feedRow(regenerated.record), previousKeys: [moved!.storageKey] },
        { ...feedRow({ ...last, revision: 2 }), isRevoked: true },
      ]),
    );
    for (const { dirtyAt } of rows) equal(dirtyAt >= before && dirtyAt <= now, true);
  },

  'returns every row that revokeMany revoked': async ({ tier }) => {
    const all = await insertMany(tier, 3);
    const before = await tier.probe();
    await tier.sessions.revokeMany(revokeAll({ of: all.slice(0, 2).map(({ userKey }) => userKey!) }));
    deepEqual(await markedKeys(tier), keysIn(all.slice(0, 2)));
    await tier.sessions.revokeMany(revokeAll({ of: 'everyone' }));
    const rows = await marks(tier);
    equal(rows.length, 3);
    for (const row of rows) matches(row, { isRevoked: true, revision: 2 });
    for (const { dirtyAt } of rows) ok(dirtyAt >= before);
  },

  'returns rows that markDirty marked, revoked or not, and nothing for a key without a row': async ({ tier }) => {
    const [living, dead] = await Promise.all([insert(tier), insert(tier)]);
    await tier.sessions.revoke(revocation(dead.storageKey));
    await Promise.all([living.storageKey, dead.storageKey, key()].map((storageKey) => tier.feed.markDirty(storageKey)));
    deepEqual(
      inOrder(withoutTimes(await marks(tier))),
      inOrder([feedRow(living), { ...feedRow({ ...dead, revision: 2 }), isRevoked: true }]),
    );
    deepEqual(await tier.sessions.read(living.storageKey), living);
  },

  'returns the eight latest of a row’s earlier keys, the oldest first': async ({ tier }) => {
    const chain = await regenerateRepeatedly(tier, 10);
    await tier.feed.markDirty(chain.at(-1)!);
    const [row] = await marks(tier);
    deepEqual(row?.previousKeys, chain.slice(2, 10));
    await tier.sessions.revoke(revocation(chain.at(-1)!));
    matches((await marks(tier))[0], { isRevoked: true, previousKeys: chain.slice(2, 10) });
  },

  'returns marks that only move forward': async ({ tier, database }) => {
    const record = await insert(tier);
    const markedAt = async (): Promise<number> => (await marks(tier))[0]?.dirtyAt ?? 0;
    const everyMark = async (): Promise<void> => {
      const { storageKey, revision } = record;
      const state = await tier.sessions.readState(storageKey);
      const next = { ...successor(record), revision: (state?.revision ?? revision) + 1 };
      equal(await tier.sessions.update({ ...write(next), dirty: true }), true);
      await tier.feed.markDirty(storageKey);
    };
    await database.mark(record.storageKey, 5);
    await everyMark();
    const first = await markedAt();
    ok(first > NOW);
    await whenItIsLater(tier, first);
    await tier.feed.markDirty(record.storageKey);
    ok((await markedAt()) > first);

    const future = (await tier.probe()) + HOUR;
    await database.mark(record.storageKey, future);
    await everyMark();
    equal(await markedAt(), future);
    const { storageKey, revision } = (await tier.sessions.read(record.storageKey))!;
    const moved = move({ ...record, storageKey, revision });
    equal(await tier.sessions.regenerate({ ...moved, dirty: true }), true);
    equal(await markedAt(), future);
    const other = await insert(tier);
    await database.mark(other.storageKey, future + 1);
    await tier.sessions.revoke(revocation(moved.record.storageKey, { dirty: true }));
    await tier.sessions.revokeMany(revokeAll({ of: 'everyone' }));
    deepEqual(
      (await marks(tier)).map(({ dirtyAt }) => dirtyAt),
      [future, future + 1],
    );
  },

  'returns a mark that later writes did not set': async ({ tier, database }) => {
    const record = await insert(tier);
    await database.mark(record.storageKey, 7);
    const next = successor(record);
    await tier.sessions.update(write(next));
    await tier.sessions.touch(touchOf(next));
    const moved = move(next);
    await tier.sessions.regenerate(moved);
    await tier.sessions.revoke(revocation(moved.record.storageKey));
    matches(await marks(tier), [{ dirtyAt: 7, storageKey: moved.record.storageKey, revision: 4 }]);
  },

  'returns marks in the order of time and key, in pages that miss and repeat nothing': async ({ tier, database }) => {
    const all = await insertMany(tier, 8);
    const times = [30, 10, 20, 20, 10, 20, 20, 40];
    const expected = all
      .map(({ storageKey }, index) => ({ storageKey, dirtyAt: times[index]! }))
      .sort((a, b) => a.dirtyAt - b.dirtyAt || a.storageKey.compare(b.storageKey));
    for (const { storageKey, dirtyAt } of expected) await database.mark(storageKey, dirtyAt);
    for (const limit of [1, 2, 3, 8, 100]) {
      const pages: FeedPosition[][] = [];
      let after: FeedPosition | number = 0;
      do {
        const { rows } = await tier.feed.read(after, limit);
        pages.push(rows.map(({ storageKey, dirtyAt }) => ({ storageKey, dirtyAt })));
        after = rows.at(-1) ?? after;
      } while (pages.at(-1)?.length === limit);
      deepEqual(pages.flat(), expected);
      equal(pages[0]?.length, Math.min(limit, 8));
    }
  },

  'begins at a time with the marks of that time, and after a position without its mark': async ({ tier, database }) => {
    const [first, second] = keysIn([await insert(tier), await insert(tier)]);
    for (const storageKey of [first!, second!]) await database.mark(storageKey, 20);
    deepEqual(await markedKeys(tier, 20), [first, second]);
    deepEqual(await markedKeys(tier, 19.5), [first, second]);
    deepEqual(await markedKeys(tier, 20.5), []);
    deepEqual(await markedKeys(tier, 21), []);
    deepEqual(await markedKeys(tier, { dirtyAt: 20, storageKey: first! }), [second]);
    deepEqual(await markedKeys(tier, { dirtyAt: 20, storageKey: second! }), []);
    deepEqual(await markedKeys(tier, { dirtyAt: 19, storageKey: second! }), [first, second]);
  },

  'returns the database’s clock, even where there are no marks': async ({ tier }) => {
    const before = await tier.probe();
    const { now, rows } = await tier.feed.read(0, 10);
    const after = await tier.probe();
    deepEqual(rows, []);
    equal(now >= before && now <= after, true);
    const record = await insert(tier);
    await tier.feed.markDirty(record.storageKey);
    const full = await tier.feed.read(0, 10);
    equal(full.rows.length, 1);
    ok(full.now >= after);
    ok(full.rows[0]!.dirtyAt <= full.now);
  },
});
