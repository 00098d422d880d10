import { describe, expect, it, onTestFinished } from 'vitest';
import type { TierFailure } from '../../../src/errors.ts';
import type { PrimaryServer } from '../../../src/tiers/one-server.ts';
import type { NewValue } from '../../../src/tiers/primary.ts';
import { timed } from '../../support/real-client.ts';
import {
  aValue,
  CALL_BOUND_MS,
  cleanups,
  failureOf,
  filled,
  isBack,
  key,
  make,
  MINUTE,
  opened,
  start,
  TIMEOUT_MS,
} from '../../support/real-redis-tier.ts';
import { FaultProxy } from '../../support/servers/fault-proxy.ts';
import { until } from '../../support/servers/until.ts';
import { OPEN_BOUND_MS, stampOf, evalCalls } from '../../support/redis-calls.ts';

/** Longest reconnect back-off, connect and handshake, and starting a server. */
const RETURN_BOUND_MS = 2_500;

/** Every method, so that a bound is one for all of them. */
function everyCall(tier: PrimaryServer, value: NewValue): (() => Promise<unknown>)[] {
  return [
    () => tier.read(key()),
    () => tier.lease(key(), 'token', null),
    () => tier.fill(key(), 'token', value),
    () => tier.publish(key(), value),
    () => tier.restamp(key(), stampOf(value)),
    () => tier.evict(key(), 5),
    () => tier.hold(key()),
    () => tier.tombstone(key(), MINUTE),
    () => tier.probe(),
  ];
}

