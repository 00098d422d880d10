import { equal } from 'node:assert/strict';
import { each } from '../contract-case.ts';
import { primaryCases, type PrimaryBed, type PrimaryTierCase } from './bed.ts';
import { NOW, RACERS, REVISION, aValue, asRead, cells, key, outcome, prepared, summary, summaryOf } from './entries.ts';
import type { NewValue } from '../../tiers/primary.ts';

/** The summary afterwards, by the kind that is met; null where nothing is changed. */
const LEASE = { absent: 'lease', value: null, hold: null, lease: null, tombstone: null };
const LEASE_OVER = { absent: 'lease', value: 'lease', hold: null, lease: null, tombstone: null };
const FILL = { absent: null, value: null, hold: null, lease: `value ${REVISION + 1}`, tombstone: null };

const DIFFERENCES: readonly (readonly [string, Partial<NewValue>])[] = [
  ['revision (lower)', { revision: REVISION - 1 }],
  ['revision (higher)', { revision: REVISION + 1 }],
  ['incarnation', { stamp: { incarnation: 'another1', at: NOW } }],
  ['stamp', { stamp: { incarnation: 'thislife', at: NOW - 1 } }],
  ['last seen time', { lastSeenAt: NOW - 1 }],
  ['idle deadline', { idleExpiresAt: NOW - 1 }],
];

export const leaseCases: readonly PrimaryTierCase[] = primaryCases('lease', {
  ...each(cells(LEASE), ([kind, after]) => [
    `after reading nothing meets ${kind}, which ${outcome(after)}`,
    async ({ tier }: PrimaryBed) => {
      const place = await prepared(tier, kind);
      equal(await tier.lease(place, 'mine', null), after !== null);
      equal(await summary(tier, place), after ?? summaryOf(kind));
    },
  ]),

  ...each(cells(LEASE_OVER), ([kind, after]) => [
    `over the value that was read meets ${kind}, which ${outcome(after)}`,
    async ({ tier }: PrimaryBed) => {
      const place = await prepared(tier, kind);
      equal(await tier.lease(place, 'mine', asRead(aValue({}))), after !== null);
      equal(await summary(tier, place), after ?? summaryOf(kind));
    },
  ]),

  ...each(DIFFERENCES, ([name, difference]) => [
    `leaves a value whose ${name} differs from what was read`,
    async ({ tier }: PrimaryBed) => {
      const place = await prepared(tier, 'value');
      equal(await tier.lease(place, 'mine', asRead(aValue(difference))), false);
      equal(await summary(tier, place), `value ${REVISION}`);
    },
  ]),

  'is taken by one of many concurrent callers': async ({ tier }) => {
    const place = key();
    const taken = await Promise.all(
      Array.from({ length: RACERS }, (_, racer) => tier.lease(place, `racer${racer}`, null)),
    );
    equal(taken.filter(Boolean).length, 1);
  },
});

export const fillCases: readonly PrimaryTierCase[] = primaryCases('fill', {
  ...each(cells(FILL), ([kind, after]) => [
    `over the own lease meets ${kind}, which ${outcome(after)}`,
    async ({ tier }: PrimaryBed) => {
      const place = await prepared(tier, kind);
      equal(await tier.fill(place, 'theirs', aValue({ revision: REVISION + 1 })), after !== null);
      equal(await summary(tier, place), after ?? summaryOf(kind));
    },
  ]),

  ...each(['their', 'theirs2', 'mine'], (token) => [
    `leaves a lease of another token than ${token}`,
    async ({ tier }: PrimaryBed) => {
      const place = await prepared(tier, 'lease');
      equal(await tier.fill(place, token, aValue({})), false);
      equal(await summary(tier, place), 'lease');
    },
  ]),

  'stores once: a repeat finds no lease': async ({ tier }) => {
    const place = await prepared(tier, 'lease');
    equal(await tier.fill(place, 'theirs', aValue({})), true);
    equal(await tier.fill(place, 'theirs', aValue({ revision: REVISION + 1 })), false);
    equal(await summary(tier, place), `value ${REVISION}`);
  },
});
