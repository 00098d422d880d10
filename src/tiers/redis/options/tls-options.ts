import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { requireOptions } from '../../../option-checks.ts';
import { invalid, nonEmpty } from './option-values.ts';

/** Certificates and keys are PEM: text, or a `Buffer` of it. */
export interface RedisTlsOptions {
  /** The authorities to trust instead of those that Node trusts. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
  /** A client certificate, and its private key. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  /** Opens `key`, if that is encrypted. */
  readonly passphrase?: string;
  /**
   * The name that the server's certificate must carry.
   * @defaultValue the host of `url`
   */
  readonly servername?: string;
  /** @defaultValue `'TLSv1.2'` */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  /**
   * The cipher suites, in the spelling of OpenSSL, colons between them.
   * @defaultValue all of TLS 1.3, and those of TLS 1.2 with forward secrecy and authenticated encryption
   */
  readonly ciphers?: string;
}

/** The settings of a handshake. */
export interface TlsSettings {
  readonly secureContext: SecureContext;
  readonly servername: string | undefined;
}

const NAMES = ['ca', 'cert', 'key', 'passphrase', 'servername', 'minVersion', 'ciphers'];
const VERSIONS: readonly unknown[] = ['TLSv1.2', 'TLSv1.3'];

/**
 * The suites with forward secrecy: with key exchange by RSA alone, an attacker who gets the server's key later can read what was
 * recorded before. Suites of CBC are left out as well (RFC 9325 §4.2).
 */
const CIPHERS_DEFAULT = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':');

const CERTIFICATE = 'CERTIFICATE';
const PRIVATE_KEY = 'PRIVATE KEY';

/** Reads certificates and keys, so that what cannot work is refused before anything is connected. */
export function resolveTls(given: RedisTlsOptions): TlsSettings {
  if (typeof given === 'object' && given !== null && Object.hasOwn(given, 'rejectUnauthorized')) {
    throw invalid(
      'tls.rejectUnauthorized is not an option: the server is always verified; put its authority in tls.ca',
    );
  }
  const tls = requireOptions('redisTier: tls', given, NAMES);
  const { ca, cert, key, passphrase, servername, minVersion = 'TLSv1.2', ciphers = CIPHERS_DEFAULT } = tls;
  for (const pem of Array.isArray(ca) ? ca : [ca]) requireCertificate('tls.ca', pem);
  requireCertificate('tls.cert', cert);
  nonEmpty('tls.passphrase', passphrase);
  requireKey(key, passphrase);
  if ((cert === undefined) !== (key === undefined)) throw invalid('tls.cert and tls.key must be given together');
  nonEmpty('tls.servername', servername);
  nonEmpty('tls.ciphers', ciphers);
  if (!VERSIONS.includes(minVersion)) throw invalid(`tls.minVersion must be one of ${VERSIONS.join(', ')}`);
  return { servername, secureContext: contextOf({ ...tls, minVersion, ciphers }) };
}

function contextOf({ ca, cert, key, passphrase, minVersion, ciphers }: RedisTlsOptions): SecureContext {
  const given = { ca, cert, key, passphrase, minVersion, ciphers };
  const options = Object.entries(given).filter(([, value]) => value !== undefined);
  try {
    return createSecureContext(Object.fromEntries(options) as SecureContextOptions);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') throw invalid('tls.key is not the private key of tls.cert');
    if (code === 'ERR_SSL_NO_CIPHER_MATCH') throw invalid('tls.ciphers names no cipher suite that OpenSSL knows');
    throw invalid('tls.cert, tls.key and tls.ciphers do not make a client of TLS that OpenSSL accepts');
  }
}

function requireCertificate(name: string, value: unknown): void {
  if (value === undefined) return;
  const pem = requirePem(name, CERTIFICATE, value);
  try {
    // The first of them, and that nothing is left of another: OpenSSL passes over what is cut off.
    for (const block of pem.split(/(?<=-----END CERTIFICATE-----)/)) {
      if (block.includes('-----BEGIN')) void new X509Certificate(block);
    }
  } catch {
    throw invalid(`${name} holds a certificate that cannot be read: it is cut off or altered`);
  }
}

function requireKey(value: unknown, passphrase: string | undefined): void {
  if (value === undefined) return;
  const key = requirePem('tls.key', PRIVATE_KEY, value);
  try {
    createPrivateKey({ key, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    throw invalid(
      /ENCRYPTED/.test(key)
        ? 'tls.key is encrypted, and tls.passphrase does not open it'
        : 'tls.key cannot be read: it is cut off or altered',
    );
  }
}

/** Throws for anything but PEM. Node takes anything for PEM, and then refuses a server whose certificate is in order. */
function requirePem(name: string, label: string, value: unknown): string {
  const text = typeof value === 'string' || Buffer.isBuffer(value) ? value.toString() : '';
  if (new RegExp(`-----BEGIN (?:[A-Z0-9]+ )*${label}-----`).test(text)) return text;
  throw invalid(
    `${name} must be PEM text or a Buffer of it (-----BEGIN ${label}-----): readFileSync(path), not the path`,
  );
}
