import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PrimaryServer } from '../../../src/tiers/one-server.ts';
import { aValue, cleanups, filled, isBack, key, make, opened, start } from '../../support/real-redis-tier.ts';
import { FaultProxy, type Direction } from '../../support/servers/fault-proxy.ts';
import { until } from '../../support/servers/until.ts';

/** Each breaks a connection; the second error of a socket came with about one flip in twenty. */
const ROUNDS = 40;
/** Chunks of a connection from the first byte to the end of the probe, and a few more. */
const CHUNKS = 8;
const DIRECTIONS: readonly Direction[] = ['down', 'up'];
/** A lost connection is made again within half a second. */
const RETURN_BOUND_MS = 3_000;

/** What would have ended the process. */
const uncaught: unknown[] = [];
const note = (error: unknown): void => void uncaught.push(error);
beforeAll(() => void process.on('uncaughtExceptionMonitor', note));
afterAll(() => void process.off('uncaughtExceptionMonitor', note));

async function behindProxy() {
  const server = await start();
  const proxy = await FaultProxy.start({ host: server.host, port: server.port });
  cleanups.push(() => proxy.stop());
  return { server, proxy, url: server.url.replace(/:\d+$/, `:${proxy.port}`) };
}

const returned = (tier: PrimaryServer) => until(() => tier.vantage(), { what: 'the tier', timeoutMs: RETURN_BOUND_MS });

describe('one bit that is turned on the way', () => {
  it.each(DIRECTIONS)(
    'in any part of the handshake (%s) is a lost connection, which comes back soon',
    async (direction) => {
      const { server, proxy, url } = await behindProxy();
      for (let chunk = 1; chunk <= CHUNKS; chunk += 1) {
        proxy.set({ flip: { direction, chunk } });
        const { tier, open } = make(server, { url });
        await open().catch((failure: unknown) => expect(failure).not.toMatchObject({ kind: 'misconfigured' }));
        proxy.heal();
        await returned(tier);
        await tier.close();
      }
      expect(uncaught).toEqual([]);
    },
  );

  it.each(DIRECTIONS)('in one command of a quiet connection (%s) is felt by that command alone', async (direction) => {
    const { server, proxy, url } = await behindProxy();
    const tier = await opened(server, { url });
    for (let round = 0; round < ROUNDS; round += 1) {
      const place = await filled(tier);
      proxy.set({ flip: { direction, chunk: 1 } });
      await expect(tier.read(place)).rejects.toMatchObject({ kind: 'ambiguous' });
      proxy.heal();
      await until(() => tier.vantage() === null);
      await returned(tier);
      expect(await tier.read(place)).toMatchObject({ kind: 'value' });
    }
    expect(uncaught).toEqual([]);
  });

  it.each(DIRECTIONS)('among many commands in flight (%s) ends no process', async (direction) => {
    const { server, proxy, url } = await behindProxy();
    const tier = await opened(server, { url });
    for (let round = 0; round < ROUNDS; round += 1) {
      proxy.set({ flip: { direction, chunk: 1 + (round % 3) } });
      const value = aValue(tier, { envelope: Buffer.alloc(4_000) });
      // They go on until the end of the connection: what is written after it broke fails as well.
      const callers = Array.from({ length: 8 }, async () => {
        while (tier.vantage() !== null) {
          await tier.publish(key(), value).catch(() => {});
          await setImmediate();
        }
      });
      await Promise.all(callers);
      proxy.heal();
      await returned(tier);
    }
    await isBack(tier);
    expect(uncaught).toEqual([]);
  });
});
