import { describe, expect, it } from 'vitest';
import { HOLD_TTL_MS, LEASE_TTL_MS } from '../../../src/limits/primary-tier.ts';
import type { PrimaryServer } from '../../../src/tiers/one-server.ts';
import { aValue, failureOf, filled, key, make, MINUTE, nameOf, opened, start } from '../../support/real-redis-tier.ts';
import { until } from '../../support/servers/until.ts';
import { stampOf } from '../../support/redis-calls.ts';

describe('what the server holds', () => {
  it('holds and leases end by themselves', async () => {
    const server = await start();
    const tier = await opened(server);
    const [held, leased] = [key(), key()];
    await tier.hold(held);
    await tier.lease(leased, 'token', null);
    for (const [place, ttlMs] of [
      [held, HOLD_TTL_MS],
      [leased, LEASE_TTL_MS],
    ] as const) {
      const left = Number(await server.cli('PTTL', nameOf(place)));
      expect(left).toBeGreaterThan(ttlMs - 5_000);
      expect(left).toBeLessThanOrEqual(ttlMs);
    }
  });

  it('a restamp rewrites the header in place, and a key never lacks a time to live', async () => {
    const server = await start();
    const tier = await opened(server);
    const place = await filled(tier);
    await server.cli('PERSIST', nameOf(place));
    await tier.restamp(place, stampOf(aValue(tier, { ttlMs: MINUTE })));
    expect(Number(await server.cli('PTTL', nameOf(place)))).toBeGreaterThan(0);
    expect(String(await server.cli('GET', nameOf(place)))).toMatch(/^V0{15}5\w{8}\d{39}sealed, with its tag$/);
  });

  it.each([
    ['another program’s', 'hello'],
    ['empty', ''],
    ['a header cut short', `V${'0'.repeat(40)}`],
    ['a revision beyond safe integers', `V9${'0'.repeat(15)}thislife${'1'.repeat(39)}sealed`],
    ['letters among digits', `V${'0'.repeat(16)}thislife${'1'.repeat(38)}xsealed`],
    ['an incarnation that is none', `V${'0'.repeat(16)}this/ife${'1'.repeat(39)}sealed`],
  ])('a foreign entry (%s) is absent to every method, and the next lease replaces it', async (_, bytes) => {
    const server = await start();
    const tier = await opened(server);
    const place = key();
    const value = aValue(tier);
    await server.cli('SET', nameOf(place), bytes);
    expect(await tier.read(place)).toEqual({ kind: 'absent' });
    expect(await tier.publish(place, value)).toBe(false);
    expect(await tier.restamp(place, stampOf(value))).toBe(false);
    expect(await tier.fill(place, 'mine', value)).toBe(false);
    await tier.evict(place, 9);
    expect(await server.cli('GET', nameOf(place))).toBe(bytes);
    expect(await tier.lease(place, 'mine', null)).toBe(true);
    expect(await tier.fill(place, 'mine', value)).toBe(true);
    expect(await tier.read(place)).toMatchObject({ kind: 'value', revision: 5 });
  });

  it.each<[string, (tier: PrimaryServer, place: Buffer) => Promise<unknown>, string]>([
    ['a lease', (tier, place) => tier.lease(place, 'mine', null), 'lease'],
    ['a fill', (tier, place) => tier.fill(place, 'mine', aValue(tier)), 'absent'],
    ['a publish', (tier, place) => tier.publish(place, aValue(tier)), 'absent'],
    ['a restamp', (tier, place) => tier.restamp(place, stampOf(aValue(tier))), 'absent'],
    ['an evict', (tier, place) => tier.evict(place, 9), 'absent'],
    ['a hold', (tier, place) => tier.hold(place), 'hold'],
    ['a tombstone', (tier, place) => tier.tombstone(place, MINUTE), 'tombstone'],
  ])('a key of another type is absent to reads, and %s deletes it', async (_, call, kind) => {
    const server = await start();
    const tier = await opened(server);
    const place = key();
    await server.cli('HSET', nameOf(place), 'field', 'value');
    expect(await tier.read(place)).toEqual({ kind: 'absent' });
    await call(tier, place);
    expect(await server.cli('TYPE', nameOf(place))).toBe(kind === 'absent' ? 'none' : 'string');
    expect(await tier.read(place)).toMatchObject({ kind });
  });

  it('a key of another type fails no other call of its command', async () => {
    const server = await start();
    const tier = await opened(server);
    const places = [key(), key(), key()];
    await server.cli('LPUSH', nameOf(places[1]!), 'x');
    await Promise.all(places.map((place) => tier.hold(place)));
    for (const place of places) expect(await tier.read(place)).toEqual({ kind: 'hold' });
  });

  it('what cannot be stored is not sent', async () => {
    const server = await start();
    const tier = await opened(server);
    const place = await filled(tier);
    const [stamp, outOfRange] = [
      { incarnation: 'too long to be one', at: 1 },
      { kind: 'not-sent', reason: 'out-of-range' },
    ];
    for (const wrong of [
      { revision: 2 ** 53 },
      { revision: -1 },
      { lastSeenAt: 1.5 },
      { ttlMs: Number.NaN },
      { stamp },
    ]) {
      expect(await failureOf(tier.publish(place, aValue(tier, { revision: 6, ...wrong })))).toMatchObject(outOfRange);
    }
    expect(await failureOf(tier.lease(key(), 'x'.repeat(64), null))).toMatchObject(outOfRange);
    expect(await failureOf(tier.lease(key(), '', null))).toMatchObject(outOfRange);
  });
});

