import { deepEqual, equal } from 'node:assert/strict';
import { each } from '../contract-case.ts';
import { primaryCases, type PrimaryBed, type PrimaryTierCase } from './bed.ts';
import {
  NOW,
  OTHER,
  RACERS,
  REVISION,
  aStamp,
  aValue,
  asRead,
  cells,
  fill,
  key,
  outcome,
  prepared,
  summary,
  summaryOf,
} from './entries.ts';

/** The summary afterwards, by the kind that is met; null where nothing is changed. */
const PUBLISH = { absent: null, value: `value ${REVISION + 1}`, hold: null, lease: 'absent', tombstone: null };

export const publishCases: readonly PrimaryTierCase[] = primaryCases('publish', {
  ...each(cells(PUBLISH), ([kind, after]) => [
    `of a higher revision meets ${kind}, which ${outcome(after)}`,
    async ({ tier }: PrimaryBed) => {
      const place = await prepared(tier, kind);
      equal(await tier.publish(place, aValue({ revision: REVISION + 1 })), kind === 'value');
      equal(await summary(tier, place), after ?? summaryOf(kind));
    },
  ]),

  'of a lower revision changes nothing': async ({ tier }) => {
    const place = await prepared(tier, 'value');
    equal(await tier.publish(place, aValue({ revision: REVISION - 1, envelope: OTHER })), false);
    deepEqual(await tier.read(place), asRead(aValue({})));
  },

  'of the same envelope changes nothing, so that a later stamp stays': async ({ tier }) => {
    const place = await prepared(tier, 'value');
    await tier.restamp(place, aStamp({ lastSeenAt: NOW + 11 }));
    equal(await tier.publish(place, aValue({})), false);
    deepEqual(await tier.read(place), asRead(aValue({ lastSeenAt: NOW + 11 })));
  },

  'of another envelope of the same revision replaces the value, which the database has lost': async ({ tier }) => {
    const place = await prepared(tier, 'value');
    const branch = aValue({ envelope: OTHER, lastSeenAt: NOW - 1 });
    equal(await tier.publish(place, branch), true);
    deepEqual(await tier.read(place), asRead(branch));
  },

  'compares revisions as numbers': async ({ tier }) => {
    const place = key();
    await fill(tier, place, aValue({ revision: 9 }));
    equal(await tier.publish(place, aValue({ revision: 10 })), true);
    equal(await tier.publish(place, aValue({ revision: 9 })), false);
    equal(await summary(tier, place), 'value 10');
  },

  'leaves the highest of many concurrent revisions': async ({ tier }) => {
    const place = await prepared(tier, 'value');
    const revisions = Array.from({ length: RACERS }, (_, index) => REVISION + 1 + ((index * 7) % RACERS));
    await Promise.all(revisions.map((revision) => tier.publish(place, aValue({ revision }))));
    equal(await summary(tier, place), `value ${REVISION + RACERS}`);
  },
});
