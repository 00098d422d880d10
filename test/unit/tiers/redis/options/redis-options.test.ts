import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { beforeAll, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../../../../src/errors.ts';
import { redisTier } from '../../../../../src/tiers/redis/index.ts';
import { resolveRedisOptions, type RedisTierOptions } from '../../../../../src/tiers/redis/options/redis-options.ts';
import type { RedisTlsOptions } from '../../../../../src/tiers/redis/options/tls-options.ts';
import { createAuthority, type ServerCertificates } from '../../../../support/servers/certificates.ts';

const SECRET = 'canary-secret';
const URL_WITH_SECRET = `rediss://shop:${SECRET}@sessions.internal:6380`;

let pem: ServerCertificates;
beforeAll(async () => {
  pem = await (await createAuthority()).issue();
});

describe('the options of redisTier', () => {
  it('take a url alone', () => {
    expect(resolveRedisOptions({ url: URL_WITH_SECRET })).toEqual({
      topology: { kind: 'standalone', endpoint: { host: 'sessions.internal', port: 6380 }, db: 0 },
      credentials: { username: 'shop', password: SECRET },
      tls: { secureContext: expect.anything(), servername: undefined },
    });
  });

  it('beside the url win over those inside it', () => {
    const options = resolveRedisOptions({ url: URL_WITH_SECRET, username: 'blog', password: 'other' });
    expect(options.credentials).toEqual({ username: 'blog', password: 'other' });
  });

  it('undo percent-encoding, and brackets around IPv6', () => {
    const options = resolveRedisOptions({ url: 'rediss://a%3Ab:p%40ss%2F@[::1]/7' });
    expect(options).toMatchObject({ credentials: { username: 'a:b', password: 'p@ss/' } });
    expect(options.topology).toEqual({ kind: 'standalone', endpoint: { host: '::1', port: 6379 }, db: 7 });
  });

  it('take a client certificate in place of a password', () => {
    const tls = {
      ca: [pem.ca, Buffer.from(pem.ca)],
      cert: pem.certificate,
      key: Buffer.from(pem.privateKey),
      servername: 'name',
    };
    const options = resolveRedisOptions({ url: 'rediss://host', tls });
    expect(options).toMatchObject({ credentials: undefined, tls: { servername: 'name' } });
  });

  it('take what is insecure if `allowInsecure` is true', () => {
    const options = resolveRedisOptions({ url: 'redis://localhost', allowInsecure: true });
    expect(options).toMatchObject({ credentials: undefined, tls: undefined });
    expect(resolveRedisOptions({ url: 'rediss://localhost', allowInsecure: true }).tls).toBeDefined();
  });

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /expected an object/],
    ['a url in their place', URL_WITH_SECRET, /expected an object/],
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
    [
      'an unknown option',
      { url: URL_WITH_SECRET, host: 'x' },
      /unknown option 'host'; expected url, cluster, sentinel, username, password/,
    ],
    ['a client of its own', { client: {}, password: SECRET }, /client is not an option: .*connection of its own/],
    ['one by another name', { url: URL_WITH_SECRET, redis: {} }, /redis is not an option/],
    ['a client in place of options', new Redis({ lazyConnect: true, password: SECRET }), /a client of Redis is not/],
    ['a value for a name', { url: URL_WITH_SECRET, [URL_WITH_SECRET]: 1 }, /unknown option with another name/],
    ['allowInsecure of another type', { url: URL_WITH_SECRET, allowInsecure: 'yes' }, /true or false/],
    ['tls of another type', { url: URL_WITH_SECRET, tls: true }, /tls: expected an object/],
    ['tls: null', { url: URL_WITH_SECRET, tls: null }, /tls: expected an object/],
    ['no verification', { url: URL_WITH_SECRET, tls: { rejectUnauthorized: false } }, /always verified.*tls\.ca/],
    ['verification spelled out', { url: URL_WITH_SECRET, tls: { rejectUnauthorized: true } }, /is not an option/],
    ['an unknown tls option', { url: URL_WITH_SECRET, tls: { cipher: 'x' } }, /tls: unknown option 'cipher'/],
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
    [
      'an old version of TLS',
      { url: URL_WITH_SECRET, tls: { minVersion: 'TLSv1.1' } },
      /tls\.minVersion must be one of TLSv1\.2/,
    ],
    ['unknown ciphers', { url: URL_WITH_SECRET, tls: { ciphers: 'NOPE' } }, /tls\.ciphers names no cipher/],
    ['ciphers of another type', { url: URL_WITH_SECRET, tls: { ciphers: ['x'] } }, /tls\.ciphers must be a string/],
    ['an empty passphrase', { url: URL_WITH_SECRET, tls: { passphrase: '' } }, /tls\.passphrase must be a string/],
    ['credentials twice', { url: URL_WITH_SECRET, credentials: () => ({ password: 'x' }) }, /in place of username/],
    [
      'credentials that are no function',
      { url: 'rediss://host', credentials: { password: SECRET } },
      /must be a function/,
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

  it('refuse certificates and keys that cannot work, before anything is connected', async () => {
    const refusal = (tls: RedisTlsOptions) => errorOf(() => redisTier({ url: URL_WITH_SECRET, tls })).message;
    const { ca, certificate: cert, privateKey: key } = pem;
    const other = await (await createAuthority()).issue();
    expect(refusal({ cert, key: other.privateKey })).toMatch(/tls\.key is not the private key of tls\.cert/);
    expect(refusal({ cert: cert.slice(0, 300), key })).toMatch(/tls\.cert holds a certificate that cannot be read/);
    expect(refusal({ cert, key: key.slice(0, 100) })).toMatch(/tls\.key cannot be read/);
    expect(refusal({ ca: ca.slice(0, 300) })).toMatch(/tls\.ca holds a certificate that cannot be read/);
    expect(refusal({ ca: `${ca}\n${other.ca.slice(0, 300)}` })).toMatch(/tls\.ca holds a certificate that cannot/);
  });

  it('open an encrypted key with its passphrase, and with no other', () => {
    const { privateKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: SECRET },
    });
    const refusal = (passphrase?: string) => {
      const tls = { cert: pem.certificate, key: privateKey, ...(passphrase === undefined ? {} : { passphrase }) };
      return errorOf(() => redisTier({ url: URL_WITH_SECRET, tls })).message;
    };
    expect(refusal()).toMatch(/is encrypted, and tls\.passphrase does not open it/);
    expect(refusal('another')).toMatch(/is encrypted, and tls\.passphrase does not open it/);
    expect(refusal(SECRET)).toMatch(/tls\.key is not the private key of tls\.cert/);
  });

  it('count only where they are given, not where a prototype has them', () => {
    const given = Object.assign(Object.create({ allowInsecure: true }) as object, { url: 'redis://x' });
    expect(errorOf(() => redisTier(given as RedisTierOptions)).message).toMatch(/must begin with rediss/);
    const tls = Object.create({ servername: 'elsewhere' }) as RedisTlsOptions;
    expect(resolveRedisOptions({ url: URL_WITH_SECRET, tls }).tls).toMatchObject({ servername: undefined });
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
