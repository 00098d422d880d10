import { inspect } from 'node:util';
import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import type { RedisSentinelOptions } from '../../../src/tiers/redis/index.ts';
import { failureOf, make, start } from '../../support/real-redis-tier.ts';
import { makeTier, sentinelOptions } from '../../support/real-sentinel.ts';
import { createAuthority } from '../../support/servers/certificates.ts';
import { newAccount } from '../../support/servers/redis-config.ts';
import { startRedisSentinel, type RedisSentinel } from '../../support/servers/redis-sentinel.ts';
import { until } from '../../support/servers/until.ts';

let set: RedisSentinel;
beforeAll(async () => {
  set = await startRedisSentinel();
});
afterAll(() => set.stop());

type Changes = (options: RedisSentinelOptions) => RedisSentinelOptions | Promise<RedisSentinelOptions>;
const atSentinel =
  (changes: Partial<RedisSentinelOptions['sentinel']>): Changes =>
  (options) => ({ ...options, sentinel: { ...options.sentinel, ...changes } });

const SECRET = 'canary-secret';

describe('Sentinels that are set up or given wrongly', () => {
  it.each<[string, Changes, string, RegExp]>([
    [
      'a name that none watches',
      atSentinel({ name: 'another' }),
      'sentinel-name',
      /`sentinel\.name`.*"sentinel monitor"/,
    ],
    [
      'a wrong password',
      atSentinel({ password: SECRET }),
      'sentinel-WRONGPASS',
      /`sentinel\.password`.*users of their own/,
    ],
    [
      'no user, where they ask for one',
      ({ sentinel: { name, nodes }, ...options }) => ({ ...options, sentinel: { name, nodes } }),
      'sentinel-NOAUTH',
      /give `sentinel\.username`/,
    ],
    [
      'the user of the servers',
      (options) => {
        const { username, password } = set;
        return atSentinel({ username, password })(options);
      },
      'sentinel-WRONGPASS',
      /users of their own/,
    ],
    [
      'an authority that did not issue their certificate',
      async (options) => atSentinel({ tls: { ca: (await createAuthority('another')).ca } })(options),
      'sentinel-SELF_SIGNED_CERT_IN_CHAIN',
      /at the Sentinels: `sentinel\.tls\.ca`/,
    ],
    [
      'a name that their certificate lacks',
      (options) => atSentinel({ tls: { ca: set.ca, servername: 'elsewhere.test' } })(options),
      'sentinel-ERR_TLS_CERT_ALTNAME_INVALID',
      /does not name the host in `sentinel\.nodes`.*`sentinel\.tls\.servername`/,
    ],
    [
      'servers of sessions in their place',
      (options) => {
        const { host, port, username, password } = set.server(0);
        return atSentinel({ nodes: [`rediss://${host}:${port}`], username, password })(options);
      },
      'sentinel-unknown-command',
      /no Sentinel.*26379/,
    ],
  ])('%s: the reason is a word of its own, with the cure', async (_, change, reason, advice) => {
    const { tier, open } = makeTier(await change(sentinelOptions(set.coordinates)));
    const failure = await failureOf(open());
    expect(failure).toMatchObject({ kind: 'misconfigured', reason, advice: expect.stringMatching(advice) });
    expect(tier.failure()).toMatchObject({ kind: 'misconfigured', reason });
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toMatch(/canary|127\.0\.0\.1/);
  });

  it('a missing grant', async () => {
    const { username, password } = newAccount('asker');
    for (const grants of [['+sentinel|master'], ['+sentinel|get-master-addr-by-name'], []]) {
      for (const sentinel of set.sentinels) {
        await sentinel.cli('ACL', 'SETUSER', username, 'reset', 'on', `>${password}`, ...grants);
      }
      const { open } = makeTier(await atSentinel({ username, password })(sentinelOptions(set.coordinates)));
      const advice = expect.stringContaining('+sentinel|master and +sentinel|get-master-addr-by-name');
      expect(await failureOf(open())).toMatchObject({ kind: 'misconfigured', reason: 'sentinel-NOPERM', advice });
    }
  });

  it('works with exactly the documented grants, and leaves nothing in the ACL logs', async () => {
    const all = [...set.servers, ...set.sentinels];
    for (const server of all) await server.cli('ACL', 'LOG', 'RESET');
    const { open, whenAsked } = makeTier(sentinelOptions(set.coordinates));
    await open();
    await whenAsked(2);
    expect(await Promise.all(all.map((server) => server.cli('ACL', 'LOG')))).toEqual(all.map(() => []));
  });

  it('none that answers: away, not a mistake, and found when one does', async () => {
    const other = await start();
    const sentinelOf = `rediss://127.0.0.1:${other.port}`;
    await other.kill();
    const { tier, open } = makeTier(await atSentinel({ nodes: [sentinelOf] })(sentinelOptions(set.coordinates)));
    expect(await failureOf(open())).toMatchObject({ kind: 'not-sent', reason: 'sentinel-ECONNREFUSED' });
    expect(tier.failure()).toMatchObject({ reason: 'sentinel-ECONNREFUSED' });
  });

  it('one that is wrong does not matter while another answers', async () => {
    const wrong = set.server(0).url.replace(/\/\/.*@/, '//');
    const { tier, open } = makeTier(
      await atSentinel({ nodes: [wrong, ...set.urls.slice(1)] })(sentinelOptions(set.coordinates)),
    );
    await open();
    expect(tier.failure()).toBeNull();
  });
});