describe('a Redis that is gone', () => {
  it('killed: every call fails within its time-out, and the tier is back by itself, with a new incarnation', async () => {
    const server = await start();
    const changes: boolean[] = [];
    const { tier, open } = make(server, { onChange: () => changes.push(tier.vantage() !== null) });
    await open();
    const value = aValue(tier);
    const before = tier.vantage()!.incarnation;
    await server.kill();
    for (const call of everyCall(tier, value)) {
      const { error, ms } = await timed(call);
      expect(['ambiguous', 'not-sent']).toContain((error as TierFailure).kind);
      expect(ms).toBeLessThan(CALL_BOUND_MS);
    }
    await until(() => tier.vantage() === null);
    expect(await failureOf(tier.read(key()))).toMatchObject({ kind: 'not-sent' });

    const { ms } = await timed(async () => {
      await server.start({ wipe: true });
      await isBack(tier);
    });
    expect(ms).toBeLessThan(RETURN_BOUND_MS);
    expect(tier.vantage()!.incarnation).not.toBe(before);
    expect(changes.slice(-2)).toEqual([false, true]);
    expect(changes.every((state, index) => state !== changes[index - 1])).toBe(true);
    expect(await tier.read(key())).toEqual({ kind: 'absent' });
  });

  it('frozen: every call fails within its time-out, as ambiguous while the connection stands', async () => {
    const server = await start();
    const tier = await opened(server);
    const value = aValue(tier);
    await server.pause();
    const results = await Promise.all(everyCall(tier, value).map(timed));
    await server.resume();
    for (const { error, ms } of results) {
      expect(error).toMatchObject({ kind: 'ambiguous', reason: 'deadline' });
      expect(ms).toBeLessThan(CALL_BOUND_MS);
    }
    await isBack(tier);
  });

  it('frozen for longer: the connection is given up, and calls fail at once', async () => {
    const server = await start();
    const tier = await opened(server);
    await server.pause();
    await failureOf(tier.read(key()));
    await until(() => tier.vantage() === null);
    const { error, ms } = await timed(() => tier.read(key()));
    expect(error).toMatchObject({ kind: 'not-sent' });
    expect(ms).toBeLessThan(50);
    await server.resume();
    await isBack(tier);
  });

  it('frozen, what timed out does not take effect when it thaws', async () => {
    const server = await start();
    const tier = await opened(server);
    const [published, held, evicted, leased] = [await filled(tier), await filled(tier), await filled(tier), key()];
    const before = await evalCalls(server);
    await server.pause();
    const value = aValue(tier, { revision: 6 });
    const mutations = [
      tier.publish(published, value),
      tier.hold(held),
      tier.evict(evicted, 6),
      tier.lease(leased, 'late', null),
    ];
    for (const mutation of mutations) expect(await failureOf(mutation)).toMatchObject({ kind: 'ambiguous' });
    await server.resume();
    // Only once the server has run what lay in its socket is there anything to see.
    await until(async () => (await evalCalls(server)) >= before + mutations.length);
    await isBack(tier);
    for (const place of [published, held, evicted]) {
      expect(await tier.read(place)).toMatchObject({ kind: 'value', revision: 5 });
    }
    expect(await tier.read(leased)).toEqual({ kind: 'absent' });
  });

  it('behind a wire that holds commands back, what arrives late is refused', async () => {
    const server = await start();
    const proxy = await FaultProxy.start({ host: server.host, port: server.port });
    cleanups.push(() => proxy.stop());
    const tier = await opened(server, { url: server.url.replace(/:\d+$/, `:${proxy.port}`) });
    const place = await filled(tier);
    const before = await evalCalls(server);
    proxy.set({ stall: 'up' });
    expect(await failureOf(tier.publish(place, aValue(tier, { revision: 6 })))).toMatchObject({ kind: 'ambiguous' });
    proxy.heal();
    await until(async () => (await evalCalls(server)) > before);
    await isBack(tier);
    expect(await tier.read(place)).toMatchObject({ kind: 'value', revision: 5 });
  });

  it('reset with commands in flight: they fail at once, as ambiguous, and are not sent again', async () => {
    const server = await start();
    const proxy = await FaultProxy.start({ host: server.host, port: server.port });
    cleanups.push(() => proxy.stop());
    const tier = await opened(server, { url: server.url.replace(/:\d+$/, `:${proxy.port}`) });
    const place = await filled(tier);
    proxy.set({ stall: 'up' });
    const publish = timed(() => tier.publish(place, aValue(tier, { revision: 6 })));
    // The command has left by the time the wire breaks.
    await new Promise((resolve) => setImmediate(resolve));
    proxy.resetAll();
    proxy.heal();
    const { error, ms } = await publish;
    expect(error).toMatchObject({ kind: 'ambiguous', reason: expect.not.stringContaining('deadline') });
    expect(ms).toBeLessThan(TIMEOUT_MS);
    await isBack(tier);
    await tier.probe();
    expect(await tier.read(place)).toMatchObject({ kind: 'value', revision: 5 });
  });

  it('back from an old snapshot: what it holds carries another incarnation than the connection', async () => {
    const server = await start();
    const tier = await opened(server);
    const place = await filled(tier);
    await server.save();
    await tier.tombstone(place, MINUTE);
    const before = tier.vantage()!.incarnation;
    await server.restart();
    await until(() => (tier.vantage()?.incarnation ?? before) !== before);
    const entry = await tier.read(place);
    expect(entry).toMatchObject({ kind: 'value', revision: 5 });
    expect(entry).not.toMatchObject({ stamp: { incarnation: tier.vantage()!.incarnation } });
  });

  it('turned into a replica: it does not serve, and serves again as a master', async () => {
    const [server, master] = [await start(), await start()];
    const tier = await opened(server);
    const place = await filled(tier);
    await server.cli('REPLICAOF', master.hostForServers, master.port);
    expect(await failureOf(tier.hold(place))).toMatchObject({ kind: 'rejected', reason: 'READONLY' });
    await until(() => tier.vantage() === null);
    await until(async () => (await failureOf(tier.probe())).reason === 'READONLY');
    expect(tier.vantage()).toBeNull();
    await server.cli('REPLICAOF', 'NO', 'ONE');
    await isBack(tier);
  });
});

describe('a Redis that is away at the start', () => {
  it('refused: open says so soon, and the tier connects by itself later', async () => {
    const server = await start();
    await server.kill();
    const changes: boolean[] = [];
    const { tier, open } = make(server, { onChange: () => changes.push(tier.vantage() !== null) });
    const { error, ms } = await timed(open);
    expect(error).toMatchObject({ kind: 'not-sent', reason: 'ECONNREFUSED' });
    expect(tier.failure()).toMatchObject({ reason: 'ECONNREFUSED' });
    expect(ms).toBeLessThan(OPEN_BOUND_MS);
    expect(await failureOf(tier.read(key()))).toMatchObject({ kind: 'not-sent', reason: 'ECONNREFUSED' });
    await server.start();
    await isBack(tier);
    expect(changes).toEqual([true]);
    await tier.hold(key());
  });

  it('frozen: open waits no longer than a connect and a command', async () => {
    const server = await start();
    await server.pause();
    onTestFinished(() => server.resume().catch(() => {}));
    const { tier, open } = make(server);
    const { error, ms } = await timed(open);
    expect(['ambiguous', 'not-sent']).toContain((error as TierFailure).kind);
    expect(ms).toBeLessThan(OPEN_BOUND_MS);
    await server.resume();
    await isBack(tier);
  });
});
