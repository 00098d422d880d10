import { beforeEach, describe, expect, it } from 'vitest';
import { PATIENCE_TICK_COUNTED_MS_MAX, PATIENCE_TICK_MS } from '../../../src/limits/process.ts';
import { Patience } from '../../../src/platform/patience.ts';
import { FakePlatform } from '../../support/fake-platform.ts';

const WAIT_MS = 100;

let platform: FakePlatform;
let expired: string[];
let patience: Patience<string>;

beforeEach(() => {
  platform = new FakePlatform();
  expired = [];
  patience = new Patience(platform, WAIT_MS, (name) => expired.push(name));
});

describe('waiting for answers', () => {
  it('ends a wait when its time is up, and no more than three ticks later', async () => {
    patience.begin('a');
    await platform.advance(WAIT_MS - 1);
    expect(expired).toEqual([]);
    await platform.advance(1 + 3 * PATIENCE_TICK_MS);
    expect(expired).toEqual(['a']);
  });

  it('never ends one early, whenever between two ticks it began', async () => {
    patience.begin('a');
    await platform.advance(PATIENCE_TICK_MS - 1);
    patience.begin('b');
    await platform.advance(WAIT_MS);
    expect(expired).toEqual([]);
    await platform.advance(1 + PATIENCE_TICK_MS);
    expect(expired).toEqual(['a', 'b']);
  });

  it('never ends one early, however late the tick after it came', async () => {
    patience.begin('a');
    platform.standStill(PATIENCE_TICK_COUNTED_MS_MAX);
    patience.begin('b');
    const beganAt = platform.monotonic();
    let endedAt = 0;
    while (endedAt === 0) {
      await platform.advance(0.5);
      if (expired.includes('b')) endedAt = platform.monotonic();
    }
    expect(endedAt - beganAt).toBeGreaterThanOrEqual(WAIT_MS);
    expect(endedAt - beganAt).toBeLessThanOrEqual(WAIT_MS + 3 * PATIENCE_TICK_MS);
  });

  it('ends each in its turn, and none twice', async () => {
    patience.begin('a');
    await platform.advance(50);
    patience.begin('b');
    await platform.advance(60);
    expect(expired).toEqual(['a']);
    await platform.advance(1_000);
    expect(expired).toEqual(['a', 'b']);
  });

  it('says nothing of what was answered', async () => {
    patience.begin('a');
    patience.begin('b');
    await platform.advance(10);
    patience.end('a');
    await platform.advance(1_000);
    expect(expired).toEqual(['b']);
  });

  it('has one timer for all, and none for nobody', async () => {
    for (let n = 0; n < 1_000; n += 1) patience.begin(`${n}`);
    expect(platform.pendingTimers).toBe(1);
    await platform.advance(1_000);
    expect(expired).toHaveLength(1_000);
    expect(platform.pendingTimers).toBe(0);
  });

  it('goes on ticking for those who wait when others ended', async () => {
    patience.begin('a');
    await platform.advance(1_000);
    patience.begin('b');
    await platform.advance(1_000);
    expect(expired).toEqual(['a', 'b']);
  });
});

describe('in a process that stands still', () => {
  it('hardly counts that time', async () => {
    patience.begin('a');
    await platform.advance(20);
    platform.standStill(2 * WAIT_MS);
    await platform.advance(20);
    expect(expired).toEqual([]);
    await platform.advance(WAIT_MS);
    expect(expired).toEqual(['a']);
  });

  it('stretches no wait beyond a number of turns of its event loop', async () => {
    patience.begin('a');
    for (let turn = 0; turn <= WAIT_MS / PATIENCE_TICK_COUNTED_MS_MAX; turn += 1) {
      expect(expired).toEqual([]);
      platform.standStill(500);
      await platform.advance(0);
    }
    expect(expired).toEqual(['a']);
  });

  it('reads what has arrived before anybody is given up', async () => {
    patience.begin('answered meanwhile');
    patience.begin('not answered');
    await platform.advance(WAIT_MS);
    platform.standStill(500);
    // The first thing that the loop does after its timers is to read its sockets.
    platform.after(0, () => patience.end('answered meanwhile'));
    await platform.advance(0);
    expect(expired).toEqual(['not answered']);
  });
});
