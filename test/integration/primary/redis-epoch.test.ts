import { expect, it } from 'vitest';
import { systemPlatform } from '../../../src/platform/platform.ts';
import { cleanups, NAMESPACE, start } from '../../support/real-redis-tier.ts';
import { createAuthority } from '../../support/servers/certificates.ts';
import { FaultProxy } from '../../support/servers/fault-proxy.ts';
import { until } from '../../support/servers/until.ts';
import { singleRedis } from '../../support/single-redis.ts';

/** The longest that may be given: the first half of a probe is answered, and the connection lost, within it. */
const TIMEOUT_MS = 1_000;

it('takes nothing that a server said over a connection that was lost for the word of the next one', async () => {
  const certificates = await (await createAuthority()).issue();
  const first = await start({ certificates });
  const application = { username: first.username, password: first.password };
  const second = await start({ certificates, application });
  const proxy = await FaultProxy.start(first);
  cleanups.push(() => proxy.stop());
  const url = `rediss://127.0.0.1:${proxy.port}`;
  const tier = singleRedis({ url, ...application, tls: { ca: certificates.ca } });
  cleanups.push(() => tier.close());
  await tier.open({ namespace: NAMESPACE, platform: systemPlatform, timeoutMs: TIMEOUT_MS }, () => {});
  const before = tier.vantage()?.incarnation;

  // It goes on reporting its incarnation and its time, and keeps scripts waiting.
  await first.cli('CLIENT', 'PAUSE', '60000', 'WRITE');
  const reads = async (): Promise<number> =>
    Number(/cmdstat_mget:calls=(\d+)/.exec(String(await first.cli('INFO', 'commandstats')))?.[1] ?? 0);
  const readsBefore = await reads();
  const probe = expect(tier.probe()).rejects.toMatchObject({ code: 'HOLDFAST_TIER_FAILURE' });
  await until(async () => (await reads()) > readsBefore, { what: 'the probe to be answered in part' });
  proxy.leadTo(second);
  // The next server is slow to report its incarnation, and the state of the tier is read meanwhile.
  proxy.set({ latencyMs: 60 });
  proxy.resetAll();
  await probe;
  const met = await until(() => tier.vantage()?.incarnation, { what: 'the next server to be met', timeoutMs: 20_000 });
  expect(before).toMatch(/^[\da-f]{8}$/);
  expect(met).not.toBe(before);
}, 60_000);
