import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { PRIMARY_CONNECT_TIMEOUT_MS } from '../../../src/limits/primary-tier.ts';
import type { RedisTlsOptions } from '../../../src/tiers/redis/index.ts';
import { cleanups, failureOf, make, opened, start, TIMEOUT_MS } from '../../support/real-redis-tier.ts';
import { createAuthority } from '../../support/servers/certificates.ts';
import { FaultProxy } from '../../support/servers/fault-proxy.ts';
import { newAccount } from '../../support/servers/redis-config.ts';
import type { RedisServer } from '../../support/servers/redis.ts';
import { until } from '../../support/servers/until.ts';

const SECRET = 'canary-secret';
const withoutUser = ({ host, port }: { host: string; port: number }) => `rediss://${host}:${port}`;
const tls = ({ ca }: RedisServer): RedisTlsOptions => ({ ca: ca ?? '' });

describe('credentials that change', () => {
  it('are asked for before each attempt to connect', async () => {
    const server = await start();
    const { username } = server;
    let { password } = server;
    const changes: boolean[] = [];
    const { tier, open } = make(server, {
      url: withoutUser(server),
      credentials: () => ({ username, password }),
      onChange: () => changes.push(tier.vantage() !== null),
    });
    await open();
    password = 'the-next-password';
    await server.cli('ACL', 'SETUSER', username, '>the-next-password');
    await server.cli('ACL', 'SETUSER', username, `<${server.password}`);
    await server.cli('CLIENT', 'KILL', 'USER', username);
    await until(() => changes.length === 3);
    expect(changes).toEqual([true, false, true]);
  });

  it('that could not be had are asked for again soon, and what was thrown goes no further', async () => {
    const server = await start();
    let isAway = true;
    const { tier, open } = make(server, {
      url: withoutUser(server),
      credentials: () => {
        if (isAway) throw new Error(SECRET);
        return server.coordinates;
      },
    });
    const failure = await failureOf(open());
    expect(failure).toMatchObject({ kind: 'not-sent', reason: 'credentials-failed' });
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toContain(SECRET);
    isAway = false;
    await until(() => tier.failure()?.reason === 'credentials-refused');
  });

  it('that are none are a mistake, which is named', async () => {
    const server = await start();
    const { open } = make(server, { url: withoutUser(server), credentials: () => ({ password: '' }) });
    const advice = expect.stringContaining('password must be a string');
    expect(await failureOf(open())).toMatchObject({ kind: 'misconfigured', reason: 'credentials-refused', advice });
  });
});

describe('certificates that change', () => {
  it('are asked for before each attempt to connect', async () => {
    const application = newAccount('shop');
    const [before, after] = [await start({ application }), await start({ application })];
    const proxy = await FaultProxy.start({ host: before.host, port: before.port });
    cleanups.push(() => proxy.stop());
    let present = before;
    const tier = await opened(before, {
      url: before.url.replace(/:\d+$/, `:${proxy.port}`),
      tls: async () => tls(present),
    });
    const { incarnation } = tier.vantage()!;
    present = after;
    proxy.leadTo(after);
    proxy.resetAll();
    await until(() => (tier.vantage()?.incarnation ?? incarnation) !== incarnation);
  });

  it('that are none are a mistake, which is named', async () => {
    const server = await start();
    const { open } = make(server, { tls: () => ({ ca: '/etc/ca.pem' }) });
    const advice = expect.stringContaining('tls.ca must be PEM text');
    expect(await failureOf(open())).toMatchObject({ kind: 'misconfigured', reason: 'tls-refused', advice });
  });
});

describe('what TLS asks for', () => {
  const startRsa = async (directives: Readonly<Record<string, string>>) =>
    start({ certificates: await (await createAuthority()).issue({ rsa: true }), directives });

  it('is forward secrecy, unless suites are named that have none', async () => {
    const server = await startRsa({ 'tls-protocols': '"TLSv1.2"', 'tls-ciphers': 'AES128-GCM-SHA256' });
    expect(await failureOf(make(server).open())).toMatchObject({
      kind: 'misconfigured',
      advice: expect.stringContaining('no TLS version and cipher suite that both allow'),
    });
    await opened(server, { tls: { ...tls(server), ciphers: 'AES128-GCM-SHA256' } });
  });

  it('is authenticated encryption with forward secrecy of TLS 1.2 at least, which such a server has', async () => {
    await opened(await startRsa({ 'tls-protocols': '"TLSv1.2"' }));
  });

  it('is a later version where one is named', async () => {
    const server = await start({ directives: { 'tls-protocols': '"TLSv1.2"' } });
    const { open } = make(server, { tls: { ...tls(server), minVersion: 'TLSv1.3' } });
    expect(await failureOf(open())).toMatchObject({
      kind: 'misconfigured',
      advice: expect.stringContaining('no TLS version and cipher suite that both allow'),
    });
  });

  it('is no client certificate, and a server that asks for one refuses the client loudly and soon', async () => {
    const server = await start();
    await server.config('tls-auth-clients', 'yes');
    const startedAt = performance.now();
    expect(await failureOf(make(server).open())).toMatchObject({
      kind: 'misconfigured',
      advice: expect.stringContaining('`tls.cert` and `tls.key`'),
    });
    // The first has the name of the server's authority and another key.
    for (const authority of [await createAuthority(), await createAuthority('somebody else')]) {
      const foreign = await authority.issue();
      const { open } = make(server, { tls: { ...tls(server), cert: foreign.certificate, key: foreign.privateKey } });
      expect(await failureOf(open())).toMatchObject({
        kind: 'misconfigured',
        advice: expect.stringContaining('does not trust the certificate in `tls.cert`'),
      });
    }
    expect(performance.now() - startedAt).toBeLessThan(3 * (PRIMARY_CONNECT_TIMEOUT_MS + TIMEOUT_MS));
  });
});
