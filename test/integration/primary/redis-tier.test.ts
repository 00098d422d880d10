import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { inspect, promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TierFailure } from '../../../src/errors.ts';
import { HOLD_TTL_MS, LEASE_TTL_MS, PRIMARY_CONNECT_TIMEOUT_MS } from '../../../src/limits/primary-tier.ts';
import { systemPlatform, type Platform } from '../../../src/platform/platform.ts';
import { envelopeTag } from '../../../src/session/sealed-record.ts';
import { redisTier } from '../../../src/tiers/redis/index.ts';
import type { NewValue, PrimaryTier, RestampCommand } from '../../../src/tiers/tier.ts';
import { timed } from '../../support/real-client.ts';
import {
  aValue,
  CALL_BOUND_MS,
  callsOf,
  cleanups,
  failureOf,
  filled,
  isBack,
  key,
  make,
  MINUTE,
  NAMESPACE,
  nameOf,
  opened,
  SLACK_MS,
  start,
  TIMEOUT_MS,
} from '../../support/real-redis-tier.ts';
import { createAuthority } from '../../support/servers/certificates.ts';
import { FaultProxy } from '../../support/servers/fault-proxy.ts';
import { APPLICATION_COMMANDS } from '../../support/servers/redis-config.ts';
import type { RedisServer } from '../../support/servers/redis.ts';
import { until } from '../../support/servers/until.ts';

const OPEN_BOUND_MS = PRIMARY_CONNECT_TIMEOUT_MS + TIMEOUT_MS + SLACK_MS;
/** Longest reconnect back-off, connect and handshake, and starting a server. */
const RETURN_BOUND_MS = 2_500;

/** Everything that the tier needs; what docs/operating/redis.md says. */
const GRANTS = APPLICATION_COMMANDS.replaceAll('+', '').split(' ');

/** Confirms exactly this value. */
function stampOf({ envelope, ...value }: NewValue): RestampCommand {
  return { ...value, tag: envelopeTag(envelope) };
}

/** Every method, so that a bound is one for all of them. */
function everyCall(tier: PrimaryTier, value: NewValue): (() => Promise<unknown>)[] {
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
    await server.cli('REPLICAOF', master.host, master.port);
    expect(await failureOf(tier.hold(place))).toMatchObject({ kind: 'rejected', reason: 'READONLY' });
    await until(() => tier.vantage() === null);
    await until(async () => (await failureOf(tier.probe())).reason === 'READONLY');
    expect(tier.vantage()).toBeNull();
    await server.cli('REPLICAOF', 'NO', 'ONE');
    await isBack(tier);
  });
});

const evalCalls = (server: RedisServer) => callsOf(server, 'eval', 'evalsha');

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

