import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { systemPlatform } from '../../platform/platform.ts';
import { excludes, includes, matches } from '../checks.ts';
import { durableCases, type DurableTierCase } from './bed.ts';
import {
  HOUR,
  START,
  aRecord,
  insert,
  insertion,
  key,
  markedKeys,
  marks,
  move,
  revocation,
  revokeAll,
  successor,
  touchOf,
  whenItIsLater,
  write,
} from './records.ts';

export const openingCases: readonly DurableTierCase[] = durableCases('open and close', {
  'every call before open fails as not-sent': async ({ database }) => {
    const closed = database.makeTier();
    await rejects(closed.sessions.read(key()), { code: 'HOLDFAST_TIER_FAILURE', kind: 'not-sent' });
    await rejects(closed.sessions.insert(insertion(aRecord())), { kind: 'not-sent' });
  },

  'probe returns the database’s clock': async ({ tier }) => {
    const first = await tier.probe();
    equal(Number.isSafeInteger(first), true);
    // The database of a test has the time of its client, more or less.
    ok(Math.abs(first - systemPlatform.now()) < HOUR);
    const later = await whenItIsLater(tier, first);
    ok(later - first < HOUR);
  },

  'close leaves the rows as they are, and other tiers open': async ({ tier, namespace, open }) => {
    const other = await open(namespace);
    const record = await insert(other);
    await other.close();
    deepEqual(await tier.sessions.read(record.storageKey), record);
  },
});

export const namespaceCases: readonly DurableTierCase[] = durableCases('namespaces', {
  'no method sees or changes a session of another namespace': async ({ tier, open }) => {
    const other = await open();
    const userKey = key();
    const record = await insert(tier, { userKey });
    const moved = move(await insert(tier));
    await tier.sessions.regenerate(moved);
    equal(await other.sessions.read(record.storageKey), null);
    equal(await other.sessions.readState(record.storageKey), null);
    equal(await other.sessions.update(write(successor(record))), false);
    equal(await other.sessions.regenerate(move(record)), false);
    equal(await other.sessions.touch(touchOf(record)), null);
    equal(await other.sessions.revoke(revocation(record.storageKey)), null);
    deepEqual(await other.sessions.revokeMany(revokeAll({ of: [userKey] })), []);
    deepEqual(await other.sessions.revokeMany(revokeAll({ of: 'everyone' })), []);
    deepEqual(await other.sessions.listByUser([userKey], START, 10), []);
    equal(await other.sessions.findRegenerated(moved.previousStorageKey, 0), null);
    await other.feed.markDirty(record.storageKey);
    excludes(await markedKeys(tier), record.storageKey);
    await tier.feed.markDirty(record.storageKey);
    includes(await markedKeys(tier), record.storageKey);
    deepEqual(await marks(other), []);
    equal(await other.feed.clear(Number.MAX_SAFE_INTEGER, 100), 0);
    includes(await markedKeys(tier), record.storageKey);
    matches(await tier.sessions.findRegenerated(moved.previousStorageKey, 0), {
      storageKey: moved.record.storageKey,
    });
    deepEqual(await tier.sessions.read(record.storageKey), record);
  },
});
