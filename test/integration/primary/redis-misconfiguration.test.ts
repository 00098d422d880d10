import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { TierFailure } from '../../../src/errors.ts';
import { systemPlatform } from '../../../src/platform/platform.ts';
import { redisTier } from '../../../src/tiers/redis/index.ts';
import { timed } from '../../support/real-client.ts';
import {
  aValue,
  cleanups,
  failureOf,
  filled,
  key,
  make,
  MINUTE,
  NAMESPACE,
  opened,
  start,
  TIMEOUT_MS,
} from '../../support/real-redis-tier.ts';
import { createAuthority } from '../../support/servers/certificates.ts';
import { FaultProxy } from '../../support/servers/fault-proxy.ts';
import { APPLICATION_COMMANDS } from '../../support/servers/redis-config.ts';
import { OPEN_BOUND_MS, stampOf } from '../../support/redis-calls.ts';

/** Everything that the tier needs; what docs/operating/redis.md says. */
const GRANTS = APPLICATION_COMMANDS.replaceAll('+', '').split(' ');

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
    expect(await bounded(() => toEncrypted.open(context, { onShardChange() {}, onShardsChange() {} }))).toMatchObject({
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
