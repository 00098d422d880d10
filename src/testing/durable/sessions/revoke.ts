import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { includes, matches } from '../../checks.ts';
import { durableCases, type DurableTierCase } from '../bed.ts';
import {
  NOW,
  RACERS,
  START,
  aRecord,
  insert,
  insertion,
  key,
  move,
  revocation,
  revokeAll,
  revokedRows,
  successor,
  touchOf,
  write,
  writeId,
} from '../records.ts';

export const revokeCases: readonly DurableTierCase[] = durableCases('sessions.revoke', {
  'returns the deadlines of the row, and null the second time': async ({ tier }) => {
    const { storageKey, idleExpiresAt, absoluteExpiresAt } = await insert(tier);
    const row = { storageKey, idleExpiresAt, absoluteExpiresAt, hasMoved: false };
    deepEqual(await tier.sessions.revoke(revocation(storageKey)), row);
    equal(await tier.sessions.revoke(revocation(storageKey)), null);
    equal(await tier.sessions.revoke(revocation(key())), null);
  },

  'returns whether the row was given another key lately': async ({ tier }) => {
    const userKey = key();
    const [one, many, still] = [await insert(tier), await insert(tier, { userKey }), await insert(tier, { userKey })];
    const [movedOne, movedMany] = [move(one), move(many)];
    await Promise.all([tier.sessions.regenerate(movedOne), tier.sessions.regenerate(movedMany)]);
    matches(await tier.sessions.revoke(revocation(movedOne.record.storageKey)), { hasMoved: true });
    const rows = await revokedRows(tier.sessions.revokeMany(revokeAll({ of: [userKey] })));
    const moved = rows.filter(({ hasMoved }) => hasMoved).map(({ storageKey }) => storageKey);
    deepEqual(moved, [movedMany.record.storageKey]);
    includes(
      rows.map(({ storageKey }) => storageKey),
      still.storageKey,
    );
  },

  'returns the same answer to a repeated command': async ({ tier }) => {
    const { storageKey } = await insert(tier);
    const command = revocation(storageKey);
    const first = await tier.sessions.revoke(command);
    notEqual(first, null);
    deepEqual(await tier.sessions.revoke({ ...command, revokedAt: NOW + 1 }), first);
  },

  'revokes only the row that one write left, where writtenBy is given': async ({ tier }) => {
    const inserted = insertion(aRecord());
    await tier.sessions.insert(inserted);
    const { storageKey } = inserted.record;
    equal(await tier.sessions.revoke(revocation(storageKey, { writtenBy: writeId() })), null);
    deepEqual(await tier.sessions.read(storageKey), inserted.record);
    const command = revocation(storageKey, { writtenBy: inserted.writeId });
    const first = await tier.sessions.revoke(command);
    notEqual(first, null);
    deepEqual(await tier.sessions.revoke(command), first);
    equal(await tier.sessions.read(storageKey), null);
    const used = insertion(aRecord());
    await tier.sessions.insert(used);
    await tier.sessions.update(write(successor(used.record)));
    const { storageKey: usedKey } = used.record;
    equal(await tier.sessions.revoke(revocation(usedKey, { writtenBy: used.writeId })), null);
    notEqual(await tier.sessions.read(usedKey), null);
  },

  'one of many concurrent calls revokes the row': async ({ tier }) => {
    const { storageKey } = await insert(tier);
    const racers = Array.from({ length: RACERS }, () => tier.sessions.revoke(revocation(storageKey)));
    equal((await Promise.all(racers)).filter((row) => row !== null).length, 1);
  },

  'is final: no method shows the session or brings it back': async ({ tier }) => {
    const userKey = key();
    const record = await insert(tier, { userKey });
    const lastWrite = write(successor(record));
    await tier.sessions.update(lastWrite);
    await tier.sessions.revoke(revocation(record.storageKey));
    for (const revision of [0, 1, 2, 3, 4, 5]) {
      equal(await tier.sessions.update(write({ ...record, revision })), false);
      equal(await tier.sessions.regenerate(move(record, { revision })), false);
    }
    equal(await tier.sessions.update(lastWrite), false);
    equal(await tier.sessions.touch(touchOf(record)), null);
    equal(await tier.sessions.insert(insertion(record)), 'ended');
    deepEqual(await tier.sessions.revokeMany(revokeAll({ of: [userKey] })), []);
    equal(await tier.sessions.read(record.storageKey), null);
    equal(await tier.sessions.readState(record.storageKey), null);
    deepEqual(await tier.sessions.listByUser([userKey], START, 10), []);
  },

  'concurrent updates, touches and regenerates do not undo it': async ({ tier }) => {
    for (let round = 0; round < 10; round += 1) {
      const record = await insert(tier);
      const moves = Array.from({ length: 10 }, () => move(record));
      const [revoked, ...others] = await Promise.all([
        tier.sessions.revoke(revocation(record.storageKey)),
        ...moves.map((command) => tier.sessions.regenerate(command)),
        ...moves.map(() => tier.sessions.update(write(successor(record)))),
        ...moves.map(() => tier.sessions.touch(touchOf(record)).then(() => false)),
      ]);
      const moved = moves.filter((_, index) => others[index]);
      ok(others.filter(Boolean).length <= 1);
      equal(await tier.sessions.read(record.storageKey), null);
      // Either the regenerate was first and the old key was dead when the revoke came, or the session is gone.
      equal(moved.length, revoked ? 0 : 1);
      for (const { record: next } of moved) deepEqual(await tier.sessions.read(next.storageKey), next);
    }
  },
});
