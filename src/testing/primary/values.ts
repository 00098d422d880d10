import { deepEqual, equal } from 'node:assert/strict';
import { each } from '../contract-case.ts';
import { primaryCases, type PrimaryBed, type PrimaryTierCase } from './bed.ts';
import {
  MINUTE,
  REVISION,
  SOON,
  aStamp,
  aValue,
  asRead,
  fill,
  gone,
  key,
  prepared,
  randomBytes,
  readValue,
  summary,
} from './entries.ts';

export const valueCases: readonly PrimaryTierCase[] = primaryCases('values', {
  ...each([0, 1, 800, 64 * 1024, 1024 * 1024], (length) => [
    `keep an envelope of ${length} bytes unchanged`,
    async ({ tier }: PrimaryBed) => {
      const place = key();
      const value = aValue({ envelope: randomBytes(length) });
      await fill(tier, place, value);
      deepEqual(await tier.read(place), asRead(value));
    },
  ]),

  'keep every byte value, line ends and zeros included': async ({ tier }) => {
    const place = key();
    const value = aValue({ envelope: Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256)) });
    await fill(tier, place, value);
    deepEqual(await tier.read(place), asRead(value));
  },

  'keep large revisions and late times': async ({ tier }) => {
    const place = key();
    const value = aValue({ revision: 2 ** 49, lastSeenAt: 9_999_999_999_998, idleExpiresAt: 9_999_999_999_999 });
    await fill(tier, place, value);
    deepEqual(await tier.read(place), asRead(value));
  },

  'are copies, when they are stored and when they are read': async ({ tier }) => {
    const place = key();
    const envelope = Buffer.from('as it was sealed');
    await fill(tier, place, aValue({ envelope }));
    envelope.fill(0);
    const first = await readValue(tier, place);
    equal(first.envelope.toString(), 'as it was sealed');
    first.envelope.fill(0);
    equal((await readValue(tier, place)).envelope.toString(), 'as it was sealed');
  },
});

export const timeToLiveCases: readonly PrimaryTierCase[] = primaryCases('times to live', {
  'end values and tombstones': async ({ tier }) => {
    const [value, published, tombstone] = [key(), await prepared(tier, 'value'), key()];
    await fill(tier, value, aValue({ ttlMs: SOON }));
    await tier.publish(published, aValue({ revision: REVISION + 1, ttlMs: SOON }));
    await tier.tombstone(tombstone, SOON);
    for (const place of [value, published, tombstone]) await gone(tier, place);
  },

  ...each([0, -1, -MINUTE, 0.25], (ttlMs) => [
    `of ${ttlMs} ms end at once, without an error`,
    async ({ tier }: PrimaryBed) => {
      const [filled, published, entombed] = [
        await prepared(tier, 'lease'),
        await prepared(tier, 'value'),
        await prepared(tier, 'value'),
      ];
      await tier.fill(filled, 'theirs', aValue({ ttlMs }));
      await tier.publish(published, aValue({ revision: REVISION + 1, ttlMs }));
      await tier.tombstone(entombed, ttlMs);
      await tier.restamp(await prepared(tier, 'value'), aStamp({ ttlMs }));
      for (const place of [filled, published, entombed]) await gone(tier, place);
    },
  ]),

  'may be a year, and need not be whole': async ({ tier }) => {
    const place = key();
    await fill(tier, place, aValue({ ttlMs: 366 * 24 * 60 * MINUTE + 0.5 }));
    equal(await summary(tier, place), `value ${REVISION}`);
  },
});
