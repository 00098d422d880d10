import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../../../src/errors.ts';
import { redisTier } from '../../../../src/tiers/redis/index.ts';
import {
  resolveRedisOptions,
  type RedisTierOptions,
  type RedisTlsOptions,
} from '../../../../src/tiers/redis/redis-options.ts';
import { createAuthority, type ServerCertificates } from '../../../support/servers/certificates.ts';

const SECRET = 'canary-secret';
const URL_WITH_SECRET = `rediss://shop:${SECRET}@sessions.internal:6380`;

let pem: ServerCertificates;
beforeAll(async () => {
  pem = await (await createAuthority()).issue();
});

describe('the options of redisTier', () => {
  it('take a url alone', () => {
    expect(resolveRedisOptions({ url: URL_WITH_SECRET })).toEqual({
      topology: { kind: 'standalone', host: 'sessions.internal', port: 6380 },
      db: 0,
      username: 'shop',
      password: SECRET,
      tls: {},
    });
  });

  it('beside the url win over those inside it', () => {
    const options = resolveRedisOptions({ url: URL_WITH_SECRET, username: 'blog', password: 'other' });
    expect(options).toMatchObject({ username: 'blog', password: 'other' });
  });

  it('undo percent-encoding, and brackets around IPv6', () => {
    const options = resolveRedisOptions({ url: 'rediss://a%3Ab:p%40ss%2F@[::1]/7' });
    expect(options).toMatchObject({ username: 'a:b', password: 'p@ss/', db: 7 });
    expect(options.topology).toEqual({ kind: 'standalone', host: '::1', port: 6379 });
  });

  it('take a client certificate in place of a password', () => {
    const tls = {
      ca: [pem.ca, Buffer.from(pem.ca)],
      cert: pem.certificate,
      key: Buffer.from(pem.privateKey),
      servername: 'name',
    };
    const options = resolveRedisOptions({ url: 'rediss://host', tls });
    expect(options).toMatchObject({ password: undefined, tls });
  });

  it('take what is insecure when told so', () => {
    const options = resolveRedisOptions({ url: 'redis://localhost', allowInsecure: true });
    expect(options).toMatchObject({ password: undefined, tls: undefined });
    expect(resolveRedisOptions({ url: 'rediss://localhost', allowInsecure: true }).tls).toEqual({});
  });

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /one object/],
    ['a url in their place', URL_WITH_SECRET, /one object/],
    ['no url', { password: SECRET }, /url must be of the form rediss:/],
    ['a url that is none', { url: `${SECRET} not a url` }, /url must be of the form/],
    ['another scheme', { url: `https://x:${SECRET}@host` }, /url must be of the form/],
    ['no host', { url: 'rediss://' }, /url must be of the form/],
    ['port 0', { url: 'rediss://host:0', password: SECRET }, /url must be of the form/],
    ['a port that is none', { url: `rediss://x:${SECRET}@host:99999` }, /url must be of the form/],
    ['a query', { url: `rediss://x:${SECRET}@host?db=1` }, /no query/],
    ['a path that is no database', { url: `rediss://x:${SECRET}@host/cache` }, /from 0 to 16383/],
    ['a database out of range', { url: `rediss://x:${SECRET}@host/16384` }, /from 0 to 16383/],
    ['bad percent-encoding', { url: 'rediss://x:%zz@host' }, /percent-encoded/],
    ['plaintext', { url: `redis://x:${SECRET}@host` }, /rediss:\/\/ .*allowInsecure/],
    ['no password', { url: 'rediss://host' }, /password is missing/],
    ['a user without a password', { url: 'rediss://host', username: 'shop', allowInsecure: true }, /needs a password/],
    ['an empty password', { url: 'rediss://host', password: '' }, /password must be a string/],
    ['a password of another type', { url: 'rediss://host', password: 12_345 }, /password must be a string/],
    ['an unknown option', { url: URL_WITH_SECRET, host: 'x' }, /host is not an option; .*url, username, password/],
    ['a value for a name', { url: URL_WITH_SECRET, [URL_WITH_SECRET]: 1 }, /one of the names is not an option/],
    ['allowInsecure of another type', { url: URL_WITH_SECRET, allowInsecure: 'yes' }, /true or false/],
    ['tls of another type', { url: URL_WITH_SECRET, tls: true }, /tls must be an object/],
    ['tls: null', { url: URL_WITH_SECRET, tls: null }, /tls must be an object/],
    ['no verification', { url: URL_WITH_SECRET, tls: { rejectUnauthorized: false } }, /always verified.*tls\.ca/],
    ['verification spelled out', { url: URL_WITH_SECRET, tls: { rejectUnauthorized: true } }, /is not an option/],
    ['an unknown tls option', { url: URL_WITH_SECRET, tls: { ciphers: 'x' } }, /tls\.ciphers is not an option/],
    ['a ca that is no PEM', { url: URL_WITH_SECRET, tls: { ca: 5 } }, /tls\.ca must be PEM/],
    ['a list with an empty ca', { url: URL_WITH_SECRET, tls: { ca: [''] } }, /tls\.ca must be PEM/],
    [
      'a path for a ca',
      { url: URL_WITH_SECRET, tls: { ca: '/etc/redis/ca.pem' } },
      /readFileSync\(path\), not the path/,
    ],
    [
      'a path for a cert',
      { url: URL_WITH_SECRET, tls: { cert: 'cert.pem' } },
      /tls\.cert must be PEM.*BEGIN CERTIFICATE/,
    ],
    [
      'a path for a key',
      { url: URL_WITH_SECRET, tls: { key: Buffer.from('key.pem') } },
      /tls\.key must be PEM.*BEGIN PRIVATE/,
    ],
    ['an empty servername', { url: URL_WITH_SECRET, tls: { servername: '' } }, /tls\.servername/],
    ['tls without encryption', { url: 'redis://host', tls: {}, allowInsecure: true }, /tls needs a url/],
  ])('refuse %s, and print no credential', (_, options, message) => {
    const error = errorOf(() => redisTier(options as RedisTierOptions));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toMatch(/^redisTier: /);
    expect(error.message).toMatch(message);
    expect(inspect(error)).not.toContain(SECRET);
  });

  it('refuse a certificate without its key, and a key in place of a certificate', () => {
    const refusal = (tls: RedisTlsOptions) => errorOf(() => redisTier({ url: URL_WITH_SECRET, tls })).message;
    expect(refusal({ cert: pem.certificate })).toMatch(/given together/);
    expect(refusal({ key: pem.privateKey })).toMatch(/given together/);
    expect(refusal({ cert: pem.privateKey, key: pem.certificate })).toMatch(/tls\.cert must be PEM/);
  });

  it('keep no credential where an inspector sees it', () => {
    const tier = redisTier({ url: URL_WITH_SECRET });
    expect(inspect(tier, { depth: 9, showHidden: true })).not.toContain(SECRET);
    expect(JSON.stringify(tier)).not.toContain(SECRET);
  });
});

function errorOf(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was accepted');
}
