import { beforeEach, describe, expect, it } from 'vitest';
import { COARSE_TICK_COUNTED_MS_MAX, COARSE_TICK_MS } from '../../../src/limits/process.ts';
import { CoarseTimeouts } from '../../../src/platform/coarse-timeouts.ts';
import { FakePlatform } from '../../support/fake-platform.ts';

const WAIT_MS = 100;

let platform: FakePlatform;
let expired: string[];
let timeouts: CoarseTimeouts<string>;

beforeEach(() => {
  platform = new FakePlatform();
  expired = [];
  timeouts = new CoarseTimeouts(platform, WAIT_MS, (name) => expired.push(name));
});

describe('coarse timeouts', () => {
  it('expire at most three ticks late', async () => {
    timeouts.begin('a');
    await platform.advance(WAIT_MS - 1);
    expect(expired).toEqual([]);
    await platform.advance(1 + 3 * COARSE_TICK_MS);
    expect(expired).toEqual(['a']);
  });

  it('never expire early for a wait that begins between two ticks', async () => {
    timeouts.begin('a');
    await platform.advance(COARSE_TICK_MS - 1);
    timeouts.begin('b');
    await platform.advance(WAIT_MS);
    expect(expired).toEqual([]);
    await platform.advance(1 + COARSE_TICK_MS);
    expect(expired).toEqual(['a', 'b']);
  });

  it('never expire early after a late tick', async () => {
    timeouts.begin('a');
    platform.block(COARSE_TICK_COUNTED_MS_MAX);
    timeouts.begin('b');
    const beganAt = platform.monotonic();
    let endedAt = 0;
    while (endedAt === 0) {
      await platform.advance(0.5);
      if (expired.includes('b')) endedAt = platform.monotonic();
    }
    expect(endedAt - beganAt).toBeGreaterThanOrEqual(WAIT_MS);
    expect(endedAt - beganAt).toBeLessThanOrEqual(WAIT_MS + 3 * COARSE_TICK_MS);
  });

  it('expire in order, each once', async () => {
    timeouts.begin('a');
    await platform.advance(50);
    timeouts.begin('b');
    await platform.advance(60);
    expect(expired).toEqual(['a']);
    await platform.advance(1_000);
    expect(expired).toEqual(['a', 'b']);
  });

  it('do not expire after the answer', async () => {
    timeouts.begin('a');
    timeouts.begin('b');
    await platform.advance(10);
    timeouts.end('a');
    await platform.advance(1_000);
    expect(expired).toEqual(['b']);
  });

  it('need one timer for all waits, and none without a wait', async () => {
    for (let n = 0; n < 1_000; n += 1) timeouts.begin(`${n}`);
    expect(platform.pendingTimers).toBe(1);
    await platform.advance(1_000);
    expect(expired).toHaveLength(1_000);
    expect(platform.pendingTimers).toBe(0);
  });

  it('keep ticking for the waits that remain', async () => {
    timeouts.begin('a');
    await platform.advance(1_000);
    timeouts.begin('b');
    await platform.advance(1_000);
    expect(expired).toEqual(['a', 'b']);
  });
});

describe('coarse timeouts in a process that was blocked', () => {
  it('hardly count that time', async () => {
    timeouts.begin('a');
    await platform.advance(20);
    platform.block(2 * WAIT_MS);
    await platform.advance(20);
    expect(expired).toEqual([]);
    await platform.advance(WAIT_MS);
    expect(expired).toEqual(['a']);
  });

  it('expire after a bounded number of turns of the event loop', async () => {
    timeouts.begin('a');
    for (let turn = 0; turn <= WAIT_MS / COARSE_TICK_COUNTED_MS_MAX; turn += 1) {
      expect(expired).toEqual([]);
      platform.block(500);
      await platform.advance(0);
    }
    expect(expired).toEqual(['a']);
  });

  it('expire only after the sockets were read', async () => {
    timeouts.begin('answered meanwhile');
    timeouts.begin('not answered');
    await platform.advance(WAIT_MS);
    platform.block(500);
    // The first thing that the loop does after its timers is to read its sockets.
    platform.after(0, () => timeouts.end('answered meanwhile'));
    await platform.advance(0);
    expect(expired).toEqual(['not answered']);
  });
});
