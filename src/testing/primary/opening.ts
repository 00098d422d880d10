import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { matches } from '../checks.ts';
import { primaryCases, type PrimaryTierCase } from './bed.ts';
import { MINUTE, REVISION, key, put, summary } from './entries.ts';

export const openingCases: readonly PrimaryTierCase[] = primaryCases('open and close', {
  'every call before open fails as not-sent': async ({ server }) => {
    const closed = server.makeTier();
    equal(closed.vantage(), null);
    matches(closed.failure(), { kind: 'not-sent' });
    const notSent = { code: 'HOLDFAST_TIER_FAILURE', kind: 'not-sent' };
    await rejects(closed.read(key()), notSent);
    await rejects(closed.hold(key()), notSent);
    await rejects(closed.probe(), notSent);
  },

  'a probe changes nothing': async ({ tier }) => {
    const place = key();
    await put(tier, place, 'value');
    equal(await tier.probe(), undefined);
    equal(await summary(tier, place), `value ${REVISION}`);
  },

  'open and close call onChange, and close may be called twice': async ({ server, context }) => {
    const seen: boolean[] = [];
    const other = server.makeTier();
    await other.open(context, () => seen.push(other.vantage() !== null));
    deepEqual(seen, [true]);
    equal(other.failure(), null);
    await other.close();
    await other.close();
    deepEqual(seen, [true, false]);
    await rejects(other.read(key()), { kind: 'not-sent' });
  },

  'close leaves the keys as they are': async ({ tier, open }) => {
    const place = key();
    const other = await open();
    await put(other, place, 'tombstone');
    await other.close();
    equal(await summary(tier, place), 'tombstone');
  },

  'no tier sees the keys of another namespace': async ({ tier, open }) => {
    const place = key();
    const other = await open(1);
    await put(tier, place, 'value');
    equal(await summary(other, place), 'absent');
    await other.tombstone(place, MINUTE);
    equal(await summary(tier, place), `value ${REVISION}`);
    await other.close();
  },
});

export const vantageCases: readonly PrimaryTierCase[] = primaryCases('the vantage', {
  'bounds the server’s time by two whole milliseconds that never cross': async ({ tier }) => {
    for (let turn = 0; turn < 20; turn += 1) {
      await tier.hold(key());
      const { earliest, latest } = tier.vantage()!;
      equal(Number.isInteger(earliest) && Number.isInteger(latest), true);
      ok(earliest <= latest);
      ok(latest - earliest < 1_000);
    }
  },

  'names the same incarnation in every tier of one server': async ({ tier, open }) => {
    const other = await open();
    equal(other.vantage()!.incarnation, tier.vantage()!.incarnation);
    match(other.vantage()!.incarnation, /^[0-9A-Za-z]{8}$/);
    await other.close();
  },
});
