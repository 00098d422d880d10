import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, generateKeyRing, SessionClient } from '../../../src/index.ts';
import { memoryDurableTier } from '../../../src/tiers/memory/index.ts';
import { redisTier, type RedisCredentials, type RedisTlsOptions } from '../../../src/tiers/redis/index.ts';
import { cleanups, start } from '../../support/real-redis-tier.ts';
import { createAuthority, type CertificateAuthority } from '../../support/servers/certificates.ts';
import { FaultProxy } from '../../support/servers/fault-proxy.ts';
import { newAccount, type Account } from '../../support/servers/redis-config.ts';
import type { RedisServer } from '../../support/servers/redis.ts';
import { until } from '../../support/servers/until.ts';

const keys = generateKeyRing();

/** A client of a server in order, behind a wire that may lead to another one. */
interface Lab {
  readonly authority: CertificateAuthority;
  readonly application: Account;
  readonly server: RedisServer;
  readonly proxy: FaultProxy;
  /** What the application gives at the next attempt to connect. */
  credentials: RedisCredentials;
  tls: RedisTlsOptions;
  readonly sessions: SessionClient;
}

async function lab(): Promise<Lab> {
  const authority = await createAuthority();
  const application = newAccount('shop');
  const server = await start({ application, certificates: await authority.issue() });
  const proxy = await FaultProxy.start(server);
  cleanups.push(() => proxy.stop());
  const given = { credentials: application as RedisCredentials, tls: { ca: authority.ca } as RedisTlsOptions };
  const sessions = new SessionClient({
    keys: await keys,
    primary: redisTier({
      url: `rediss://${proxy.host}:${proxy.port}`,
      credentials: () => given.credentials,
      tls: () => given.tls,
    }),
    durable: memoryDurableTier(),
  });
  cleanups.push(() => sessions.close());
  return Object.assign(given, { authority, application, server, proxy, sessions });
}

/** Leads the wire to a server with another certificate. */
const serverWith =
  (issue: (lab: Lab) => ReturnType<CertificateAuthority['issue']>) =>
  async (at: Lab): Promise<void> =>
    at.proxy.leadTo(await start({ application: at.application, certificates: await issue(at) }));

const CASES: readonly [string, (at: Lab) => unknown, string, RegExp][] = [
  [
    'a certificate of another authority',
    serverWith(async () => (await createAuthority('another')).issue()),
    'SELF_SIGNED_CERT_IN_CHAIN',
    /^`tls\.ca` does not hold the authority/,
  ],
  [
    'a certificate for another name',
    serverWith(({ authority }) => authority.issue({ names: ['elsewhere.test'] })),
    'ERR_TLS_CERT_ALTNAME_INVALID',
    /does not name the host in `url`.*`tls\.servername`/,
  ],
  [
    'a certificate that has expired',
    serverWith(({ authority }) => authority.issue({ expired: true })),
    'CERT_HAS_EXPIRED',
    /has expired: renew it there/,
  ],
  [
    'a certificate that is not valid yet',
    serverWith(({ authority }) => authority.issue({ early: true })),
    'CERT_NOT_YET_VALID',
    /not valid yet: compare the clocks/,
  ],
  [
    'a server that asks for a client certificate',
    ({ server }) => server.config('tls-auth-clients', 'yes'),
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    /give `tls\.cert` and `tls\.key`/,
  ],
  [
    'a private key that is not the one of the certificate',
    async (at) => {
      const [one, other] = [await at.authority.issue(), await at.authority.issue()];
      at.tls = { ca: at.authority.ca, cert: one.certificate, key: other.privateKey };
    },
    'tls-refused',
    /tls\.key is not the private key of tls\.cert/,
  ],
  [
    'a password that the server does not know any more',
    ({ server, application }) => server.cli('ACL', 'SETUSER', application.username, 'resetpass', '>another'),
    'WRONGPASS',
    /`username` or `password` is wrong, or the user is switched off/,
  ],
  [
    'a user that was switched off',
    ({ server, application }) => server.cli('ACL', 'SETUSER', application.username, 'off'),
    'WRONGPASS',
    /or the user is switched off: compare them with ACL LIST/,
  ],
  [
    'a user without a grant',
    ({ server, application }) => server.cli('ACL', 'SETUSER', application.username, '-pexpire'),
    'NOPERM',
    /ACL LOG on the server names what it refused/,
  ],
  [
    'a function for credentials that gives none',
    (at) => (at.credentials = { password: '' }),
    'credentials-refused',
    /password must be a string/,
  ],
];

describe.each(CASES)('%s', (_, change, reason, advice) => {
  it('rejects ready() with its reason and its cure', async () => {
    const at = await lab();
    await change(at);
    const error = await at.sessions.ready().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(String(error)).toContain(`(${reason})`);
    expect(String(error).replace(/^.*?is misconfigured: /, '')).toMatch(advice);
  });

  it('shows in health() with its reason and its cure when it comes later, and fails no call', async () => {
    const at = await lab();
    await at.sessions.ready();
    const { id } = await at.sessions.create({ cart: [] });
    expect((await at.sessions.health()).primary).toMatchObject({ state: 'up' });
    await change(at);
    at.proxy.resetAll();
    const primary = await until(async () => {
      const health = (await at.sessions.health()).primary;
      return health.reason === reason && health.state === 'down' && health;
    });
    expect(primary).toMatchObject({ advice: expect.stringMatching(advice) });
    expect(inspect(primary)).not.toContain(at.application.password);
    expect((await at.sessions.get(id))?.servedBy).toBe('durable');
  });
});

