import { describe, expect, it } from 'vitest';
import { TierFailure } from '../../../src/errors.ts';
import {
  SHARED_READ_KEYS_MAX,
  SHARED_SCRIPT_BYTES_MAX,
  SHARED_SCRIPT_KEYS_MAX,
} from '../../../src/limits/primary-tier.ts';
import { systemPlatform, type Platform } from '../../../src/platform/platform.ts';
import type { PrimaryServer } from '../../../src/tiers/one-server.ts';
import { timed } from '../../support/real-client.ts';
import {
  aValue,
  CALL_BOUND_MS,
  callsOf,
  failureOf,
  filled,
  isBack,
  key,
  MINUTE,
  nameOf,
  opened,
  start,
} from '../../support/real-redis-tier.ts';
import { until } from '../../support/servers/until.ts';

/** Not a multiple of what shares a command. */
const MANY = 300;

const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));

/** Keys of values whose revisions count from 1. */
const filledMany = (tier: PrimaryServer, count: number) =>
  Promise.all(times(count, (at) => filled(tier, { revision: at + 1 })));

const settled = (calls: readonly Promise<boolean>[]) =>
  Promise.all(calls.map((call) => call.catch((failure: unknown) => failure)));

describe('reads of one turn', () => {
  it('share commands, and each is answered with its own entry', async () => {
    const server = await start();
    const tier = await opened(server);
    const values = await filledMany(tier, MANY);
    const [held, leased, entombed, ofAnotherType] = [key(), key(), key(), key()];
    await Promise.all([tier.hold(held), tier.lease(leased, 'token', null), tier.tombstone(entombed, MINUTE)]);
    await server.cli('HSET', nameOf(ofAnotherType), 'field', 'value');
    const before = await callsOf(server, 'mget');
    const others = Promise.all([held, key(), leased, entombed, ofAnotherType].map((place) => tier.read(place)));
    const entries = await Promise.all([...values, ...values.slice(0, 10)].map((place) => tier.read(place)));
    expect((await others).map(({ kind }) => kind)).toEqual(['hold', 'absent', 'lease', 'tombstone', 'absent']);
    const revisions = entries.map((entry) => (entry.kind === 'value' ? entry.revision : entry.kind));
    expect(revisions).toEqual([...times(MANY, (at) => at + 1), ...times(10, (at) => at + 1)]);
    const count = 5 + MANY + 10;
    expect((await callsOf(server, 'mget')) - before).toBe(Math.ceil(count / SHARED_READ_KEYS_MAX));
  });

  it('of a Redis that freezes, each fails within its time-out, as ambiguous', async () => {
    const server = await start();
    const tier = await opened(server);
    await server.pause();
    const results = await Promise.all(times(MANY, () => timed(() => tier.read(key()))));
    await server.resume();
    for (const { error, ms } of results) {
      expect(error).toMatchObject({ kind: 'ambiguous', reason: 'deadline' });
      expect(ms).toBeLessThan(CALL_BOUND_MS);
    }
    await isBack(tier);
    expect(await tier.read(key())).toEqual({ kind: 'absent' });
  });

  it('of a Redis that dies, each fails at once', async () => {
    const server = await start();
    const tier = await opened(server);
    await server.pause();
    const reads = Promise.all(times(MANY, () => timed(() => tier.read(key()))));
    await new Promise((resolve) => setImmediate(resolve));
    await server.kill();
    for (const { error, ms } of await reads) {
      expect(error).toMatchObject({ kind: 'ambiguous', reason: expect.not.stringContaining('deadline') });
      expect(ms).toBeLessThan(CALL_BOUND_MS);
    }
    const after = await Promise.all(times(MANY, () => failureOf(tier.read(key()))));
    expect(new Set(after.map(({ kind }) => kind))).toEqual(new Set(['not-sent']));
  });

  it('whose time is over before they are sent are not sent', async () => {
    const server = await start();
    let isWithholding = false;
    let withheld = (): void => {};
    const platform: Platform = {
      ...systemPlatform,
      afterInput(callback) {
        if (!isWithholding) return systemPlatform.afterInput(callback);
        isWithholding = false;
        withheld = callback;
      },
    };
    const tier = await opened(server, { platform });
    const before = await callsOf(server, 'mget');
    isWithholding = true;
    expect(await failureOf(tier.read(key()))).toMatchObject({ kind: 'ambiguous', reason: 'deadline' });
    withheld();
    expect(await tier.read(key())).toEqual({ kind: 'absent' });
    expect((await callsOf(server, 'mget')) - before).toBe(1);
  });
});

