import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TierFailure } from '../../../../src/errors.ts';
import { PRIMARY_TIMEOUT_MS_DEFAULT, SLOW_ABOVE_MS } from '../../../../src/limits/primary-tier.ts';
import type { TierChange } from '../../../../src/telemetry/channels.ts';
import { MemoryServer } from '../../../../src/tiers/memory/memory-primary-tier.ts';
import { oneServerTier } from '../../../../src/tiers/one-server.ts';
import { interceptPrimary } from '../../../support/intercepted-tiers.ts';
import { memoryClient } from '../../../support/memory-client.ts';

const changes: TierChange[] = [];
const note = (message: unknown): void => void changes.push(message as TierChange);

beforeEach(() => {
  changes.length = 0;
  subscribe('holdfast:tier-change', note);
});
afterEach(() => unsubscribe('holdfast:tier-change', note));

/** A client whose primary tier is as far away as `setRoundTrip` says, and fails as late as a real one does. */
async function setUp() {
  let isProbeBroken = false;
  const server = new Proxy(new MemoryServer(new Map()), {
    get(target, name) {
      if (name === 'probe' && isProbeBroken) throw new TypeError('a bug');
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
  const primary = interceptPrimary(oneServerTier('memory', server));
  const client = await memoryClient<{ n: number }>({ primary: primary.tier });
  const { platform, sessions } = client;
  let roundTripMs = (): number => 0;
  primary.hook.before = (method) => {
    const ms = method === 'close' ? 0 : roundTripMs();
    if (ms === 0) return undefined;
    return new Promise((resolve, reject) => {
      const fail = (): void => reject(new TierFailure('ambiguous', 'deadline'));
      if (ms > PRIMARY_TIMEOUT_MS_DEFAULT) platform.after(PRIMARY_TIMEOUT_MS_DEFAULT, fail);
      else platform.after(ms, resolve);
    });
  };
  const { id } = await sessions.create({ n: 0 });
  await sessions.get(id);
  let isStopped = false;
  const servedBy: string[] = [];
  /** Reads one after another with a pause, for as long as the test lasts. */
  const read = async (): Promise<void> => {
    while (!isStopped) {
      const session = await sessions.get(id);
      servedBy.push(session?.servedBy ?? 'nobody');
      await new Promise<void>((resolve) => void platform.after(10, resolve));
    }
  };
  return {
    ...client,
    id,
    setRoundTrip: (ms: number | (() => number)) => (roundTripMs = typeof ms === 'number' ? () => ms : ms),
    startReaders: (count: number) => {
      for (let reader = 0; reader < count; reader += 1) void read();
    },
    breakProbe: () => void (isProbeBroken = true),
    stopReaders: () => void (isStopped = true),
    async [Symbol.asyncDispose]() {
      isStopped = true;
      await platform.advance(PRIMARY_TIMEOUT_MS_DEFAULT);
      await sessions.close();
    },
    /** Returns which tier answered each read that ended meanwhile. */
    async servedDuring(ms: number): Promise<string[]> {
      servedBy.length = 0;
      await platform.advance(ms);
      return [...servedBy];
    },
  };
}

describe.each([
  { readers: 1, what: 'one reader' },
  { readers: 20, what: 'many readers' },
])('a primary tier with a steady round trip, and $what', ({ readers }) => {
  it.each([60, 100])('of %i ms is used, and called slow once', async (ms) => {
    await using slow = await setUp();
    slow.startReaders(readers);
    slow.setRoundTrip(ms);
    await slow.platform.advance(3_000);
    expect((await slow.sessions.health()).primary).toMatchObject({ state: 'degraded', reason: 'slow' });
    const before = changes.length;
    expect(before).toBeLessThanOrEqual(3);
    const served = await slow.servedDuring(2_000);
    expect(served.length).toBeGreaterThan(10);
    expect(new Set(served)).toEqual(new Set(['primary']));
    expect(changes).toHaveLength(before);
    expect(changes.at(-1)).toMatchObject({ tier: 'primary', state: 'degraded' });
  });

  it('of 200 ms is given up as too slow, once', async () => {
    await using slow = await setUp();
    slow.startReaders(readers);
    slow.setRoundTrip(200);
    await slow.platform.advance(3_500);
    expect((await slow.sessions.health()).primary).toMatchObject({ state: 'degraded', reason: 'too-slow' });
    const before = changes.length;
    expect(before).toBeLessThanOrEqual(3);
    const served = await slow.servedDuring(1_500);
    expect(new Set(served)).toEqual(new Set(['durable']));
    expect(changes).toHaveLength(before);
    expect(changes.at(-1)).toMatchObject({
      tier: 'primary',
      state: 'degraded',
      reason: expect.stringMatching(/too-slow|silent/),
    });
  });
});

describe('a primary tier that was slow', () => {
  it.each([100, 200])('is up again soon after its round trip of %i ms has become short', async (ms) => {
    await using slow = await setUp();
    slow.startReaders(1);
    slow.setRoundTrip(ms);
    await slow.platform.advance(3_500);
    slow.setRoundTrip(0);
    await slow.platform.advance(1_500);
    expect((await slow.sessions.health()).primary.state).toBe('up');
    expect(changes.at(-1)).toMatchObject({ tier: 'primary', state: 'up' });
  });

  it('is found to be up again though no call uses it', async () => {
    await using slow = await setUp();
    slow.startReaders(5);
    slow.setRoundTrip(100);
    await slow.platform.advance(2_000);
    slow.stopReaders();
    slow.setRoundTrip(0);
    await slow.platform.advance(10_000);
    expect((await slow.sessions.health()).primary.state).toBe('up');
  });

  it('may throw instead of rejecting when it is asked how slow it is', async () => {
    await using slow = await setUp();
    slow.startReaders(5);
    slow.setRoundTrip(100);
    await slow.platform.advance(2_000);
    expect((await slow.sessions.health()).primary.reason).toBe('slow');
    slow.stopReaders();
    slow.breakProbe();
    await slow.platform.advance(2_000);
    expect((await slow.sessions.health()).primary).toMatchObject({ state: 'degraded', reason: 'unexpected' });
  });

  it('does not change its state all the time where its round trip lies around a bound', async () => {
    await using slow = await setUp();
    slow.startReaders(5);
    let n = 0;
    slow.setRoundTrip(() => SLOW_ABOVE_MS - 5 + (n++ % 10));
    await slow.platform.advance(5_000);
    expect(changes.length).toBeLessThanOrEqual(2);
  });

  it('with round trips of all lengths up to beyond the time-out, is seldom tried', async () => {
    await using slow = await setUp();
    slow.startReaders(5);
    let n = 0;
    slow.setRoundTrip(() => 20 + ((n++ * 97) % 300));
    await slow.platform.advance(10_000);
    const changesAMinute = 6 * changes.reduce((sum, { changes: count }) => sum + count, 0);
    expect(changesAMinute).toBeLessThanOrEqual(30);
  });
});

describe('a short pause of the primary tier', () => {
  it('is not called slow', async () => {
    await using slow = await setUp();
    slow.startReaders(5);
    for (let pause = 0; pause < 5; pause += 1) {
      slow.setRoundTrip(100);
      await slow.platform.advance(100);
      slow.setRoundTrip(1);
      await slow.platform.advance(1_000);
    }
    expect((await slow.sessions.health()).primary.state).toBe('up');
    expect(changes).toEqual([]);
  });
});
