import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServerClock } from '../../../../../src/tiers/redis/connection/server-clock.ts';

describe('the estimate of the server’s clock', () => {
  it('always has the true time between its bounds, as whole milliseconds, whatever the answers’ way took', () => {
    const trip = fc.record({
      wait: fc.nat(2_000),
      up: fc.double({ min: 0, max: 300, noNaN: true }),
      down: fc.nat(300),
    });
    fc.assert(
      fc.property(fc.array(trip, { minLength: 1, maxLength: 30 }), fc.nat(10_000), (trips, wait) => {
        const offset = 1_764_000_000_000.4;
        let now = 0.25;
        let clock: ServerClock | undefined;
        for (const { wait: pause, up, down } of trips) {
          const sentAt = (now += pause);
          const serverTime = Math.floor((now += up) + offset);
          const sample = { serverTime, sentAt, receivedAt: (now += down) };
          if (clock === undefined) clock = new ServerClock(sample);
          else clock.learn(sample);
          expectTrue(clock, now, offset);
        }
        if (clock !== undefined) expectTrue(clock, now + wait, offset);
      }),
    );
  });

  it('keeps the tighter of two fresh answers', () => {
    const clock = new ServerClock({ serverTime: 1_000, sentAt: 10, receivedAt: 12 });
    clock.learn({ serverTime: 1_005, sentAt: 13, receivedAt: 113 });
    expect(clock.latest(113) - clock.earliest(113)).toBe(3);
    clock.learn({ serverTime: 1_103, sentAt: 114, receivedAt: 115 });
    expect(clock.latest(115) - clock.earliest(115)).toBe(2);
  });

  it('takes a wider answer once the tighter one is old', () => {
    const clock = new ServerClock({ serverTime: 1_000, sentAt: 10, receivedAt: 11 });
    clock.learn({ serverTime: 2_990, sentAt: 2_000, receivedAt: 2_050 });
    expect(clock.age(2_060)).toBe(10);
  });

  it.each([-60_000, 60_000])('follows a clock that was set by %d ms at once', (step) => {
    const clock = new ServerClock({ serverTime: 100_000, sentAt: 10, receivedAt: 11 });
    clock.learn({ serverTime: 100_020 + step, sentAt: 20, receivedAt: 60 });
    expect(clock.earliest(60)).toBe(100_020 + step);
  });
});

function expectTrue(clock: ServerClock, now: number, offset: number): void {
  const [earliest, latest] = [clock.earliest(now), clock.latest(now)];
  expect(Number.isInteger(earliest) && Number.isInteger(latest)).toBe(true);
  // 0.01 ms: what sums of doubles of this size may be off by.
  expect(earliest).toBeLessThanOrEqual(now + offset + 0.01);
  expect(latest).toBeGreaterThanOrEqual(now + offset - 0.01);
}

it('times a deadline by an answer that took half of it to be read at most, and is not old', () => {
  const clock = new ServerClock({ serverTime: 10_000, sentAt: 100, receivedAt: 400 });
  expect(clock.canTime(600, 400)).toBe(true);
  expect(clock.canTime(599, 400)).toBe(false);
  clock.learn({ serverTime: 10_400, sentAt: 500, receivedAt: 501 });
  expect(clock.canTime(250, 501)).toBe(true);
  expect(clock.canTime(250, 30_501)).toBe(true);
  expect(clock.canTime(250, 30_502)).toBe(false);
});
