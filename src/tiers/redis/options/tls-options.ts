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

/**
 * Reads certificates and keys, so that what cannot work is refused before anything is connected. `option` is the name of the options in
 * messages.
 */
export function resolveTls(given: RedisTlsOptions, option: string = 'tls'): TlsSettings {
  if (typeof given === 'object' && given !== null && Object.hasOwn(given, 'rejectUnauthorized')) {
    throw invalid(
      `${option}.rejectUnauthorized is not an option: the server is always verified; put its authority in ${option}.ca`,
    );
  }
  const tls = requireOptions(`redisTier: ${option}`, given, NAMES);
  const { ca, cert, key, passphrase, servername, minVersion = 'TLSv1.2', ciphers = CIPHERS_DEFAULT } = tls;
  for (const pem of Array.isArray(ca) ? ca : [ca]) requireCertificate(`${option}.ca`, pem);
  requireCertificate(`${option}.cert`, cert);
  nonEmpty(`${option}.passphrase`, passphrase);
  requireKey(option, key, passphrase);
  if ((cert === undefined) !== (key === undefined))
    throw invalid(`${option}.cert and ${option}.key must be given together`);
  nonEmpty(`${option}.servername`, servername);
  nonEmpty(`${option}.ciphers`, ciphers);
  if (!VERSIONS.includes(minVersion)) throw invalid(`${option}.minVersion must be one of ${VERSIONS.join(', ')}`);
  return { servername, secureContext: contextOf(option, { ...tls, minVersion, ciphers }) };
}

function contextOf(option: string, tls: RedisTlsOptions): SecureContext {
  const { ca, cert, key, passphrase, minVersion, ciphers } = tls;
  const given = { ca, cert, key, passphrase, minVersion, ciphers };
  const options = Object.entries(given).filter(([, value]) => value !== undefined);
  try {
    return createSecureContext(Object.fromEntries(options) as SecureContextOptions);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH')
      throw invalid(`${option}.key is not the private key of ${option}.cert`);
    if (code === 'ERR_SSL_NO_CIPHER_MATCH') throw invalid(`${option}.ciphers names no cipher suite that OpenSSL knows`);
    throw invalid(`${option}.cert, .key and .ciphers do not make a client of TLS that OpenSSL accepts`);
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

function requireKey(option: string, value: unknown, passphrase: string | undefined): void {
  if (value === undefined) return;
  const key = requirePem(`${option}.key`, PRIVATE_KEY, value);
  try {
    createPrivateKey({ key, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    throw invalid(
      /ENCRYPTED/.test(key)
        ? `${option}.key is encrypted, and ${option}.passphrase does not open it`
        : `${option}.key cannot be read: it is cut off or altered`,
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
