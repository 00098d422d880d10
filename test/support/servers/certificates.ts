import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** PEM texts for one server: what it shows, and what a client needs to believe it. */
export interface ServerCertificates {
  readonly ca: string;
  readonly certificate: string;
  readonly privateKey: string;
}

/**
 * A certificate authority that lives as long as the test run. Nothing is checked in, so nothing can expire in the
 * repository, and no private key of ours is ever trusted by anybody else.
 */
export interface CertificateAuthority {
  readonly ca: string;
  issue(options?: IssueOptions): Promise<ServerCertificates>;
}

export interface IssueOptions {
  /** DNS names and addresses the certificate is good for. */
  readonly names?: readonly string[];
  /** Issue a certificate that was good once: its life ended an hour ago. */
  readonly expired?: boolean;
  /** Issue a certificate whose life begins in an hour. */
  readonly early?: boolean;
  /** How many days it is good for. @defaultValue 7 */
  readonly days?: number;
  /** With a key of RSA, for key exchange without forward secrecy. @defaultValue false */
  readonly rsa?: boolean;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
} as const;

const newKeys = () => crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

/** A new authority that no other authority vouches for: two of them make the test of a wrong CA. */
export async function createAuthority(name = 'holdfast test authority'): Promise<CertificateAuthority> {
  const keys = await newKeys();
  const now = Date.now();
  const root = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + 30 * DAY_MS),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });

  return {
    ca: root.toString('pem'),
    async issue(options = {}) {
      const serverKeys = options.rsa ? await crypto.subtle.generateKey(RSA, true, ['sign', 'verify']) : await newKeys();
      const end = options.expired ? now - HOUR_MS : now + (options.days ?? 7) * DAY_MS;
      const certificate: X509Certificate = await X509CertificateGenerator.create({
        subject: 'CN=holdfast test server',
        issuer: root.subject,
        publicKey: serverKeys.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        notBefore: new Date(options.early ? now + HOUR_MS : end - ((options.days ?? 7) + 1) * DAY_MS),
        notAfter: new Date(end),
        extensions: [
          new BasicConstraintsExtension(false),
          // A replica and a node of a cluster are clients of their peers, with the same certificate.
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
          new SubjectAlternativeNameExtension((options.names ?? ['localhost', '127.0.0.1']).map(alternativeName)),
        ],
      });
      const pkcs8 = await crypto.subtle.exportKey('pkcs8', serverKeys.privateKey);
      return {
        ca: root.toString('pem'),
        certificate: certificate.toString('pem'),
        privateKey: PemConverter.encode(pkcs8, 'PRIVATE KEY'),
      };
    },
  };
}

const alternativeName = (name: string): { type: 'ip' | 'dns'; value: string } => ({
  type: /^[\d.]+$/.test(name) ? 'ip' : 'dns',
  value: name,
});