describe('a replica', () => {
  it('at the start, or where the master was, is used as soon as it is a master again', async () => {
    const at = await lab();
    const master = await start();
    await at.server.cli('REPLICAOF', master.host, master.port);
    await at.sessions.ready();
    const primary = async () => (await at.sessions.health()).primary;
    const advice = expect.stringContaining('the server is a replica');
    expect(await primary()).toMatchObject({ state: 'down', reason: 'READONLY', advice });
    await at.server.cli('REPLICAOF', 'NO', 'ONE');
    await until(async () => (await primary()).state === 'up');
    await at.server.cli('REPLICAOF', master.host, master.port);
    await until(async () => (await primary()).reason === 'READONLY');
    expect(await primary()).toMatchObject({ advice });
  });
});

describe('a grant that is taken away from a connection that stays open', () => {
  it('is a reason with its cure, and Redis is used again soon after it was given back', async () => {
    const { sessions, server, application } = await lab();
    await sessions.ready();
    const { id } = await sessions.create({ cart: [] });
    await server.cli('ACL', 'SETUSER', application.username, '-mget');
    const primary = async () => (await sessions.health()).primary;
    await until(async () => (await sessions.get(id)) !== null && (await primary()).reason === 'NOPERM');
    expect(await primary()).toMatchObject({ state: 'degraded', advice: expect.stringContaining('ACL LOG') });
    await server.cli('ACL', 'SETUSER', application.username, '+mget');
    await until(async () => (await primary()).state === 'up');
    expect(await primary()).not.toHaveProperty('advice');
  });
});

describe('a password that changes while the connection is open', () => {
  it('does not end it; the next connection has the new one', async () => {
    const at = await lab();
    await at.sessions.ready();
    const { id } = await at.sessions.create({ cart: [] });
    const { username } = at.application;
    await at.server.cli('ACL', 'SETUSER', username, 'resetpass', '>the-next');
    at.credentials = { username, password: 'the-next' };
    const isHit = async () => (await at.sessions.get(id))?.servedBy === 'primary';
    await until(isHit);
    expect(at.proxy.accepted).toBe(1);
    at.proxy.resetAll();
    await until(() => at.proxy.accepted === 2);
    await until(isHit);
  });
});

describe('a service that closes connections whose token has expired', () => {
  it('costs no call: the next connection has a new token, and Redis is used again', async () => {
    const at = await lab();
    const { username } = at.application;
    await at.sessions.ready();
    const { id } = await at.sessions.create({ cart: [] });
    for (const token of ['the-second-token', 'the-third-token']) {
      await at.server.cli('ACL', 'SETUSER', username, 'resetpass', `>${token}`);
      at.credentials = { username, password: token };
      const before = at.proxy.accepted;
      await at.server.cli('CLIENT', 'KILL', 'USER', username);
      const served: (string | undefined)[] = [];
      const isBack = async () => served[served.push((await at.sessions.get(id))?.servedBy) - 1] === 'primary';
      await until(async () => (await isBack()) && at.proxy.accepted > before);
      expect(served).not.toContain(undefined);
    }
  });
});

describe('client certificates', () => {
  const giving = async (at: Lab, options: Parameters<CertificateAuthority['issue']>[0] = {}) => {
    const { certificate, privateKey } = await at.authority.issue(options);
    at.tls = { ca: at.authority.ca, cert: certificate, key: privateKey };
  };
  const demanding = async (): Promise<Lab> => {
    const at = await lab();
    await at.server.config('tls-auth-clients', 'yes');
    await giving(at);
    await at.sessions.ready();
    return at;
  };
  const isHit = async ({ sessions }: Lab, id: string) => (await sessions.get(id))?.servedBy === 'primary';

  it('are read anew for each connection, so a renewed one is used without a restart', async () => {
    const at = await demanding();
    const { id } = await at.sessions.create({ cart: [] });
    await until(() => isHit(at, id));
    const { tls } = at;
    await giving(at);
    expect(at.tls.cert).not.toEqual(tls.cert);
    at.proxy.resetAll();
    await until(async () => at.proxy.accepted === 2 && (await isHit(at, id)));
  });

  it.each<[string, Parameters<CertificateAuthority['issue']>[0], RegExp]>([
    ['has expired', { expired: true }, /`tls\.cert` has expired/],
    ['is not valid yet', { early: true }, /`tls\.cert`.*not valid yet/],
  ])('show in health() if one %s', async (_, options, advice) => {
    const at = await demanding();
    await giving(at, options);
    at.proxy.resetAll();
    const primary = async () => (await at.sessions.health()).primary;
    await until(async () => advice.test((await primary()).advice ?? ''));
    expect((await primary()).reason).toMatch(/^ERR_SSL_.*ALERT/);
  });
});
