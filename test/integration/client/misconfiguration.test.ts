import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigurationError, generateKeyRing, type KeyRing, SessionClient } from '../../../src/index.ts';
import { prismaTier } from '../../../src/tiers/prisma/index.ts';
import { redisTier, type RedisServerOptions } from '../../../src/tiers/redis/index.ts';
import { timed } from '../../support/real-client.ts';
import { createAuthority } from '../../support/servers/certificates.ts';
import { freshDatabase, sharedRedis, uniqueNamespace, type FreshDatabase } from '../../support/shared.ts';

/** A lasting mistake is reported this soon. */
const READY_BOUND_MS = 3_000;

let database: FreshDatabase;
let keys: KeyRing;
let foreignCa: string;
beforeAll(async () => {
  [database, keys] = await Promise.all([freshDatabase('postgresql'), generateKeyRing()]);
  foreignCa = (await (await createAuthority()).issue()).ca;
});
afterAll(() => database.close());

const redisOptions = (changes: Partial<RedisServerOptions> = {}): RedisServerOptions => {
  const { port, username, password, ca = '' } = sharedRedis();
  return { url: `rediss://127.0.0.1:${port}`, username, password, tls: { ca }, ...changes };
};

async function readiness(redis: RedisServerOptions, more: { namespace?: string; table?: string } = {}) {
  await using sessions = new SessionClient({
    keys,
    primary: redisTier(redis),
    durable: prismaTier(database.prisma, {
      provider: 'postgresql',
      ...(more.table === undefined ? {} : { table: more.table }),
    }),
    namespace: more.namespace ?? uniqueNamespace(),
  });
  return await timed(() => sessions.ready());
}

describe('ready() of a misconfigured client', () => {
  it('resolves when nothing is wrong', async () => {
    expect((await readiness(redisOptions())).error).toBeUndefined();
  });

  it.each<[string, () => RedisServerOptions, object, RegExp]>([
    [
      'a wrong password',
      () => redisOptions({ password: 'not-the-password' }),
      {},
      /primary tier \(redis\) is misconfigured: `username` or `password` is wrong.*\(WRONGPASS\)\. See docs\/operating\/redis\.md\./,
    ],
    [
      'an unknown user',
      () => redisOptions({ username: 'nobody' }),
      {},
      /`username` or `password` is wrong.*\(WRONGPASS\)/,
    ],
    [
      'no user where one is needed',
      () => ({ url: redisOptions().url!, tls: { ca: sharedRedis().ca ?? '' }, allowInsecure: true }),
      {},
      /give `username` and `password` \(NOAUTH\)/,
    ],
    [
      'a certificate of another authority',
      () => redisOptions({ tls: { ca: foreignCa } }),
      {},
      /is misconfigured: `tls\.ca` does not hold the authority .*\([A-Z_]+\)/,
    ],
    [
      'a certificate for another name',
      () => redisOptions({ tls: { ca: sharedRedis().ca ?? '', servername: 'elsewhere.test' } }),
      {},
      /does not name the host in `url`.*`tls\.servername` \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
    ],
    [
      'keys that the ACL does not cover',
      () => redisOptions(),
      { namespace: 'forbidden' },
      /ACL LOG on the server names .* \(NOPERM\)/,
    ],
    [
      'a table that is not there',
      () => redisOptions(),
      { table: 'not_there' },
      /durable tier \(prisma \(postgresql\)\) is misconfigured.*\(table-missing.*docs\/operating\/database\.md/,
    ],
  ])('says so loudly and soon: %s', async (_what, redis, more, message) => {
    const result = await readiness(redis(), more);
    expect(result.error).toBeInstanceOf(ConfigurationError);
    expect(String(result.error)).toMatch(message);
    expect(result.ms).toBeLessThan(READY_BOUND_MS);
  });

  it.each<[string, Partial<RedisServerOptions>]>([
    ['a plaintext url', { url: 'redis://127.0.0.1:6379' }],
    ['no url', { url: undefined as never }],
    ['another scheme', { url: 'https://127.0.0.1' }],
    ['certificates that are not verified', { tls: { rejectUnauthorized: false } as never }],
    ['an unknown option', { host: 'localhost' } as never],
  ])('is not even built: %s', (_what, changes) => {
    expect(() => redisTier(redisOptions(changes))).toThrow(ConfigurationError);
  });

  it('is not even built: no password', () => {
    const { password, ...rest } = redisOptions();
    expect(password).toBeDefined();
    expect(() => redisTier(rest)).toThrow(ConfigurationError);
  });
});