describe('what the server holds', () => {
  it('holds and leases end by themselves', async () => {
    const server = await start();
    const tier = await opened(server);
    const [held, leased] = [key(), key()];
    await tier.hold(held);
    await tier.lease(leased, 'token', null);
    for (const [place, ttlMs] of [
      [held, HOLD_TTL_MS],
      [leased, LEASE_TTL_MS],
    ] as const) {
      const left = Number(await server.cli('PTTL', nameOf(place)));
      expect(left).toBeGreaterThan(ttlMs - 5_000);
      expect(left).toBeLessThanOrEqual(ttlMs);
    }
  });

  it('a restamp rewrites the header in place, and a key never lacks a time to live', async () => {
    const server = await start();
    const tier = await opened(server);
    const place = await filled(tier);
    await server.cli('PERSIST', nameOf(place));
    await tier.restamp(place, stampOf(aValue(tier, { ttlMs: MINUTE })));
    expect(Number(await server.cli('PTTL', nameOf(place)))).toBeGreaterThan(0);
    expect(String(await server.cli('GET', nameOf(place)))).toMatch(/^V0{15}5\w{8}\d{39}sealed, with its tag$/);
  });

  it.each([
    ['another program’s', 'hello'],
    ['empty', ''],
    ['a header cut short', `V${'0'.repeat(40)}`],
    ['a revision beyond safe integers', `V9${'0'.repeat(15)}thislife${'1'.repeat(39)}sealed`],
    ['letters among digits', `V${'0'.repeat(16)}thislife${'1'.repeat(38)}xsealed`],
    ['an incarnation that is none', `V${'0'.repeat(16)}this/ife${'1'.repeat(39)}sealed`],
  ])('a foreign entry (%s) is absent to every method, and the next lease replaces it', async (_, bytes) => {
    const server = await start();
    const tier = await opened(server);
    const place = key();
    const value = aValue(tier);
    await server.cli('SET', nameOf(place), bytes);
    expect(await tier.read(place)).toEqual({ kind: 'absent' });
    expect(await tier.publish(place, value)).toBe(false);
    expect(await tier.restamp(place, stampOf(value))).toBe(false);
    expect(await tier.fill(place, 'mine', value)).toBe(false);
    await tier.evict(place, 9);
    expect(await server.cli('GET', nameOf(place))).toBe(bytes);
    expect(await tier.lease(place, 'mine', null)).toBe(true);
    expect(await tier.fill(place, 'mine', value)).toBe(true);
    expect(await tier.read(place)).toMatchObject({ kind: 'value', revision: 5 });
  });

  it.each<[string, (tier: PrimaryTier, place: Buffer) => Promise<unknown>, string]>([
    ['a lease', (tier, place) => tier.lease(place, 'mine', null), 'lease'],
    ['a fill', (tier, place) => tier.fill(place, 'mine', aValue(tier)), 'absent'],
    ['a publish', (tier, place) => tier.publish(place, aValue(tier)), 'absent'],
    ['a restamp', (tier, place) => tier.restamp(place, stampOf(aValue(tier))), 'absent'],
    ['an evict', (tier, place) => tier.evict(place, 9), 'absent'],
    ['a hold', (tier, place) => tier.hold(place), 'hold'],
    ['a tombstone', (tier, place) => tier.tombstone(place, MINUTE), 'tombstone'],
  ])('a key of another type is absent to reads, and %s deletes it', async (_, call, kind) => {
    const server = await start();
    const tier = await opened(server);
    const place = key();
    await server.cli('HSET', nameOf(place), 'field', 'value');
    expect(await tier.read(place)).toEqual({ kind: 'absent' });
    await call(tier, place);
    expect(await server.cli('TYPE', nameOf(place))).toBe(kind === 'absent' ? 'none' : 'string');
    expect(await tier.read(place)).toMatchObject({ kind });
  });

  it('a key of another type fails nobody who shares its command', async () => {
    const server = await start();
    const tier = await opened(server);
    const places = [key(), key(), key()];
    await server.cli('LPUSH', nameOf(places[1]!), 'x');
    await Promise.all(places.map((place) => tier.hold(place)));
    for (const place of places) expect(await tier.read(place)).toEqual({ kind: 'hold' });
  });

  it('what cannot be stored is not sent', async () => {
    const server = await start();
    const tier = await opened(server);
    const place = await filled(tier);
    const [stamp, outOfRange] = [
      { incarnation: 'too long to be one', at: 1 },
      { kind: 'not-sent', reason: 'out-of-range' },
    ];
    for (const wrong of [
      { revision: 2 ** 53 },
      { revision: -1 },
      { lastSeenAt: 1.5 },
      { ttlMs: Number.NaN },
      { stamp },
    ]) {
      expect(await failureOf(tier.publish(place, aValue(tier, { revision: 6, ...wrong })))).toMatchObject(outOfRange);
    }
    expect(await failureOf(tier.lease(key(), 'x'.repeat(64), null))).toMatchObject(outOfRange);
    expect(await failureOf(tier.lease(key(), '', null))).toMatchObject(outOfRange);
  });
});

