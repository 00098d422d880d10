import { deepEqual, equal, notEqual } from 'node:assert/strict';
import { ENVELOPE_TAG_BYTES } from '../../../limits/codec.ts';
import { each } from '../../contract-case.ts';
import { durableCases, type Bed, type DurableTierCase } from '../bed.ts';
import {
  HOUR,
  NOW,
  RACERS,
  aRecord,
  insert,
  insertion,
  key,
  randomBytes,
  revocation,
  successor,
  write,
} from '../records.ts';

export const insertCases: readonly DurableTierCase[] = durableCases('sessions.insert and sessions.read', {
  ...each([1, 800, 64 * 1024, 1024 * 1024], (length) => [
    `an envelope of ${length} bytes comes back unchanged`,
    async ({ tier }: Bed) => {
      const record = await insert(tier, { envelope: randomBytes(length) });
      deepEqual(await tier.sessions.read(record.storageKey), record);
    },
  ]),

  'every byte value comes back, zeros and quotes included': async ({ tier }) => {
    const envelope = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256));
    const { storageKey } = await insert(tier, { envelope });
    deepEqual((await tier.sessions.read(storageKey))?.envelope, envelope);
  },

  'a session without a user comes back without one': async ({ tier }) => {
    const record = await insert(tier, { userKey: null });
    deepEqual(await tier.sessions.read(record.storageKey), record);
  },

  'numbers come back up to the largest safe integer': async ({ tier }) => {
    const record = await insert(tier, { revision: 2 ** 40, absoluteExpiresAt: Number.MAX_SAFE_INTEGER });
    deepEqual(await tier.sessions.read(record.storageKey), record);
  },

  'read returns Buffers that belong to the caller': async ({ tier }) => {
    const record = await insert(tier);
    const read = await tier.sessions.read(record.storageKey);
    equal(Buffer.isBuffer(read?.envelope), true);
    read?.envelope.fill(0);
    read?.storageKey.fill(0);
    deepEqual(await tier.sessions.read(record.storageKey), record);
  },

  'read and readState return null for a key without a row': async ({ tier }) => {
    equal(await tier.sessions.read(key()), null);
    equal(await tier.sessions.readState(key()), null);
  },

  'readState returns the row without its envelope': async ({ tier }) => {
    const { storageKey, ...rest } = await insert(tier);
    const { userKey: _user, envelope, createdAt: _created, idleLifetimeMs: _idle, ...state } = rest;
    deepEqual(await tier.sessions.readState(storageKey), {
      ...state,
      tag: envelope.subarray(-ENVELOPE_TAG_BYTES),
    });
  },

  'read and readState ignore deadlines, which are the caller’s to compare': async ({ tier }) => {
    const record = await insert(tier, { idleExpiresAt: 1, absoluteExpiresAt: 1 });
    deepEqual(await tier.sessions.read(record.storageKey), record);
    notEqual(await tier.sessions.readState(record.storageKey), null);
  },

  'insert refuses a key that is taken, and leaves its row unchanged': async ({ tier }) => {
    const record = await insert(tier);
    const rival = aRecord({ storageKey: record.storageKey, userKey: null });
    equal(await tier.sessions.insert(insertion(rival)), 'taken');
    deepEqual(await tier.sessions.read(record.storageKey), record);
  },

  'a repeated insert finds its row, even after its deadline, until another write changes the row': async ({ tier }) => {
    const command = insertion(aRecord());
    equal(await tier.sessions.insert(command), 'inserted');
    equal(await tier.sessions.insert({ ...command, validUntil: (await tier.probe()) - 1 }), 'inserted');
    deepEqual(await tier.sessions.read(command.record.storageKey), command.record);
    await tier.sessions.update(write(successor(command.record)));
    equal(await tier.sessions.insert(command), 'taken');
  },

  'insert reports a session as ended whose deadline lies before aliveAt': async ({ tier }) => {
    const idle = await insert(tier, { idleExpiresAt: NOW, absoluteExpiresAt: NOW + HOUR });
    const absolute = await insert(tier, { idleExpiresAt: NOW + HOUR, absoluteExpiresAt: NOW + 1 });
    for (const { storageKey } of [idle, absolute]) {
      const rival = insertion(aRecord({ storageKey }));
      equal(await tier.sessions.insert({ ...rival, aliveAt: NOW }), 'taken');
      equal(await tier.sessions.insert({ ...rival, aliveAt: NOW + 1 }), 'ended');
    }
    deepEqual(await tier.sessions.read(idle.storageKey), idle);
  },

  'insert refuses the key of a session of another namespace': async ({ tier, open }) => {
    const { storageKey } = await insert(tier);
    const other = await open();
    equal(await other.sessions.insert(insertion(aRecord({ storageKey }))), 'taken');
    equal(await other.sessions.read(storageKey), null);
  },

  'one of many concurrent inserts of one key wins': async ({ tier }) => {
    const storageKey = key();
    const rivals = Array.from({ length: RACERS }, () => aRecord({ storageKey }));
    const won = await Promise.all(rivals.map((rival) => tier.sessions.insert(insertion(rival))));
    equal(won.filter((outcome) => outcome === 'inserted').length, 1);
    equal(won.filter((outcome) => outcome === 'taken').length, RACERS - 1);
    deepEqual(await tier.sessions.read(storageKey), rivals[won.indexOf('inserted')]);
  },

  'insert refuses the key of a revoked session': async ({ tier }) => {
    const { storageKey } = await insert(tier);
    await tier.sessions.revoke(revocation(storageKey));
    equal(await tier.sessions.insert(insertion(aRecord({ storageKey }))), 'ended');
    equal(await tier.sessions.read(storageKey), null);
  },
});
