import { deepEqual, equal, notEqual } from 'node:assert/strict';
import { ENVELOPE_TAG_BYTES } from '../../../limits/codec.ts';
import type { SealedRecord } from '../../../session/sealed-record.ts';
import { matches } from '../../checks.ts';
import { durableCases, type DurableTierCase } from '../bed.ts';
import {
  HOUR,
  NOW,
  RACERS,
  aRecord,
  insert,
  insertMany,
  move,
  revocation,
  successor,
  touchOf,
  write,
} from '../records.ts';

const idle = { idleExpiresAt: NOW, absoluteExpiresAt: NOW + HOUR };

const absolute = { idleExpiresAt: NOW + HOUR, absoluteExpiresAt: NOW };
export const deadlineCases: readonly DurableTierCase[] = durableCases('deadlines', {
  'a row is alive up to and including its idle deadline': async ({ tier }) => {
    const record = await insert(tier, idle);
    equal(await tier.sessions.update({ ...write(successor(record)), aliveAt: NOW + 1 }), false);
    equal(await tier.sessions.touch({ ...touchOf(record), aliveAt: NOW + 1 }), null);
    equal(await tier.sessions.regenerate({ ...move(record), aliveAt: NOW + 1 }), false);
    deepEqual(await tier.sessions.read(record.storageKey), record);
    notEqual(await tier.sessions.touch({ ...touchOf(record), lastSeenAt: 0, aliveAt: NOW }), null);
    equal(await tier.sessions.update({ ...write(successor(record)), aliveAt: NOW }), true);
  },

  'a row is dead from its absolute deadline on': async ({ tier }) => {
    const record = await insert(tier, absolute);
    equal(await tier.sessions.update({ ...write(successor(record)), aliveAt: NOW }), false);
    equal(await tier.sessions.touch({ ...touchOf(record), aliveAt: NOW }), null);
    equal(await tier.sessions.regenerate({ ...move(record), aliveAt: NOW }), false);
    deepEqual(await tier.sessions.read(record.storageKey), record);
    notEqual(await tier.sessions.touch({ ...touchOf(record), aliveAt: NOW - 1 }), null);
    equal(await tier.sessions.update({ ...write(successor(record)), aliveAt: NOW - 1 }), true);
  },

  'revoke ends a row that expired long ago': async ({ tier }) => {
    const { storageKey } = await insert(tier, { idleExpiresAt: 1, absoluteExpiresAt: 2 });
    deepEqual(await tier.sessions.revoke(revocation(storageKey)), {
      storageKey,
      idleExpiresAt: 1,
      absoluteExpiresAt: 2,
      hasMoved: false,
    });
  },
});

export const touchCases: readonly DurableTierCase[] = durableCases('sessions.touch', {
  'moves the times, and changes neither data nor revision': async ({ tier }) => {
    const record = await insert(tier);
    const times = { lastSeenAt: record.lastSeenAt + 7, idleExpiresAt: record.idleExpiresAt + 7 };
    const { revision, envelope, keyId, absoluteExpiresAt } = record;
    const tag = envelope.subarray(-ENVELOPE_TAG_BYTES);
    const state = { revision, tag, keyId, absoluteExpiresAt, ...times };
    deepEqual(await tier.sessions.touch({ ...touchOf(record), lastSeenAt: times.lastSeenAt }), state);
    deepEqual(await tier.sessions.read(record.storageKey), { ...record, ...times });
  },

  'never moves a time back, and returns what is stored': async ({ tier }) => {
    const record = await insert(tier);
    const { lastSeenAt, idleExpiresAt } = record;
    const earlier = { ...touchOf(record), lastSeenAt: lastSeenAt - 7 };
    matches(await tier.sessions.touch(earlier), { lastSeenAt, idleExpiresAt });
    deepEqual(await tier.sessions.read(record.storageKey), record);
  },

  'many concurrent touches end at the latest time': async ({ tier }) => {
    const record = await insert(tier);
    const steps = Array.from({ length: RACERS }, (_, index) => (index * 37) % RACERS);
    await Promise.all(steps.map((step) => tier.sessions.touch({ ...touchOf(record), lastSeenAt: NOW + step })));
    const state = await tier.sessions.readState(record.storageKey);
    matches(state, { lastSeenAt: NOW + 99, idleExpiresAt: record.idleExpiresAt + 99, revision: 1 });
  },

  'adds the present idle lifetime of the row, and never passes the absolute deadline': async ({ tier }) => {
    const record = await insert(tier);
    const shorter = { idleLifetimeMs: 5, idleExpiresAt: NOW + 6, absoluteExpiresAt: NOW + 20 };
    await tier.sessions.update(write(successor(record, shorter)));
    const touch = touchOf(record);
    matches(await tier.sessions.touch({ ...touch, lastSeenAt: NOW + 6 }), { idleExpiresAt: NOW + 11 });
    matches(await tier.sessions.touch({ ...touch, lastSeenAt: NOW + 11 }), {
      idleExpiresAt: NOW + 16,
    });
    matches(await tier.sessions.touch({ ...touch, lastSeenAt: NOW + 16 }), {
      idleExpiresAt: NOW + 20,
    });
  },

  'does not touch a row whose idle lifetime is shorter than the longest pause': async ({ tier }) => {
    const [record, ...others] = await insertMany(tier, 6);
    const touchWith = (each: SealedRecord, longestPauseMs: number) =>
      tier.sessions.touch({ ...touchOf(each), longestPauseMs });
    equal(await touchWith(record!, HOUR + 1), null);
    deepEqual(await tier.sessions.read(record!.storageKey), record);
    matches(await touchWith(record!, HOUR), { lastSeenAt: NOW + 1 });
    const together = await Promise.all(others.map((each, index) => touchWith(each, HOUR + (index % 2))));
    deepEqual(
      together.map((state) => state !== null),
      [true, false, true, false, true],
    );
  },

  'returns null for a key without a row': async ({ tier }) => {
    const record = aRecord();
    equal(await tier.sessions.touch(touchOf(record)), null);
    equal(await tier.sessions.read(record.storageKey), null);
  },
});
