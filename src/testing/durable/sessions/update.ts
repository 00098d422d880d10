import { deepEqual, equal } from 'node:assert/strict';
import { ENVELOPE_TAG_BYTES } from '../../../limits/codec.ts';
import type { SealedRecord } from '../../../session/sealed-record.ts';
import { each } from '../../contract-case.ts';
import { durableCases, type Bed, type DurableTierCase } from '../bed.ts';
import {
  HOUR,
  NOW,
  RACERS,
  aRecord,
  insert,
  insertMany,
  key,
  move,
  randomBytes,
  successor,
  write,
  writeId,
} from '../records.ts';

const LIVES: readonly (readonly [string, Partial<SealedRecord>])[] = [
  [
    'a longer life',
    { idleLifetimeMs: 9 * HOUR, idleExpiresAt: NOW + 1 + 9 * HOUR, absoluteExpiresAt: NOW + 99 * HOUR },
  ],
  ['a shorter life', { idleLifetimeMs: 5, idleExpiresAt: NOW + 6, absoluteExpiresAt: NOW + 7 }],
  ['an idle deadline that is its absolute one', { idleExpiresAt: NOW + 7, absoluteExpiresAt: NOW + 7 }],
];

export const updateCases: readonly DurableTierCase[] = durableCases('sessions.update', {
  'replaces the columns that a write may replace, and no others': async ({ tier }) => {
    const record = await insert(tier);
    const next = successor(record, { userKey: key(), createdAt: 5, absoluteExpiresAt: NOW + 999 * HOUR });
    equal(await tier.sessions.update(write(next)), true);
    deepEqual(await tier.sessions.read(record.storageKey), next);
  },

  ...each(LIVES, ([life, times]) => [
    `gives a session ${life}, alone and among others`,
    async ({ tier }: Bed) => {
      const [alone, ...records] = await insertMany(tier, 12);
      const changed = records.map((record, index) => successor(record, index % 2 === 0 ? times : {}));
      const only = successor(alone!, times);
      equal(await tier.sessions.update(write(only)), true);
      deepEqual(
        await Promise.all(changed.map((record) => tier.sessions.update(write(record)))),
        changed.map(() => true),
      );
      const rows = await Promise.all([only, ...changed].map(({ storageKey }) => tier.sessions.read(storageKey)));
      deepEqual(rows, [only, ...changed]);
    },
  ]),

  'removes the user of a session': async ({ tier }) => {
    const record = await insert(tier);
    equal(await tier.sessions.update(write(successor(record, { userKey: null }))), true);
    equal((await tier.sessions.read(record.storageKey))?.userKey, null);
  },

  ...each([-1, 0, 2, 3], (step) => [
    `changes nothing where the revision is off by ${step}`,
    async ({ tier }: Bed) => {
      const record = await insert(tier, { revision: 7 });
      equal(await tier.sessions.update(write({ ...successor(record), revision: 7 + step })), false);
      deepEqual(await tier.sessions.read(record.storageKey), record);
    },
  ]),

  'replaces only the envelope that the caller read, alone and among others': async ({ tier }) => {
    const records = await insertMany(tier, 12);
    const read = ({ envelope }: SealedRecord) => envelope.subarray(-ENVELOPE_TAG_BYTES);
    const [alone, moving, ...others] = records;
    for (const record of [alone!, moving!]) {
      const lost = { ...write(successor(record)), replaces: randomBytes(ENVELOPE_TAG_BYTES) };
      equal(await tier.sessions.update(lost), false);
    }
    equal(await tier.sessions.regenerate({ ...move(moving!), replaces: randomBytes(ENVELOPE_TAG_BYTES) }), false);
    deepEqual(await tier.sessions.read(moving!.storageKey), moving);
    equal(await tier.sessions.regenerate({ ...move(moving!), replaces: read(moving!) }), true);
    const commands = others.map((record, index) => ({
      ...write(successor(record)),
      replaces: [read(record), randomBytes(ENVELOPE_TAG_BYTES), null][index % 3]!,
    }));
    const wins = commands.map((_, index) => index % 3 !== 1);
    deepEqual(await Promise.all(commands.map((command) => tier.sessions.update(command))), wins);
    // A repeat finds itself, although what it replaced is gone.
    deepEqual(await Promise.all(commands.map((command) => tier.sessions.update(command))), wins);
    const command = { ...write(successor(alone!)), replaces: read(alone!) };
    equal(await tier.sessions.update(command), true);
    equal(await tier.sessions.update(command), true);
  },

  'never inserts a row': async ({ tier }) => {
    const record = aRecord();
    equal(await tier.sessions.update(write(record)), false);
    equal(await tier.sessions.update(write({ ...record, revision: 0 })), false);
    equal(await tier.sessions.read(record.storageKey), null);
  },

  'returns the same answer to a repeated command': async ({ tier }) => {
    const record = await insert(tier);
    const command = write(successor(record));
    equal(await tier.sessions.update(command), true);
    equal(await tier.sessions.update(command), true);
    deepEqual(await tier.sessions.read(record.storageKey), command.record);
    equal(await tier.sessions.update({ ...command, writeId: writeId() }), false);
  },

  'does not take an overwritten write for one that is still there': async ({ tier }) => {
    const record = await insert(tier);
    const first = write(successor(record));
    await tier.sessions.update(first);
    await tier.sessions.update(write(successor(first.record)));
    equal(await tier.sessions.update(first), false);
  },

  'moves times forward only, where the idle lifetime stays': async ({ tier }) => {
    const record = await insert(tier);
    const earlier = { lastSeenAt: record.lastSeenAt - 1, idleExpiresAt: record.idleExpiresAt - 1 };
    const next = successor(record, earlier);
    equal(next.idleLifetimeMs, record.idleLifetimeMs);
    equal(await tier.sessions.update(write(next)), true);
    const { lastSeenAt, idleExpiresAt } = record;
    deepEqual(await tier.sessions.read(record.storageKey), { ...next, lastSeenAt, idleExpiresAt });
  },

  'exactly one of 100 concurrent updates of one revision wins': async ({ tier }) => {
    const record = await insert(tier);
    const rivals = Array.from({ length: RACERS }, () => write(successor(record)));
    const won = await Promise.all(rivals.map((rival) => tier.sessions.update(rival)));
    equal(won.filter(Boolean).length, 1);
    deepEqual(await tier.sessions.read(record.storageKey), rivals[won.indexOf(true)]?.record);
  },

  'no update is lost where each loser reads again': async ({ tier }) => {
    const { storageKey } = await insert(tier);
    const increment = async (): Promise<void> => {
      for (;;) {
        const current = await tier.sessions.read(storageKey);
        if (current && (await tier.sessions.update(write(successor(current))))) return;
      }
    };
    await Promise.all(Array.from({ length: 20 }, increment));
    equal((await tier.sessions.readState(storageKey))?.revision, 21);
  },
});
