import { expect, it } from 'vitest';
import { TrustFloor } from '../../../../src/tiering/trust/trust-floor.ts';

const HOUR = 3_600_000;

it('a clock that was set back while the floor rose, and is set right again, makes no copy from before believed', () => {
  let now = 10 * HOUR;
  const incarnation = 'a';
  const floor = new TrustFloor({
    look: () => ({ incarnation, earliest: now, latest: now + 2 }),
    revalidateAfterMs: 60_000,
  });
  const copy = { incarnation, at: now };
  expect(floor.trustIn(copy)).toBe('current');
  now -= 3 * HOUR;
  floor.raise();
  expect(floor.trustIn(copy)).toBe('foreign');
  now += 3 * HOUR + 1_000;
  expect(floor.trustIn(copy)).toBe('foreign');
  now += 1_000;
  expect(floor.trustIn({ incarnation, at: now })).toBe('current');
});
