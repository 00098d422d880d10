import { describe, expect, it } from 'vitest';
import { CLUSTER_TIME_STEP_MS, SERVER_READING_MS } from '../../../../src/limits/database-cluster.ts';
import { ClusterTime } from '../../../../src/tiers/sql/cluster/cluster-time.ts';
import { FakePlatform } from '../../../support/fake-platform.ts';

const HOUR_MS = 3_600_000;

describe('the time of a cluster', () => {
  it('has not begun before a time was committed', () => {
    const { time } = setUp();
    expect(time.hasBegun).toBe(false);
    time.take({ server: 'a', wall: 1_000, committed: null });
    expect(time.hasBegun).toBe(false);
    expect(time.isBehind).toBe(false);
  });

  it('goes on from what was committed as the monotonic clock does, whatever the clocks of the servers show', () => {
    const { platform, time } = setUp();
    time.take({ server: 'a', wall: HOUR_MS, committed: 5_000 });
    platform.block(700);
    time.take({ server: 'b', wall: -HOUR_MS, committed: 5_000 });
    expect(time.now()).toBe(5_700);
  });

  it('takes over a later time, and never an earlier one', () => {
    const { platform, time } = setUp();
    time.take({ server: 'a', wall: 0, committed: 5_000 });
    platform.block(100);
    time.take({ server: 'a', wall: 100, committed: 9_000 });
    expect(time.now()).toBe(9_000);
    platform.block(100);
    time.take({ server: 'a', wall: 200, committed: 2_000 });
    time.take({ server: 'a', wall: 200, committed: null });
    expect(time.now()).toBe(9_100);
  });

  it('is written anew when the committed one is a second old, or is gone', () => {
    const { platform, time } = setUp();
    time.take({ server: 'a', wall: 0, committed: 5_000 });
    platform.block(CLUSTER_TIME_STEP_MS - 1);
    expect(time.isBehind).toBe(false);
    platform.block(1);
    expect(time.isBehind).toBe(true);
    time.take({ server: 'a', wall: 0, committed: time.now() });
    expect(time.isBehind).toBe(false);
    time.take({ server: 'a', wall: 0, committed: null });
    expect(time.isBehind).toBe(true);
  });

  it('corrects the clock of each server to itself, also after it took over a later time', () => {
    const { platform, time } = setUp();
    time.take({ server: 'a', wall: 1_000, committed: 5_000 });
    platform.block(500);
    time.take({ server: 'b', wall: HOUR_MS, committed: 7_000 });
    // When `a` showed 1 000, the later time was half a second before 7 000.
    expect(JSON.parse(time.offsets())).toEqual({ a: 5_500, b: 7_000 - HOUR_MS });
  });

  it('does not know the clock of a server that it has not read for long', () => {
    const { platform, time } = setUp();
    time.take({ server: 'a', wall: 1_000, committed: 5_000 });
    platform.block(SERVER_READING_MS);
    time.take({ server: 'b', wall: 1_000, committed: 5_000 });
    expect(Object.keys(JSON.parse(time.offsets()))).toEqual(['a', 'b']);
    platform.block(1);
    expect(Object.keys(JSON.parse(time.offsets()))).toEqual(['b']);
  });
});

function setUp() {
  const platform = new FakePlatform(0);
  return { platform, time: new ClusterTime(platform) };
}
