import { equal } from 'node:assert/strict';
import { each } from '../contract-case.ts';
import { primaryCases, type PrimaryBed, type PrimaryTierCase } from './bed.ts';
import {
  KINDS,
  MINUTE,
  REVISION,
  SOON,
  aStamp,
  aValue,
  asRead,
  cells,
  gone,
  key,
  outcome,
  prepared,
  summary,
  summaryOf,
} from './entries.ts';

/** The summary afterwards, by the kind that is met; null where nothing is changed. */
const EVICT = { absent: null, value: 'absent', hold: null, lease: 'absent', tombstone: null };
export const evictCases: readonly PrimaryTierCase[] = primaryCases('evict', {
  ...each(cells(EVICT), ([kind, after]) => [
    `below a higher revision meets ${kind}, which ${outcome(after)}`,
    async ({ tier }: PrimaryBed) => {
      const place = await prepared(tier, kind);
      await tier.evict(place, REVISION + 1);
      equal(await summary(tier, place), after ?? summaryOf(kind));
    },
  ]),

  ...each([REVISION, REVISION - 1], (below) => [
    `below ${below} leaves revision 5`,
    async ({ tier }: PrimaryBed) => {
      const place = await prepared(tier, 'value');
      await tier.evict(place, below);
      equal(await summary(tier, place), `value ${REVISION}`);
    },
  ]),
});

export const holdCases: readonly PrimaryTierCase[] = primaryCases('hold', {
  ...each(KINDS, (kind) => [
    `meets ${kind}, which ${outcome(kind === 'tombstone' ? null : 'hold')}`,
    async ({ tier }: PrimaryBed) => {
      const place = await prepared(tier, kind);
      await tier.hold(place);
      equal(await summary(tier, place), kind === 'tombstone' ? 'tombstone' : 'hold');
    },
  ]),

  'makes a fill that is under way store nothing': async ({ tier }) => {
    const place = await prepared(tier, 'lease');
    await tier.hold(place);
    equal(await tier.fill(place, 'theirs', aValue({})), false);
    equal(await summary(tier, place), 'hold');
  },
});

export const tombstoneCases: readonly PrimaryTierCase[] = primaryCases('tombstone', {
  ...each(KINDS, (kind) => [
    `meets ${kind}, which ${outcome('tombstone')}`,
    async ({ tier }: PrimaryBed) => {
      const place = await prepared(tier, kind);
      await tier.tombstone(place, MINUTE);
      equal(await summary(tier, place), 'tombstone');
    },
  ]),

  'refuses everything that would bring the session back': async ({ tier }) => {
    const place = await prepared(tier, 'tombstone');
    const value = aValue({ revision: REVISION + 1 });
    equal(await tier.lease(place, 'mine', null), false);
    equal(await tier.lease(place, 'mine', asRead(aValue({}))), false);
    equal(await tier.fill(place, 'mine', value), false);
    equal(await tier.publish(place, value), false);
    equal(await tier.restamp(place, aStamp({})), false);
    await tier.hold(place);
    await tier.evict(place, REVISION + 1);
    equal(await summary(tier, place), 'tombstone');
  },

  'keeps the longer of two times to live': async ({ tier }) => {
    const place = await prepared(tier, 'tombstone');
    const witness = key();
    await tier.tombstone(place, 1);
    await tier.tombstone(witness, SOON);
    await gone(tier, witness);
    equal(await summary(tier, place), 'tombstone');
  },

  'is prolonged by one with a longer time to live': async ({ tier }) => {
    const place = key();
    const witness = key();
    await tier.tombstone(place, SOON);
    await tier.tombstone(place, MINUTE);
    await tier.tombstone(witness, SOON);
    await gone(tier, witness);
    equal(await summary(tier, place), 'tombstone');
  },
});
