import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import type { PrimaryShard, PrimaryTier } from '../../tiers/primary.ts';
import { matches } from '../checks.ts';
import { primaryCases, type PrimaryTierCase } from './bed.ts';
import { MINUTE, REVISION, key, put, summary } from './entries.ts';

export const openingCases: readonly PrimaryTierCase[] = primaryCases('open and close', {
  'every call before open fails as not-sent': async ({ server }) => {
    const closed = server.makeTier();
    matches((closed.shards[0] ?? closed).failure(), { kind: 'not-sent' });
    for (const shard of closed.shards) {
      equal(shard.vantage(), null);
      const notSent = { code: 'HOLDFAST_TIER_FAILURE', kind: 'not-sent' };
      await rejects(shard.read(key()), notSent);
      await rejects(shard.hold(key()), notSent);
      await rejects(shard.probe(), notSent);
    }
  },

  'a probe changes nothing': async ({ tier }) => {
    const place = key();
    await put(tier, place, 'value');
    equal(await tier.shardOf(place).probe(), undefined);
    equal(await summary(tier, place), `value ${REVISION}`);
  },

  'open and close call onShardChange for each shard, and close may be called twice': async ({ server, context }) => {
    const seen = new Map<PrimaryShard, boolean[]>();
    const other = server.makeTier();
    await other.open(context, {
      onShardChange: (shard) => seen.set(shard, [...(seen.get(shard) ?? []), shard.vantage() !== null]),
      onShardsChange: () => {},
    });
    const shards = [...other.shards];
    deepEqual(timesOf(shards, seen), timesOf(shards, [true]));
    deepEqual(
      [other, ...shards].map((each) => each.failure()),
      [null, ...shards.map(() => null)],
    );
    await other.close();
    await other.close();
    deepEqual(timesOf(shards, seen), timesOf(shards, [true, false]));
    for (const shard of shards) await rejects(shard.read(key()), { kind: 'not-sent' });
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

export const shardCases: readonly PrimaryTierCase[] = primaryCases('the shards', {
  'are there once the tier is open, and each has a name of its own': async ({ tier: { tier } }) => {
    ok(tier.shards.length > 0);
    for (const { name } of tier.shards) match(name, /^[0-9a-z]{1,40}$/);
    equal(new Set(tier.shards.map(({ name }) => name)).size, tier.shards.length);
  },

  'own every key between them, and the same key always': async ({ tier: { tier } }) => {
    for (let turn = 0; turn < 20; turn += 1) {
      const place = key();
      const shard = tier.shardOf(place);
      ok(shard !== null && tier.shards.includes(shard));
      equal(tier.shardOf(Buffer.from(place)), shard);
    }
  },

  'have the same names in every tier of one server, and the same keys': async ({ tier, open }) => {
    const other = await open();
    deepEqual(namesOf(other.tier), namesOf(tier.tier));
    for (let turn = 0; turn < 20; turn += 1) {
      const place = key();
      equal(other.shardOf(place).name, tier.shardOf(place).name);
    }
    await other.close();
  },
});

export const vantageCases: readonly PrimaryTierCase[] = primaryCases('the vantage', {
  'bounds the server’s time by two whole milliseconds that never cross': async ({ tier }) => {
    for (let turn = 0; turn < 20; turn += 1) {
      const place = key();
      await tier.hold(place);
      const { earliest, latest } = tier.vantageOf(place);
      equal(Number.isInteger(earliest) && Number.isInteger(latest), true);
      ok(earliest <= latest);
      ok(latest - earliest < 1_000);
    }
  },

  'names the same incarnation of a shard in every tier of one server': async ({ tier, open }) => {
    const other = await open();
    const place = key();
    equal(other.vantageOf(place).incarnation, tier.vantageOf(place).incarnation);
    match(other.vantageOf(place).incarnation, /^[0-9A-Za-z]{8}$/);
    await other.close();
  },

  'is of an incarnation that the server confirms': async ({ tier: { tier } }) => {
    for (const shard of tier.shards) equal(await shard.confirm(), undefined);
  },
});

function namesOf({ shards }: PrimaryTier): string[] {
  return shards.map(({ name }) => name).toSorted();
}

/** Returns what was seen of each shard; or the same of all. */
function timesOf(
  shards: readonly PrimaryShard[],
  seen: ReadonlyMap<PrimaryShard, boolean[]> | boolean[],
): [string, boolean[] | undefined][] {
  return shards.map((shard) => [shard.name, Array.isArray(seen) ? seen : seen.get(shard)]);
}
