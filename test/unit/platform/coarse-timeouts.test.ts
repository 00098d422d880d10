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

describe('waiting for answers', () => {
  it('ends a wait when its time is up, and no more than three ticks later', async () => {
    timeouts.begin('a');
    await platform.advance(WAIT_MS - 1);
    expect(expired).toEqual([]);
    await platform.advance(1 + 3 * COARSE_TICK_MS);
    expect(expired).toEqual(['a']);
  });

  it('never ends one early, whenever between two ticks it began', async () => {
    timeouts.begin('a');
    await platform.advance(COARSE_TICK_MS - 1);
    timeouts.begin('b');
    await platform.advance(WAIT_MS);
    expect(expired).toEqual([]);
    await platform.advance(1 + COARSE_TICK_MS);
    expect(expired).toEqual(['a', 'b']);
  });

  it('never ends one early, however late the tick after it came', async () => {
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

  it('ends each in its turn, and none twice', async () => {
    timeouts.begin('a');
    await platform.advance(50);
    timeouts.begin('b');
    await platform.advance(60);
    expect(expired).toEqual(['a']);
    await platform.advance(1_000);
    expect(expired).toEqual(['a', 'b']);
  });

  it('says nothing of what was answered', async () => {
    timeouts.begin('a');
    timeouts.begin('b');
    await platform.advance(10);
    timeouts.end('a');
    await platform.advance(1_000);
    expect(expired).toEqual(['b']);
  });

  it('has one timer for all, and none for nobody', async () => {
    for (let n = 0; n < 1_000; n += 1) timeouts.begin(`${n}`);
    expect(platform.pendingTimers).toBe(1);
    await platform.advance(1_000);
    expect(expired).toHaveLength(1_000);
    expect(platform.pendingTimers).toBe(0);
  });

  it('goes on ticking for those who wait when others ended', async () => {
    timeouts.begin('a');
    await platform.advance(1_000);
    timeouts.begin('b');
    await platform.advance(1_000);
    expect(expired).toEqual(['a', 'b']);
  });
});

describe('in a process that stands still', () => {
  it('hardly counts that time', async () => {
    timeouts.begin('a');
    await platform.advance(20);
    platform.block(2 * WAIT_MS);
    await platform.advance(20);
    expect(expired).toEqual([]);
    await platform.advance(WAIT_MS);
    expect(expired).toEqual(['a']);
  });

  it('stretches no wait beyond a number of turns of its event loop', async () => {
    timeouts.begin('a');
    for (let turn = 0; turn <= WAIT_MS / COARSE_TICK_COUNTED_MS_MAX; turn += 1) {
      expect(expired).toEqual([]);
      platform.block(500);
      await platform.advance(0);
    }
    expect(expired).toEqual(['a']);
  });

  it('reads what has arrived before anybody is given up', async () => {
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
