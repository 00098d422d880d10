import { describe, expect, it } from 'vitest';
import { systemPlatform, type Platform } from '../../../src/platform/platform.ts';
import {
  cleanups,
  failureOf,
  filled,
  isBack,
  key,
  MINUTE,
  opened,
  start,
  TIMEOUT_MS,
} from '../../support/real-redis-tier.ts';
import { FaultProxy } from '../../support/servers/fault-proxy.ts';
import { until } from '../../support/servers/until.ts';
import { evalCalls } from '../../support/redis-calls.ts';

describe('deadlines and the clock', () => {
  it('a deadline does not pass while this process does something else', async () => {
    const tier = await opened(await start());
    const place = key();
    const lease = tier.lease(place, 'token', null);
    const end = performance.now() + 2 * TIMEOUT_MS;
    while (performance.now() < end);
    expect(await lease).toBe(true);
  });

  it('a mutation whose deadline has passed is rejected as late, changes nothing, and the next one is in time', async () => {
    const server = await start();
    let behind = 0;
    const platform: Platform = { ...systemPlatform, monotonic: () => performance.now() - behind };
    const tier = await opened(server, { platform });
    const place = await filled(tier);
    behind = 10_000;
    expect(await failureOf(tier.tombstone(place, MINUTE))).toMatchObject({ kind: 'rejected', reason: 'late' });
    expect(await tier.read(place)).toMatchObject({ kind: 'value' });
    await tier.tombstone(place, MINUTE);
    expect(await tier.read(place)).toEqual({ kind: 'tombstone' });
  });

  it('is not set by an answer of long ago: the server is asked for its time first', async () => {
    const server = await start();
    let ahead = 0;
    const platform: Platform = { ...systemPlatform, monotonic: () => performance.now() + ahead };
    const tier = await opened(server, { platform });
    const place = await filled(tier);
    // This process's clock ran away from the server's, and a deadline by it would lie minutes ahead.
    ahead = 5 * MINUTE;
    await server.pause();
    expect(await failureOf(tier.tombstone(place, MINUTE))).toMatchObject({ kind: 'ambiguous' });
    await server.resume();
    // On the same connection, so behind whatever was sent while the server was frozen.
    await tier.probe();
    expect(await tier.read(place)).toMatchObject({ kind: 'value' });
    await tier.tombstone(place, MINUTE);
    expect(await tier.read(place)).toEqual({ kind: 'tombstone' });
  });
});

describe('a mutation for which the server is asked for its time first', () => {
  it('takes no longer than any other, and what was given up does not take effect', async () => {
    const server = await start();
    const proxy = await FaultProxy.start({ host: server.host, port: server.port });
    cleanups.push(() => proxy.stop());
    let ahead = 0;
    const platform: Platform = { ...systemPlatform, monotonic: () => performance.now() + ahead };
    const tier = await opened(server, { platform, url: server.url.replace(/:\d+$/, `:${proxy.port}`) });
    const place = await filled(tier);
    const before = await evalCalls(server);
    ahead = 5 * MINUTE;
    // One question and its answer are in time, two are not.
    proxy.set({ latencyMs: 0.4 * TIMEOUT_MS });
    expect(await failureOf(tier.tombstone(place, MINUTE))).toMatchObject({ kind: 'ambiguous', reason: 'deadline' });
    await until(async () => (await evalCalls(server)) > before);
    proxy.heal();
    await isBack(tier);
    expect(await tier.read(place)).toMatchObject({ kind: 'value' });
  });
});
