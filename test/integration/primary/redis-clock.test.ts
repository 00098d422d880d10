import { expect, it } from 'vitest';
import { systemPlatform } from '../../../src/platform/platform.ts';
import { withClock } from '../../support/memory-fleet.ts';
import { opened, start } from '../../support/real-redis-tier.ts';

const SLEPT_MS = 5_000;
/** Milliseconds that two readings of one machine's clock may be apart, on a busy machine. */
const NEAR_MS = 1_000;

it("learns the server's time anew with each question who it is, for this machine may have slept", async () => {
  let sleptMs = 0;
  const monotonic = (): number => systemPlatform.monotonic() - sleptMs;
  const tier = await opened(await start(), { platform: withClock(systemPlatform, { monotonic }) });
  const behindMs = (): number => systemPlatform.now() - (tier.vantage()?.latest ?? 0);
  expect(behindMs()).toBeLessThan(NEAR_MS);
  sleptMs = SLEPT_MS;
  expect(behindMs()).toBeGreaterThan(SLEPT_MS - NEAR_MS);
  await tier.confirm();
  expect(behindMs()).toBeLessThan(NEAR_MS);
});