describe('a Redis that refuses', () => {
  it('full: the write is rejected, and nothing stale or dead stays readable', async () => {
    const server = await start({ directives: { 'maxmemory-policy': 'noeviction' } });
    const tier = await opened(server);
    const [published, held, entombed, leased] = [await filled(tier), await filled(tier), await filled(tier), key()];
    const [restamped, heldBefore] = [await filled(tier), key()];
    await tier.lease(leased, 'reader', null);
    await tier.hold(heldBefore);
    await server.config('maxmemory', '1');
    const oom = { kind: 'rejected', reason: 'OOM' };
    const value = aValue(tier, { revision: 6 });
    expect(await failureOf(tier.publish(published, value))).toMatchObject(oom);
    expect(await failureOf(tier.hold(held))).toMatchObject(oom);
    expect(await failureOf(tier.tombstone(entombed, MINUTE))).toMatchObject(oom);
    expect(await failureOf(tier.fill(leased, 'reader', value))).toMatchObject(oom);
    expect(await failureOf(tier.restamp(restamped, stampOf(aValue(tier))))).toMatchObject(oom);
    expect(await failureOf(tier.tombstone(heldBefore, MINUTE))).toMatchObject(oom);
    expect(await failureOf(tier.probe())).toMatchObject(oom);
    for (const place of [published, held, entombed]) expect(await tier.read(place)).toEqual({ kind: 'absent' });
    expect(await tier.read(leased)).toEqual({ kind: 'lease' });
    expect(await tier.read(heldBefore)).toEqual({ kind: 'hold' });
    // A restamp that failed left the value of the same revision, with the stamp it had.
    expect(await tier.read(restamped)).toMatchObject({ kind: 'value', revision: 5 });
    expect(tier.vantage()).not.toBeNull();
    await server.config('maxmemory', '0');
    await tier.probe();
  });

  it('full when the process starts: open says so, the connection stays, and a probe succeeds once there is room', async () => {
    const server = await start({ directives: { 'maxmemory-policy': 'noeviction' } });
    await server.config('maxmemory', '1');
    const { tier, open } = make(server);
    expect(await failureOf(open())).toMatchObject({ kind: 'rejected', reason: 'OOM' });
    await server.config('maxmemory', '0');
    await until(() => tier.probe().then(() => true));
    expect(tier.vantage()).not.toBeNull();
  });

  it('without the replicas that it is configured to have: writes are rejected, reads go on', async () => {
    const server = await start();
    const tier = await opened(server);
    const place = await filled(tier);
    await server.config('min-replicas-to-write', '1');
    expect(await failureOf(tier.hold(place))).toMatchObject({ kind: 'rejected', reason: 'NOREPLICAS' });
    expect(await tier.read(place)).toMatchObject({ kind: 'value' });
  });
});
