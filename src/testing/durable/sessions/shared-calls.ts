import { deepEqual, equal } from 'node:assert/strict';
import { ENVELOPE_TAG_BYTES } from '../../../limits/codec.ts';
import { matches } from '../../checks.ts';
import { durableCases, type DurableTierCase } from '../bed.ts';
import {
  NOW,
  aRecord,
  insert,
  insertMany,
  insertion,
  keysIn,
  marks,
  randomBytes,
  revocation,
  successor,
  touchOf,
  write,
} from '../records.ts';

export const sharedCallCases: readonly DurableTierCase[] = durableCases('concurrent calls', {
  'an update that loses, is late or has no row does not affect the others': async ({ tier }) => {
    const [records, lost, late, dead, repeated] = await Promise.all([
      insertMany(tier, 30),
      insert(tier),
      insert(tier),
      insert(tier, { absoluteExpiresAt: NOW }),
      insert(tier),
    ]);
    const repeat = write(successor(repeated));
    equal(await tier.sessions.update(repeat), true);
    const commands = records.map((record, index) => ({ ...write(successor(record)), dirty: index % 3 === 0 }));
    const others = [
      write(successor(lost, { revision: 7 })),
      { ...write(successor(late)), validUntil: (await tier.probe()) - 1 },
      write(successor(dead)),
      write(aRecord({ revision: 2 })),
      { ...repeat, validUntil: (await tier.probe()) - 1 },
    ];
    const answers = await Promise.all([...others, ...commands].map((command) => tier.sessions.update(command)));
    deepEqual(answers, [false, false, false, false, true, ...commands.map(() => true)]);
    const rows = await Promise.all([...commands, repeat].map(({ record }) => tier.sessions.read(record.storageKey)));
    deepEqual(
      rows,
      [...commands, repeat].map(({ record }) => record),
    );
    for (const record of [lost, late, dead]) deepEqual(await tier.sessions.read(record.storageKey), record);
    const marked = commands.filter(({ dirty }) => dirty).map(({ record }) => record);
    deepEqual(keysIn(await marks(tier)), keysIn(marked));
  },

  'an insert that is late, or whose key is taken, does not affect the others': async ({ tier }) => {
    const taken = await insert(tier);
    const records = Array.from({ length: 30 }, () => aRecord());
    records.push(aRecord({ userKey: null }), aRecord({ envelope: randomBytes(100_000) }));
    const late = { ...insertion(aRecord()), validUntil: (await tier.probe()) - 1 };
    const rival = insertion(aRecord({ storageKey: taken.storageKey }));
    const dead = await insert(tier);
    await tier.sessions.revoke(revocation(dead.storageKey));
    const reborn = insertion(aRecord({ storageKey: dead.storageKey }));
    const calls = [late, rival, reborn, ...records.map(insertion)];
    const answers = await Promise.all(calls.map((each) => tier.sessions.insert(each)));
    deepEqual(answers, ['late', 'taken', 'ended', ...records.map(() => 'inserted')]);
    equal(await tier.sessions.read(late.record.storageKey), null);
    deepEqual(await Promise.all([taken, ...records].map(({ storageKey }) => tier.sessions.read(storageKey))), [
      taken,
      ...records,
    ]);
  },

  'each touch changes its own row and returns its state': async ({ tier }) => {
    const records = await insertMany(tier, 30);
    const [revoked, expired] = await Promise.all([insert(tier), insert(tier, { idleExpiresAt: NOW - 1 })]);
    await tier.sessions.revoke(revocation(revoked.storageKey));
    const touches = records.map((record, index) => ({
      ...touchOf(record),
      lastSeenAt: NOW + index,
    }));
    const answers = await Promise.all(
      [touchOf(revoked), touchOf(expired), touchOf(aRecord()), ...touches].map((each) => tier.sessions.touch(each)),
    );
    deepEqual(answers.slice(0, 3), [null, null, null]);
    matches(
      answers.slice(3),
      records.map(({ keyId, envelope, idleExpiresAt }, index) => ({
        keyId,
        tag: envelope.subarray(-ENVELOPE_TAG_BYTES),
        lastSeenAt: NOW + index,
        idleExpiresAt: idleExpiresAt + index,
        revision: 1,
      })),
    );
  },

  'each read gets its own row, in Buffers of its own': async ({ tier }) => {
    const records = await insertMany(tier, 30);
    const [first] = records;
    const revoked = await insert(tier);
    await tier.sessions.revoke(revocation(revoked.storageKey));
    const asked = [first!, revoked, aRecord(), ...records, first!];
    const rows = await Promise.all(asked.map(({ storageKey }) => tier.sessions.read(storageKey)));
    deepEqual(rows, [first, null, null, ...records, first]);
    rows[0]?.envelope.fill(0);
    deepEqual(rows.at(-1), first);
    const states = await Promise.all(asked.map(({ storageKey }) => tier.sessions.readState(storageKey)));
    deepEqual(
      states.map((state) => state?.keyId),
      rows.map((row) => row?.keyId),
    );
    const tags = asked.map(({ envelope }, index) => states[index] && envelope.subarray(-ENVELOPE_TAG_BYTES));
    deepEqual(
      states.map((state) => state && state.tag),
      tags,
    );
  },
});
