import { deepEqual, equal } from 'node:assert/strict';
import { durableCases, type DurableTierCase } from '../bed.ts';
import {
  START,
  inOrder,
  insert,
  insertMany,
  key,
  keysIn,
  revocation,
  revokeAll,
  revokedRows,
  successor,
  write,
  writeId,
} from '../records.ts';

export const revokeManyCases: readonly DurableTierCase[] = durableCases('sessions.revokeMany', {
  'revokes the sessions of all the given user keys, and of no other user': async ({ tier }) => {
    const [alice, formerAlice, bob] = [key(), key(), key()];
    const mine = await Promise.all([alice, formerAlice, alice].map((userKey) => insert(tier, { userKey })));
    const other = await insert(tier, { userKey: bob });
    const nobody = await insert(tier, { userKey: null });
    const rows = await tier.sessions.revokeMany(revokeAll({ of: [alice, formerAlice] }));
    deepEqual(
      rows,
      inOrder(mine).map(({ storageKey, idleExpiresAt, absoluteExpiresAt }) => ({
        storageKey,
        idleExpiresAt,
        absoluteExpiresAt,
        hasMoved: false,
      })),
    );
    for (const { storageKey } of mine) equal(await tier.sessions.read(storageKey), null);
    deepEqual(await tier.sessions.read(other.storageKey), other);
    deepEqual(await tier.sessions.read(nobody.storageKey), nobody);
    deepEqual(await tier.sessions.revokeMany(revokeAll({ of: [] })), []);
  },

  'returns pages in the order of storage keys, and a short page is the last': async ({ tier }) => {
    const userKey = key();
    const all = await insertMany(tier, 7, { userKey });
    const id = writeId();
    const pages: Buffer[][] = [];
    let after: Buffer = START;
    do {
      const rows = await revokedRows(
        tier.sessions.revokeMany(revokeAll({ of: [userKey], after, limit: 3, writeId: id })),
      );
      pages.push(rows.map(({ storageKey }) => storageKey));
      after = rows.at(-1)?.storageKey ?? after;
    } while (pages.at(-1)?.length === 3);
    deepEqual(
      pages.map(({ length }) => length),
      [3, 3, 1],
    );
    deepEqual(pages.flat(), keysIn(all));
  },

  'leaves the session that is excepted': async ({ tier }) => {
    const userKey = key();
    const [spared, ...others] = await insertMany(tier, 3, { userKey });
    const rows = await revokedRows(tier.sessions.revokeMany(revokeAll({ of: [userKey], except: spared!.storageKey })));
    deepEqual(
      rows.map(({ storageKey }) => storageKey),
      keysIn(others),
    );
    deepEqual(await tier.sessions.read(spared!.storageKey), spared);
  },

  'returns the same rows to a repeated command, and none of them to another one': async ({ tier }) => {
    const userKey = key();
    await insertMany(tier, 3, { userKey });
    const command = revokeAll({ of: [userKey], limit: 2 });
    const rows = await tier.sessions.revokeMany(command);
    equal(rows.length, 2);
    deepEqual(await tier.sessions.revokeMany(command), rows);
    equal((await tier.sessions.revokeMany({ ...command, writeId: writeId() })).length, 1);
  },

  'returns each session to one of many concurrent callers, without a deadlock': async ({ tier }) => {
    const userKey = key();
    const all = await insertMany(tier, 40, { userKey });
    const pages = await Promise.all(
      Array.from({ length: 10 }, () => revokedRows(tier.sessions.revokeMany(revokeAll({ of: [userKey] })))),
    );
    const keys = pages.flat().map(({ storageKey }) => storageKey.toString('hex'));
    deepEqual(keys.sort(), all.map(({ storageKey }) => storageKey.toString('hex')).sort());
  },

  'revokes everyone in the namespace, with and without a user': async ({ open }) => {
    const crowd = await open();
    const all = await Promise.all([key(), null, key()].map((userKey) => insert(crowd, { userKey })));
    const rows = await revokedRows(
      crowd.sessions.revokeMany(revokeAll({ of: 'everyone', except: all[0]!.storageKey })),
    );
    deepEqual(
      rows.map(({ storageKey }) => storageKey),
      keysIn(all.slice(1)),
    );
    deepEqual(await crowd.sessions.read(all[0]!.storageKey), all[0]);
  },
});

export const listByUserCases: readonly DurableTierCase[] = durableCases('sessions.listByUser', {
  'lists the living sessions of all the given user keys, in order': async ({ tier }) => {
    const [alice, formerAlice] = [key(), key()];
    const mine = await Promise.all([alice, formerAlice, alice, alice].map((userKey) => insert(tier, { userKey })));
    await insert(tier, { userKey: key() });
    await tier.sessions.revoke(revocation(mine[3]!.storageKey));
    deepEqual(await tier.sessions.listByUser([alice, formerAlice], START, 10), inOrder(mine.slice(0, 3)));
    deepEqual(await tier.sessions.listByUser([formerAlice], START, 10), [mine[1]]);
    deepEqual(await tier.sessions.listByUser([key()], START, 10), []);
    deepEqual(await tier.sessions.listByUser([], START, 10), []);
  },

  'lists in pages': async ({ tier }) => {
    const userKey = key();
    const all = inOrder(await insertMany(tier, 5, { userKey }));
    deepEqual(await tier.sessions.listByUser([userKey], START, 2), all.slice(0, 2));
    deepEqual(await tier.sessions.listByUser([userKey], all[1]!.storageKey, 2), all.slice(2, 4));
    deepEqual(await tier.sessions.listByUser([userKey], all[3]!.storageKey, 2), all.slice(4));
  },

  'lists a session under its new user': async ({ tier }) => {
    const [before, after] = [key(), key()];
    const record = await insert(tier, { userKey: before });
    await tier.sessions.update(write(successor(record, { userKey: after })));
    deepEqual(await tier.sessions.listByUser([before], START, 10), []);
    equal((await tier.sessions.listByUser([after], START, 10)).length, 1);
  },
});
