import { beforeEach, describe, expect, it } from 'vitest';
import { TierFailure } from '../../../../src/errors.ts';
import {
  LARGE_VALUE_BYTES_MIN,
  LARGE_VALUE_RETRY_MS,
  PRIMARY_TIMEOUT_MS_MAX,
} from '../../../../src/limits/primary-tier.ts';
import { LargeValues } from '../../../../src/tiering/guard/large-values.ts';
import { FakePlatform, settled } from '../../../support/fake-platform.ts';
import { MemoryFleet, seen } from '../../../support/memory-fleet.ts';

describe('a value that did not reach the primary tier in time', () => {
  const LARGE = 2 * LARGE_VALUE_BYTES_MIN;
  let platform: FakePlatform;
  let values: LargeValues;

  beforeEach(() => {
    platform = new FakePlatform();
    values = new LargeValues(platform);
  });

  it('keeps values of its size and more away, and no smaller ones', () => {
    expect(values.admits(LARGE)).toBe(true);
    values.wasLate(LARGE);
    expect([LARGE - 1, LARGE, LARGE + 1].map((bytes) => values.admits(bytes))).toEqual([true, false, false]);
  });

  it('is offered again after a while', async () => {
    values.wasLate(LARGE);
    await platform.advance(LARGE_VALUE_RETRY_MS + 1);
    expect(values.admits(LARGE)).toBe(true);
  });

  it('is not blamed if it is small: then the server was late', () => {
    values.wasLate(LARGE_VALUE_BYTES_MIN - 1);
    expect(values.admits(LARGE)).toBe(true);
  });

  it('is not blamed if it waited behind a larger one, and is if it was late by itself', async () => {
    values.wasLate(LARGE);
    values.wasLate(LARGE_VALUE_BYTES_MIN);
    expect(values.admits(LARGE_VALUE_BYTES_MIN)).toBe(true);
    await platform.advance(2 * PRIMARY_TIMEOUT_MS_MAX);
    values.wasLate(LARGE_VALUE_BYTES_MIN);
    expect(values.admits(LARGE_VALUE_BYTES_MIN)).toBe(false);
  });
});

describe('a session too large for the link to Redis', () => {
  it('takes Redis out of use once, not at each write, and no copy of an earlier revision stays', async () => {
    const fleet = new MemoryFleet();
    const node = await fleet.node({ maxPayload: 1024 * 1024 });
    const cart = ['x'.repeat(2 * LARGE_VALUE_BYTES_MIN)];
    const [large, small] = [await node.sessions.create({ cart }), await node.sessions.create({ cart: [] })];
    const read = async (id: string) => (await seen(node.sessions, id))?.servedBy;
    for (const { id } of [large, small]) await read(id);
    await settled();
    expect(await read(large.id)).toBe('primary');

    const tooLate = () => Promise.reject(new TierFailure('ambiguous', 'deadline'));
    node.primary.override('publish', (own, key, value) =>
      (value as { envelope: Buffer }).envelope.length > LARGE_VALUE_BYTES_MIN ? tooLate() : own(key, value),
    );
    node.primary.override('fill', tooLate);
    await node.sessions.update(large.id, (data) => void data.cart.push('A1'));
    expect(await read(small.id)).toBe('durable');
    await fleet.platform.advance(2_000);

    for (let write = 0; write < 5; write += 1) {
      await node.sessions.update(large.id, (data) => void data.cart.push('A1'));
      expect(await read(small.id)).not.toBeNull();
      expect((await node.sessions.health()).primary.state).toBe('up');
    }
    expect(await read(large.id)).toBe('durable');
    expect((await seen(node.sessions, large.id))?.cart).toHaveLength(7);
    expect(fleet.kindOf(large.id)).not.toBe('value');
  });
});
