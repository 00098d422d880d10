import { deepEqual, equal } from 'node:assert/strict';
import { matches } from '../../checks.ts';
import { durableCases, type DurableTierCase } from '../bed.ts';
import { insert, insertMany, markedKeys, marks, move, revokeAll, successor, whenItIsLater, write } from '../records.ts';

export const clearCases: readonly DurableTierCase[] = durableCases('feed.clear', {
  'clears marks from before a time, and leaves the session': async ({ tier, database }) => {
    const [old, young] = await Promise.all([insert(tier), insert(tier)]);
    await database.mark(old.storageKey, 10);
    await database.mark(young.storageKey, 20);
    equal(await tier.feed.clear(10, 100), 0);
    equal(await tier.feed.clear(10.5, 100), 1);
    deepEqual(await markedKeys(tier), [young.storageKey]);
    equal(await tier.feed.clear(20, 100), 0);
    equal(await tier.feed.clear(21, 100), 1);
    deepEqual(await markedKeys(tier), []);
    equal(await tier.feed.clear(Number.MAX_SAFE_INTEGER, 100), 0);
    deepEqual(await tier.sessions.read(old.storageKey), old);
    equal(await tier.sessions.update(write(successor(old))), true);
  },

  'clears the previous keys of rows that got no new one since': async ({ tier }) => {
    const record = await insert(tier);
    const moved = { ...move(record), regeneratedAt: 10 };
    await tier.sessions.regenerate(moved);
    equal(await tier.feed.clear(10, 100), 0);
    matches(await tier.sessions.findRegenerated(record.storageKey, 0), {
      storageKey: moved.record.storageKey,
    });
    equal(await tier.feed.clear(11, 100), 1);
    equal(await tier.sessions.findRegenerated(record.storageKey, 0), null);
    const again = move(moved.record);
    equal(await tier.sessions.regenerate({ ...again, dirty: true }), true);
    deepEqual((await marks(tier))[0]?.previousKeys, [moved.record.storageKey]);
  },

  'compares the later one of the times of mark and new key': async ({ tier, database }) => {
    const [record, other] = await Promise.all([insert(tier), insert(tier)]);
    const newKey = { ...move(record), regeneratedAt: 30 };
    const newMark = { ...move(other), regeneratedAt: 10 };
    await tier.sessions.regenerate(newKey);
    await tier.sessions.regenerate(newMark);
    await database.mark(newKey.record.storageKey, 10);
    await database.mark(newMark.record.storageKey, 30);
    equal(await tier.feed.clear(30, 100), 0);
    deepEqual(
      (await marks(tier)).map(({ previousKeys }) => previousKeys),
      [[record.storageKey], [other.storageKey]],
    );
    equal(await tier.feed.clear(31, 100), 2);
    deepEqual(await marks(tier), []);
    equal(await tier.sessions.findRegenerated(record.storageKey, 0), null);
    equal(await tier.sessions.findRegenerated(other.storageKey, 0), null);
  },

  'clears at most `limit` rows, revoked ones included': async ({ tier, database }) => {
    const all = await insertMany(tier, 5);
    await tier.sessions.revokeMany(revokeAll({ of: 'everyone' }));
    for (const { storageKey } of all) await database.mark(storageKey, (await tier.probe()) - 1);
    const before = await whenItIsLater(tier, await tier.probe());
    equal(await tier.feed.clear(before, 2), 2);
    equal((await marks(tier)).length, 3);
    equal(await tier.feed.clear(before, 2), 2);
    equal(await tier.feed.clear(before, 2), 1);
    equal(await tier.feed.clear(before, 2), 0);
    equal(await tier.sessions.read(all[0]!.storageKey), null);
  },
});