describe('servers behind Sentinels that are given wrongly', () => {
  it('a wrong password is that of the servers', async () => {
    const { open } = makeTier({ ...sentinelOptions(set.coordinates), password: SECRET });
    expect(await failureOf(open())).toMatchObject({ kind: 'misconfigured', reason: 'WRONGPASS' });
  });

  it('a certificate without the address that the Sentinels name', async () => {
    const options = sentinelOptions(set.coordinates);
    const { open } = makeTier({
      ...(await atSentinel({ tls: { ca: set.ca } })(options)),
      tls: { ca: set.ca, servername: 'elsewhere.test' },
    });
    expect(await failureOf(open())).toMatchObject({
      kind: 'misconfigured',
      reason: 'ERR_TLS_CERT_ALTNAME_INVALID',
      advice: expect.stringMatching(/the host in the address that the Sentinels name.*`tls\.servername`/),
    });
  });

  it('credentials and certificates that change are asked for at each attempt, at the Sentinels too', async () => {
    const options = sentinelOptions(set.coordinates);
    const { sentinel: account, ca, username, password } = set.coordinates;
    const asked = { sentinel: 0, server: 0, tls: 0 };
    const { tier, open } = makeTier({
      sentinel: {
        name: options.sentinel.name,
        nodes: set.urls,
        credentials: async () => ((asked.sentinel += 1), account),
        tls: async () => ((asked.tls += 1), { ca }),
      },
      credentials: () => ((asked.server += 1), { username, password }),
      tls: { ca },
    });
    await open();
    expect(asked).toEqual({ sentinel: 3, tls: 3, server: 1 });
    for (const sentinel of set.sentinels) await sentinel.cli('CLIENT', 'KILL', 'USER', account.username);
    await until(() => asked.sentinel === 6 && asked.tls === 6);
    expect(tier.failure()).toBeNull();
  });
});

it('a `url` that leads to a Sentinel says that `sentinel` is what was meant', async () => {
  const sentinel = set.sentinel(0);
  const { open } = make(sentinel, { url: `rediss://127.0.0.1:${sentinel.port}`, ...sentinel.admin });
  expect(await failureOf(open())).toMatchObject({
    kind: 'misconfigured',
    reason: 'sentinel',
    advice: expect.stringContaining('`sentinel.nodes`'),
  });
});