describe('mutations of one turn', () => {
  it('share a script, and each has its own outcome', async () => {
    const server = await start();
    const tier = await opened(server);
    const [lower, higher, entombed] = [await filled(tier), await filled(tier, { revision: 9 }), await filled(tier)];
    const [leased, held, absent, foreign, ofAnotherType] = [key(), key(), key(), key(), key()];
    await Promise.all([tier.lease(leased, 'reader', null), tier.hold(held), tier.tombstone(entombed, MINUTE)]);
    await server.cli('SET', nameOf(foreign), 'another program’s');
    await server.cli('HSET', nameOf(ofAnotherType), 'field', 'value');
    await tier.publish(absent, aValue(tier));
    const before = await callsOf(server, 'evalsha');

    const places = [lower, higher, entombed, leased, held, absent, foreign, ofAnotherType, lower];
    const outcomes = await settled(
      places.map((place, at) => tier.publish(place, aValue(tier, { revision: 6 + (at >> 3) }))),
    );

    expect((await callsOf(server, 'evalsha')) - before).toBe(1);
    const refused = Array.from({ length: 7 }, () => false);
    expect(outcomes).toEqual([true, ...refused, true]);
    expect(await tier.read(lower)).toMatchObject({ kind: 'value', revision: 7 });
    expect(await tier.read(higher)).toMatchObject({ kind: 'value', revision: 9 });
    // Broken, so that its owner does not fill what it read before the write.
    expect(await tier.read(leased)).toEqual({ kind: 'absent' });
    expect(await tier.fill(leased, 'reader', aValue(tier))).toBe(false);
  });

  it('keep their order, whatever they do', async () => {
    const tier = await opened(await start());
    const [published, evicted, entombed] = [await filled(tier), await filled(tier), key()];
    const value = aValue(tier, { revision: 6 });
    const [first, , , second] = await Promise.all([
      tier.publish(published, value),
      tier.evict(published, 6),
      tier.evict(evicted, 6),
      tier.publish(evicted, value),
      tier.hold(entombed),
      tier.tombstone(entombed, MINUTE),
      tier.hold(entombed),
    ]);
    expect([first, second]).toEqual([true, false]);
    expect(await tier.read(published)).toMatchObject({ kind: 'value', revision: 6 });
    expect(await tier.read(evicted)).toEqual({ kind: 'absent' });
    expect(await tier.read(entombed)).toEqual({ kind: 'tombstone' });
  });

  it('that are too late are all refused, and none of them changes anything', async () => {
    let behind = 0;
    const platform: Platform = { ...systemPlatform, monotonic: () => performance.now() - behind };
    const tier = await opened(await start(), { platform });
    const places = await filledMany(tier, 10);
    behind = 10_000;
    const failures = await Promise.all(places.map((place) => failureOf(tier.evict(place, 100))));
    for (const failure of failures) expect(failure).toMatchObject({ kind: 'rejected', reason: 'late' });
    const entries = await Promise.all(places.map((place) => tier.read(place)));
    expect(entries.map(({ kind }) => kind)).toEqual(times(10, () => 'value'));
  });

  it('of a Redis that is full: none claims to be done that is not, and nothing stale stays', async () => {
    const server = await start({ directives: { 'maxmemory-policy': 'noeviction' } });
    const tier = await opened(server);
    const places = await filledMany(tier, 20);
    const [absent, entombed] = [key(), await filled(tier)];
    await tier.tombstone(entombed, MINUTE);
    await server.config('maxmemory', '1');
    const value = aValue(tier, { revision: 100 });
    const outcomes = await settled([absent, entombed, ...places].map((place) => tier.publish(place, value)));
    await server.config('maxmemory', '0');

    const [ofAbsent, ofEntombed, ...ofValues] = outcomes;
    expect([ofAbsent, ofEntombed]).toEqual([false, false]);
    expect(ofValues[0]).toMatchObject({ kind: 'rejected', reason: 'OOM' });
    for (const [at, place] of places.entries()) {
      const isRefused = ofValues[at] instanceof TierFailure;
      const stored = isRefused ? { kind: 'absent' } : { kind: 'value', revision: 100 };
      expect(await tier.read(place)).toMatchObject(stored);
    }
    expect(tier.vantage()).not.toBeNull();
  });

  it('of a Redis that freezes: each fails within its time-out, and none takes effect when it thaws', async () => {
    const server = await start();
    const tier = await opened(server);
    const places = await filledMany(tier, 100);
    const before = await callsOf(server, 'eval', 'evalsha');
    const value = aValue(tier, { revision: 1_000 });
    await server.pause();
    const results = await Promise.all(places.map((place) => timed(() => tier.publish(place, value))));
    await server.resume();
    for (const { error, ms } of results) {
      expect(error).toMatchObject({ kind: 'ambiguous', reason: 'deadline' });
      expect(ms).toBeLessThan(CALL_BOUND_MS);
    }
    await until(async () => (await callsOf(server, 'eval', 'evalsha')) > before);
    await isBack(tier);
    for (const [at, place] of places.entries()) expect(await tier.read(place)).toMatchObject({ revision: at + 1 });
  });

  it('share scripts of bounded size', async () => {
    const server = await start();
    const tier = await opened(server);
    const places = await filledMany(tier, MANY);
    const envelope = Buffer.alloc(SHARED_SCRIPT_BYTES_MAX / 4);
    await tier.evict(key(), 1);
    const before = await callsOf(server, 'evalsha');
    await Promise.all(places.map((place) => tier.evict(place, 1)));
    expect((await callsOf(server, 'evalsha')) - before).toBe(Math.ceil(MANY / SHARED_SCRIPT_KEYS_MAX));
    const large = aValue(tier, { revision: 1_000, envelope });
    await tier.publish(key(), large);
    const outcomes = await Promise.all(places.slice(0, 9).map((place) => tier.publish(place, large)));
    expect(outcomes).toEqual(times(9, () => true));
    // Each is a little larger than its envelope, so that three fit.
    expect((await callsOf(server, 'evalsha')) - before).toBe(Math.ceil(MANY / SHARED_SCRIPT_KEYS_MAX) + 3);
  });
});
