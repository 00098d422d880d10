import { describe, expect, it } from 'vitest';
import { PROBE_BACKOFF } from '../../../../src/limits/primary-tier.ts';
import { Breaker } from '../../../../src/tiering/guard/breaker.ts';
import { FakePlatform, settled } from '../../../support/fake-platform.ts';

function setUp(failuresToOpen = 1) {
  const platform = new FakePlatform();
  const seen = { probes: 0, closes: 0, isUp: false, probing: undefined as (() => void) | undefined };
  const breaker = new Breaker({
    platform,
    failuresToOpen,
    probe: async () => {
      seen.probes += 1;
      if (seen.probing) await new Promise<void>((resolve) => (seen.probing = resolve));
      if (!seen.isUp) throw new Error('still down');
    },
    onClose: () => {
      seen.closes += 1;
    },
    onChange: () => {},
  });
  return { platform, breaker, seen };
}

describe('Breaker', () => {
  it('opens after the given number of failures in a row, and a success in between starts the count again', () => {
    const { breaker } = setUp(3);
    breaker.failed('a');
    breaker.failed('a');
    expect(breaker.reason).toBe('a');
    breaker.succeeded();
    breaker.failed('a');
    breaker.failed('a');
    expect(breaker.isClosed).toBe(true);
    breaker.failed('a');
    expect(breaker.isClosed).toBe(false);
  });

  it('probes by itself, never further apart than the limit, and closes on the first probe that succeeds', async () => {
    const { platform, breaker, seen } = setUp();
    breaker.trip('gone');
    await platform.advance(20 * PROBE_BACKOFF.longestMs);
    expect(seen.probes).toBeGreaterThanOrEqual(20);
    expect(breaker.isClosed).toBe(false);
    seen.isUp = true;
    await platform.advance(PROBE_BACKOFF.longestMs);
    expect(breaker.isClosed).toBe(true);
    expect(seen.closes).toBe(1);
    const { probes } = seen;
    await platform.advance(10 * PROBE_BACKOFF.longestMs);
    expect(seen.probes).toBe(probes);
  });

  it('lets no caller through while a probe is under way', async () => {
    const { platform, breaker, seen } = setUp();
    seen.isUp = true;
    seen.probing = () => undefined;
    breaker.trip('gone');
    await platform.advance(PROBE_BACKOFF.longestMs);
    expect(seen.probes).toBe(1);
    expect(breaker.isClosed).toBe(false);
    seen.probing?.();
    await settled();
    expect(breaker.isClosed).toBe(true);
  });

  it('does not close on a probe during which another failure was reported', async () => {
    const { platform, breaker, seen } = setUp();
    seen.isUp = true;
    seen.probing = () => undefined;
    breaker.trip('gone');
    await platform.advance(PROBE_BACKOFF.longestMs);
    breaker.trip('gone again');
    seen.probing?.();
    await settled();
    expect(breaker.isClosed).toBe(false);
    seen.probing = undefined;
    await platform.advance(PROBE_BACKOFF.longestMs);
    expect(breaker.isClosed).toBe(true);
  });

  it('probes at once when something has changed', async () => {
    const { breaker, seen } = setUp();
    breaker.trip('gone');
    seen.isUp = true;
    breaker.nudge();
    await settled();
    expect(breaker.isClosed).toBe(true);
  });

  it('leaves no timer behind when it is stopped', () => {
    const { platform, breaker } = setUp();
    breaker.trip('gone');
    breaker.stop();
    expect(platform.pendingTimers).toBe(0);
  });
});
