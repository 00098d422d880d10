import { requireOptions } from '../../../option-checks.ts';
import { invalid, nonEmpty } from './option-values.ts';
import { resolveTls, type RedisTlsOptions, type TlsSettings } from './tls-options.ts';

export interface RedisCredentials {
  /** @defaultValue the server's `default` user */
  readonly username?: string;
  readonly password: string;
}

export interface RedisTierOptions {
  /** `rediss://[user:password@]host[:port][/db]`. The port is 6379 and the database 0 unless given. */
  readonly url: string;
  /** @defaultValue the user name in `url`, else the server's `default` user */
  readonly username?: string;
  /** @defaultValue the password in `url` */
  readonly password?: string;
  /**
   * A function in place of `username` and `password`, called before each attempt to connect, for passwords and tokens that change. A
   * connection that is open is left as it is.
   */
  readonly credentials?: () => RedisCredentials | Promise<RedisCredentials>;
  /** A function is asked before each attempt to connect, for certificates that change. */
  readonly tls?: RedisTlsOptions | (() => RedisTlsOptions | Promise<RedisTlsOptions>);
  /**
   * Allows `redis://` (no encryption on the wire) and a server without authentication. For a laptop only: anyone who can
   * reach or overhear such a server can end and replay sessions, though never read or forge them.
   * @defaultValue false
   */
  readonly allowInsecure?: boolean;
}

/** The servers there are, and how the one to talk to is found. Sentinel and Cluster become further members. */
export type Topology = { readonly kind: 'standalone'; readonly host: string; readonly port: number };

export interface ResolvedRedisOptions {
  readonly topology: Topology;
  readonly db: number;
  readonly credentials: RedisCredentials | (() => RedisCredentials | Promise<RedisCredentials>) | undefined;
  /** Undefined without TLS. */
  readonly tls: TlsSettings | (() => RedisTlsOptions | Promise<RedisTlsOptions>) | undefined;
}

const OPTION_NAMES = ['url', 'username', 'password', 'credentials', 'tls', 'allowInsecure'];
const DEFAULT_PORT = 6379;
/** The bound on database numbers, above any server's own limit, which the server reports. */
const DB_MAX = 16_383;

export function resolveRedisOptions(given: RedisTierOptions): ResolvedRedisOptions {
  const options = requireOptions('redisTier', given, OPTION_NAMES);
  const { allowInsecure = false } = options;
  if (typeof allowInsecure !== 'boolean') throw invalid('allowInsecure must be true or false');

  const url = parseUrl(options.url);
  const isEncrypted = url.protocol === 'rediss:';
  if (!isEncrypted && !allowInsecure) {
    throw invalid('url must begin with rediss:// (TLS); allowInsecure: true permits redis:// to a server on a laptop');
  }
  if (!isEncrypted && options.tls !== undefined) throw invalid('tls needs a url that begins with rediss://');

  const { tls = {} } = options;
  const credentials = credentialsOf(options, url);
  const resolvedTls = typeof tls === 'function' ? tls : resolveTls(tls);
  const hasCertificate = typeof tls === 'function' || (Object.hasOwn(tls, 'cert') && tls.cert !== undefined);
  if (credentials === undefined && !hasCertificate && !allowInsecure) {
    throw invalid('password is missing, and there is no client certificate (tls.cert and tls.key) in its place');
  }
  return {
    topology: { kind: 'standalone', host: hostOf(url), port: url.port === '' ? DEFAULT_PORT : Number(url.port) },
    db: dbOf(url),
    credentials,
    tls: isEncrypted ? resolvedTls : undefined,
  };
}

function credentialsOf(options: RedisTierOptions, url: URL): ResolvedRedisOptions['credentials'] {
  const username = nonEmpty('username', options.username) ?? fromUrl(url.username);
  const password = nonEmpty('password', options.password) ?? fromUrl(url.password);
  if (options.credentials !== undefined) {
    if (typeof options.credentials !== 'function') throw invalid('credentials must be a function');
    if (username === undefined && password === undefined) return options.credentials;
    throw invalid('credentials come in place of username and password, in url as well');
  }
  if (password !== undefined) return { password, ...(username === undefined ? {} : { username }) };
  if (username !== undefined) throw invalid('username needs a password');
  return undefined;
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
