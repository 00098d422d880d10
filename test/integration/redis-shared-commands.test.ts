import { describe, expect, it } from 'vitest';
import { SHARED_READ_KEYS_MAX } from '../../src/limits.ts';
import { systemPlatform, type Platform } from '../../src/platform/platform.ts';
import type { PrimaryTier } from '../../src/tiers/tier.ts';
import { timed } from '../support/real-client.ts';
import {
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
} from '../support/real-redis-tier.ts';

/** Not a multiple of what shares a command. */
const MANY = 300;

const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));

/** Keys of values whose revisions count from 1. */
const filledMany = (tier: PrimaryTier, count: number) =>
  Promise.all(times(count, (at) => filled(tier, { revision: at + 1 })));

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