describe('a Redis that refuses', () => {
  it('full: the write is rejected, and nothing stale or dead stays readable', async () => {
    const server = await start({ directives: { 'maxmemory-policy': 'noeviction' } });
    const tier = await opened(server);
    const [published, held, entombed, leased] = [await filled(tier), await filled(tier), await filled(tier), key()];
    const [restamped, heldBefore] = [await filled(tier), key()];
    await tier.lease(leased, 'reader', null);
    await tier.hold(heldBefore);
    await server.config('maxmemory', '1');
    const oom = { kind: 'rejected', reason: 'OOM' };
    const value = aValue(tier, { revision: 6 });
    expect(await failureOf(tier.publish(published, value))).toMatchObject(oom);
    expect(await failureOf(tier.hold(held))).toMatchObject(oom);
    expect(await failureOf(tier.tombstone(entombed, MINUTE))).toMatchObject(oom);
    expect(await failureOf(tier.fill(leased, 'reader', value))).toMatchObject(oom);
    expect(await failureOf(tier.restamp(restamped, stampOf(aValue(tier))))).toMatchObject(oom);
    expect(await failureOf(tier.tombstone(heldBefore, MINUTE))).toMatchObject(oom);
    expect(await failureOf(tier.probe())).toMatchObject(oom);
    for (const place of [published, held, entombed]) expect(await tier.read(place)).toEqual({ kind: 'absent' });
    expect(await tier.read(leased)).toEqual({ kind: 'lease' });
    expect(await tier.read(heldBefore)).toEqual({ kind: 'hold' });
    // A restamp that failed left the value of the same revision, with the stamp it had.
    expect(await tier.read(restamped)).toMatchObject({ kind: 'value', revision: 5 });
    expect(tier.vantage()).not.toBeNull();
    await server.config('maxmemory', '0');
    await tier.probe();
  });

  it('full when the process starts: open says so, the connection stands, and a probe tells when there is room', async () => {
    const server = await start({ directives: { 'maxmemory-policy': 'noeviction' } });
    await server.config('maxmemory', '1');
    const { tier, open } = make(server);
    expect(await failureOf(open())).toMatchObject({ kind: 'rejected', reason: 'OOM' });
    await server.config('maxmemory', '0');
    await until(() => tier.probe().then(() => true));
    expect(tier.vantage()).not.toBeNull();
  });

  it('without the replicas it was told to have: writes are rejected, reads go on', async () => {
    const server = await start();
    const tier = await opened(server);
    const place = await filled(tier);
    await server.config('min-replicas-to-write', '1');
    expect(await failureOf(tier.hold(place))).toMatchObject({ kind: 'rejected', reason: 'NOREPLICAS' });
    expect(await tier.read(place)).toMatchObject({ kind: 'value' });
  });
});

