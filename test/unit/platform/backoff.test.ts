import { describe, expect, it } from 'vitest';
import { OutcomeUnknownError, PayloadError, TierUnavailableError } from '../../../src/errors.ts';
import { backoffMs } from '../../../src/platform/backoff.ts';
import { delay, type Platform } from '../../../src/platform/platform.ts';
import { retry } from '../../../src/platform/retry.ts';
import { FakePlatform, settled } from '../../support/fake-platform.ts';

const drawing = (random: number): Platform => Object.assign(new FakePlatform(), { random: () => random });

describe('the pause before the next attempt', () => {
  it('doubles at most with each failure, up to the longest', () => {
    const pauses = [0, 1, 2, 3, 50, 5_000].map((failures) =>
      backoffMs(drawing(1), { firstMs: 10, longestMs: 50 }, failures),
    );
    expect(pauses).toEqual([10, 20, 40, 50, 50, 50]);
  });

  it('is drawn from zero up, so that callers that failed together do not return together', () => {
    expect(backoffMs(drawing(0), { firstMs: 10, longestMs: 50 }, 2)).toBe(0);
    expect(backoffMs(drawing(0.25), { firstMs: 10, longestMs: 50 }, 2)).toBe(10);
  });

  it('has a floor where attempts must be apart', () => {
    expect(backoffMs(drawing(0), { firstMs: 10, longestMs: 50, floor: 0.5 }, 2)).toBe(20);
    expect(backoffMs(drawing(0.5), { firstMs: 10, longestMs: 50, floor: 0.5 }, 2)).toBe(30);
  });
});

describe('a step that is retried', () => {
  it('is repeated while a tier is unavailable or the outcome is unknown', async () => {
    const platform = new FakePlatform();
    const failures = [new TierUnavailableError('durable', 'deadline'), new OutcomeUnknownError()];
    const result = retry(platform, undefined, async () => {
      const failure = failures.shift();
      if (failure) throw failure;
      return 'done';
    });
    await platform.advance(1_000);
    expect(await result).toBe('done');
  });

  it('is not repeated after another error', async () => {
    let attempts = 0;
    const step = async (): Promise<never> => {
      attempts += 1;
      throw new PayloadError('too large');
    };
    await expect(retry(new FakePlatform(), undefined, step)).rejects.toThrow('too large');
    expect(attempts).toBe(1);
  });

  it('ends with the reason of its signal, also during a pause', async () => {
    const platform = new FakePlatform();
    const abort = new AbortController();
    const step = async (): Promise<never> => {
      throw new TierUnavailableError('durable', 'deadline');
    };
    const outcome = retry(platform, abort.signal, step).catch((error: unknown) => error);
    await settled();
    abort.abort('enough');
    expect(await outcome).toBe('enough');
  });
});

it('a delay whose signal is aborted already rejects at once', async () => {
  await expect(delay(new FakePlatform(), 1_000, AbortSignal.abort('before'))).rejects.toBe('before');
});
