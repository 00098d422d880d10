import { ConfigurationError } from '../../errors.ts';

export interface RedisTlsOptions {
  /** PEM of the authorities to trust instead of those that Node trusts. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
  /** PEM of a client certificate, and of its private key. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  /**
   * The name that the server's certificate must carry.
   * @defaultValue the host of `url`
   */
  readonly servername?: string;
}

export interface RedisTierOptions {
  /** `rediss://[user:password@]host[:port][/db]`. The port is 6379 and the database 0 unless given. */
  readonly url: string;
  /** @defaultValue the user name in `url`, else the server's `default` user */
  readonly username?: string;
  /** @defaultValue the password in `url` */
  readonly password?: string;
  readonly tls?: RedisTlsOptions;
  /**
   * Allows `redis://` (no encryption on the wire) and a server without authentication. For a laptop only: whoever can
   * reach or overhear such a server can end and replay sessions, though never read or forge them.
   * @defaultValue false
   */
  readonly allowInsecure?: boolean;
}

/** Which servers there are and how the one to talk to is found. Sentinel and Cluster become further members. */
export type Topology = { readonly kind: 'standalone'; readonly host: string; readonly port: number };

export interface ResolvedRedisOptions {
  readonly topology: Topology;
  readonly db: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Undefined without TLS. */
  readonly tls: RedisTlsOptions | undefined;
}

const OPTION_NAMES = ['url', 'username', 'password', 'tls', 'allowInsecure'] as const;
const TLS_OPTION_NAMES = ['ca', 'cert', 'key', 'servername'] as const;
const DEFAULT_PORT = 6379;
/** More than any server is configured for; it knows its own limit and says so. */
const DB_MAX = 16_383;

/** No message quotes a value: a URL may hold a password, and so may a misplaced option. */
export function resolveRedisOptions(options: RedisTierOptions): ResolvedRedisOptions {
  requireObject('expected one object with options', options);
  requireKnown(options, OPTION_NAMES, '');
  const { allowInsecure = false } = options;
  if (typeof allowInsecure !== 'boolean') throw invalid('allowInsecure must be true or false');

  const url = parseUrl(options.url);
  const isEncrypted = url.protocol === 'rediss:';
  if (!isEncrypted && !allowInsecure) {
    throw invalid('url must begin with rediss:// (TLS); allowInsecure: true permits redis:// to a server on a laptop');
  }
  if (!isEncrypted && options.tls !== undefined) throw invalid('tls needs a url that begins with rediss://');

  const tls = resolveTls(options.tls);
  const username = nonEmpty('username', options.username) ?? fromUrl(url.username);
  const password = nonEmpty('password', options.password) ?? fromUrl(url.password);
  if (username !== undefined && password === undefined) throw invalid('username needs a password');
  if (password === undefined && tls.cert === undefined && !allowInsecure) {
    throw invalid('password is missing, and there is no client certificate (tls.cert and tls.key) in its place');
  }
  return {
    topology: { kind: 'standalone', host: hostOf(url), port: url.port === '' ? DEFAULT_PORT : Number(url.port) },
    db: dbOf(url),
    username,
    password,
    tls: isEncrypted ? tls : undefined,
  };
}

function parseUrl(text: unknown): URL {
  const url = typeof text === 'string' ? URL.parse(text) : null;
  const isRedis =
    url !== null && ['redis:', 'rediss:'].includes(url.protocol) && url.hostname !== '' && url.port !== '0';
  if (!isRedis) throw invalid('url must be of the form rediss://[user:password@]host[:port][/db]');
  if (url.search !== '' || url.hash !== '') throw invalid('url must have no query and no fragment');
  return url;
}

/** IPv6 addresses stand in brackets in a URL, and nowhere else. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

function dbOf({ pathname }: URL): number {
  if (pathname === '' || pathname === '/') return 0;
  const db = /^\/\d{1,5}$/.test(pathname) ? Number(pathname.slice(1)) : Number.NaN;
  if (!(db <= DB_MAX)) throw invalid(`url may end in a database number from 0 to ${DB_MAX} and in nothing else`);
  return db;
}

function fromUrl(encoded: string): string | undefined {
  if (encoded === '') return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw invalid('url holds a user name or password that is not percent-encoded properly');
  }
}

function resolveTls(tls: RedisTlsOptions = {}): RedisTlsOptions {
  requireObject('tls must be an object', tls);
  if ('rejectUnauthorized' in tls) {
    throw invalid(
      'tls.rejectUnauthorized is not an option: the server is always verified; put its authority in tls.ca',
    );
  }
  requireKnown(tls, TLS_OPTION_NAMES, 'tls.');
  const { ca, cert, key, servername } = tls;
  for (const pem of Array.isArray(ca) ? ca : [ca]) requirePem('tls.ca', 'CERTIFICATE', pem);
  requirePem('tls.cert', 'CERTIFICATE', cert);
  requirePem('tls.key', 'PRIVATE KEY', key);
  if ((cert === undefined) !== (key === undefined)) throw invalid('tls.cert and tls.key must be given together');
  nonEmpty('tls.servername', servername);
  return tls;
}

/** Node takes anything for PEM, and a server is then refused for a certificate that nobody can find fault with. */
function requirePem(name: string, label: string, value: unknown): void {
  if (value === undefined) return;
  const text = typeof value === 'string' || Buffer.isBuffer(value) ? value.toString() : '';
  if (new RegExp(`-----BEGIN (?:[A-Z0-9]+ )*${label}-----`).test(text)) return;
  throw invalid(
    `${name} must be PEM text or a Buffer of it (-----BEGIN ${label}-----): readFileSync(path), not the path`,
  );
}

function nonEmpty(name: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw invalid(`${name} must be a string that is not empty, or left out`);
}

function requireObject(problem: string, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(problem);
}

/** Only what looks like a name is quoted: it could be a whole URL in the wrong place. */
function requireKnown(options: object, known: readonly string[], prefix: string): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const subject = /^[A-Za-z]\w{0,31}$/.test(unknown) ? `${prefix}${unknown}` : 'one of the names';
  throw invalid(`${subject} is not an option; the options are ${known.map((name) => prefix + name).join(', ')}`);
}

function invalid(problem: string): ConfigurationError {
  return new ConfigurationError(`redisTier: ${problem}.`);
}