describe('a Redis that is set up wrongly', () => {
  const bounded = async (open: () => Promise<void>): Promise<TierFailure> => {
    const { error, ms } = await timed(open);
    expect(ms).toBeLessThan(OPEN_BOUND_MS);
    expect(error).toBeInstanceOf(TierFailure);
    return error as TierFailure;
  };

  it('wrong password: misconfigured, and the password is nowhere in the error', async () => {
    const server = await start();
    const failure = await bounded(make(server, { password: 'canary-password' }).open);
    expect(failure).toMatchObject({ kind: 'misconfigured', reason: 'WRONGPASS' });
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toMatch(/canary|shop/);
  });

  it('no password where the server wants one', async () => {
    const server = await start();
    const url = `rediss://${server.host}:${server.port}`;
    const failure = await bounded(make(server, { url, allowInsecure: true }).open);
    expect(failure).toMatchObject({ kind: 'misconfigured', reason: 'NOAUTH' });
  });

  it('a certificate of another authority, or for another name', async () => {
    const server = await start();
    const { ca } = await createAuthority('somebody else');
    expect(await bounded(make(server, { tls: { ca } }).open)).toMatchObject({
      kind: 'misconfigured',
      reason: expect.stringMatching(/^(?:UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|CERT_)/),
    });
    expect(await bounded(make(server, { tls: { ca: server.ca!, servername: 'elsewhere.test' } }).open)).toMatchObject({
      kind: 'misconfigured',
      reason: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  });

  it('an expired certificate', async () => {
    const authority = await createAuthority();
    const server = await start({ certificates: await authority.issue({ expired: true }) });
    const failure = await bounded(make(server).open);
    expect(failure).toMatchObject({ kind: 'misconfigured', reason: 'CERT_HAS_EXPIRED' });
  });

  it('encryption on one side only', async () => {
    const [encrypted, plain] = [await start(), await start({ plaintext: true })];
    const { host, port, username, password, ca } = encrypted;
    const toEncrypted = redisTier({ url: `redis://${host}:${port}`, username, password, allowInsecure: true });
    cleanups.push(() => toEncrypted.close());
    const context = { namespace: NAMESPACE, platform: systemPlatform, timeoutMs: TIMEOUT_MS };
    expect(await bounded(() => toEncrypted.open(context, () => {}))).toMatchObject({
      reason: 'unanswered',
      advice: expect.stringContaining('needs rediss://'),
    });
    const toTls = make(plain, { url: plain.url.replace('redis:', 'rediss:'), tls: { ca: ca! } });
    expect(await bounded(toTls.open)).toMatchObject({
      reason: 'tls-unanswered',
      advice: expect.stringContaining('is not its tls-port'),
    });
    const toPlain = await opened(plain, { allowInsecure: true });
    await toPlain.hold(key());
  });

  it('a database that the user may not choose, or that does not exist', async () => {
    const server = await start();
    expect(await bounded(make(server, { url: `${server.url}/3` }).open)).toMatchObject({ kind: 'misconfigured' });
    await server.cli('ACL', 'SETUSER', server.username, '+select');
    await opened(server, { url: `${server.url}/3` });
    expect(await bounded(make(server, { url: `${server.url}/99` }).open)).toMatchObject({
      kind: 'misconfigured',
      reason: 'db-index',
    });
  });

  it('works with exactly the documented grants, and leaves nothing in the ACL log', async () => {
    const server = await start();
    await server.cli('ACL', 'SETUSER', server.username, '-@all', ...GRANTS.map((grant) => `+${grant}`));
    await server.cli('ACL', 'LOG', 'RESET');
    const tier = await opened(server);
    const place = await filled(tier);
    await tier.restamp(place, stampOf(aValue(tier)));
    await tier.publish(place, aValue(tier, { revision: 6 }));
    await tier.evict(place, 7);
    await tier.hold(place);
    await tier.tombstone(place, MINUTE);
    await tier.probe();
    expect(await server.cli('ACL', 'LOG')).toEqual([]);
  });

  it('says so at once when any of them is missing', async () => {
    const server = await start();
    for (const grant of GRANTS) {
      await server.cli('ACL', 'SETUSER', server.username, '-@all', ...GRANTS.map((name) => `+${name}`), `-${grant}`);
      const failure = await bounded(make(server).open);
      expect([grant, failure.kind, failure.reason]).toEqual([grant, 'misconfigured', 'NOPERM']);
    }
  });

  it('is not asked again at once: that would only fill its log', async () => {
    const server = await start();
    const proxy = await FaultProxy.start({ host: server.host, port: server.port });
    cleanups.push(() => proxy.stop());
    const [healthy, url] = [await opened(server), `rediss://${proxy.host}:${proxy.port}`];
    // The shortest of the ordinary back-offs: none.
    const platform = { ...systemPlatform, random: () => 0 };
    await failureOf(make(server, { url, username: server.username, password: 'wrong', platform }).open());
    for (let turn = 0; turn < 100; turn += 1) await healthy.probe();
    expect(proxy.accepted).toBe(1);
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

describe('close', () => {
  const entry = fileURLToPath(new URL('../../../src/tiers/redis/index.ts', import.meta.url));
  const platform = fileURLToPath(new URL('../../../src/platform/platform.ts', import.meta.url));

  /** A process with nothing else to do: that it ends shows that nothing keeps it. */
  async function run(server: RedisServer, body: string): Promise<number> {
    const script = `
      import { redisTier } from ${JSON.stringify(entry)};
      import { systemPlatform } from ${JSON.stringify(platform)};
      const tier = redisTier(JSON.parse(process.env.OPTIONS));
      const open = () => tier.open({ namespace: 'holdfast', platform: systemPlatform, timeoutMs: 250 }, () => {});
      ${body}
      const closedAt = performance.now();
      process.on('exit', () => console.log(Math.round(performance.now() - closedAt)));`;
    const options = JSON.stringify({ url: server.url, tls: { ca: server.ca } });
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
      env: { ...process.env, OPTIONS: options },
      timeout: 10_000,
    });
    return Number(stdout);
  }

  it.each([
    ['in use', 'await open(); await tier.probe(); await tier.close(); await tier.close();'],
    ['before it was opened', 'await tier.close();'],
    ['while it connects', 'const opening = open().catch(() => {}); await tier.close(); await opening;'],
    ['after it failed to connect', 'await open().catch(() => {}); await tier.close();'],
  ])('%s, lets the process end', async (_, body) => {
    const server = await start();
    if (_.includes('failed')) await server.kill();
    expect(await run(server, body)).toBeLessThan(1_000);
  });

  it('with a frozen server, lets the process end', async () => {
    const server = await start();
    await server.pause();
    onTestFinished(() => server.resume().catch(() => {}));
    expect(await run(server, 'await open().catch(() => {}); await tier.close();')).toBeLessThan(1_000);
  });

  it('fails what is in flight, and what comes after', async () => {
    const server = await start();
    const tier = await opened(server);
    await server.pause();
    const pending = failureOf(tier.read(key()));
    await new Promise((resolve) => setImmediate(resolve));
    const gathered = failureOf(tier.read(key()));
    await tier.close();
    expect(await pending).toMatchObject({ kind: 'ambiguous' });
    expect(await gathered).toMatchObject({ kind: 'not-sent' });
    expect(await failureOf(tier.read(key()))).toMatchObject({ kind: 'not-sent' });
    await server.resume();
  });
});
