import { deepEqual, equal } from 'node:assert/strict';
import { envelopeTag } from '../../session/sealed-record.ts';
import { each } from '../contract-case.ts';
import { primaryCases, type PrimaryBed, type PrimaryTierCase } from './bed.ts';
import {
  KINDS,
  MINUTE,
  NOW,
  OTHER,
  REVISION,
  SOON,
  aStamp,
  aValue,
  asRead,
  fill,
  gone,
  key,
  outcome,
  prepared,
  summary,
  summaryOf,
} from './entries.ts';

export const restampCases: readonly PrimaryTierCase[] = primaryCases('restamp', {
  ...each(KINDS, (kind) => [
    `of the same revision meets ${kind}, which stays`,
    async ({ tier }: PrimaryBed) => {
      const place = await prepared(tier, kind);
      equal(await tier.restamp(place, aStamp({})), kind === 'value');
      equal(await summary(tier, place), summaryOf(kind));
    },
  ]),

  ...each(KINDS, (kind) => [
    `of a higher revision meets ${kind}, which ${outcome(kind === 'value' ? 'absent' : null)}`,
    async ({ tier }: PrimaryBed) => {
      const place = await prepared(tier, kind);
      equal(await tier.restamp(place, aStamp({ revision: REVISION + 1 })), false);
      equal(await summary(tier, place), kind === 'value' ? 'absent' : summaryOf(kind));
    },
  ]),

  ...each(KINDS, (kind) => [
    `of another envelope of the same revision meets ${kind}, which ${outcome(kind === 'value' ? 'absent' : null)}`,
    async ({ tier }: PrimaryBed) => {
      const place = await prepared(tier, kind);
      equal(await tier.restamp(place, aStamp({ tag: envelopeTag(OTHER) })), false);
      equal(await summary(tier, place), kind === 'value' ? 'absent' : summaryOf(kind));
    },
  ]),

  'of a lower revision leaves the value as it is': async ({ tier }) => {
    const place = await prepared(tier, 'value');
    const stamp = { incarnation: 'thislife', at: NOW + 10 };
    equal(await tier.restamp(place, aStamp({ revision: REVISION - 1, stamp })), false);
    deepEqual(await tier.read(place), asRead(aValue({})));
  },

  'moves stamp and times forward, and changes neither revision nor envelope': async ({ tier }) => {
    const place = await prepared(tier, 'value');
    const later = {
      stamp: { incarnation: 'thislife', at: NOW + 10 },
      lastSeenAt: NOW + 11,
      idleExpiresAt: NOW + MINUTE + 12,
    };
    equal(await tier.restamp(place, aStamp(later)), true);
    deepEqual(await tier.read(place), asRead(aValue(later)));
  },

  'never moves stamp or times back within one incarnation': async ({ tier }) => {
    const place = await prepared(tier, 'value');
    const mixed = {
      stamp: { incarnation: 'thislife', at: NOW - 10 },
      lastSeenAt: NOW + 11,
      idleExpiresAt: NOW - 12,
    };
    equal(await tier.restamp(place, aStamp(mixed)), true);
    deepEqual(await tier.read(place), asRead(aValue({ lastSeenAt: NOW + 11 })));
  },

  'takes the stamp of another incarnation as it is, since clocks of two incarnations do not compare': async ({
    tier,
  }) => {
    const place = await prepared(tier, 'value');
    const stamp = { incarnation: 'nextlife', at: NOW - MINUTE };
    equal(await tier.restamp(place, aStamp({ stamp })), true);
    deepEqual(await tier.read(place), asRead(aValue({ stamp })));
  },

  'replaces a stamp beyond the server’s present, which was given while its clock was ahead': async ({ tier }) => {
    const place = key();
    const { incarnation, earliest, latest } = tier.vantageOf(place);
    await fill(tier, place, aValue({ stamp: { incarnation, at: latest + 60 * MINUTE } }));
    const stamp = { incarnation, at: earliest };
    equal(await tier.restamp(place, aStamp({ stamp })), true);
    deepEqual(await tier.read(place), asRead(aValue({ stamp })));
  },

  'prolongs the time to live': async ({ tier }) => {
    const place = key();
    const witness = key();
    await fill(tier, place, aValue({ ttlMs: SOON }));
    await tier.restamp(place, aStamp({ ttlMs: MINUTE }));
    await fill(tier, witness, aValue({ ttlMs: SOON }));
    await gone(tier, witness);
    equal(await summary(tier, place), `value ${REVISION}`);
  },

  'never shortens the time to live': async ({ tier }) => {
    const place = await prepared(tier, 'value');
    const witness = key();
    await tier.restamp(place, aStamp({ ttlMs: 1 }));
    await fill(tier, witness, aValue({ ttlMs: SOON }));
    await gone(tier, witness);
    equal(await summary(tier, place), `value ${REVISION}`);
  },
});
