import { requireOptions } from '../../../option-checks.ts';
import { invalid, nonEmpty } from './option-values.ts';
import type { FoundServers } from './servers.ts';
import { resolveStandalone } from './standalone-options.ts';
import { resolveTls, type RedisTlsOptions } from './tls-options.ts';
import type { RedisCredentials, ServerAccess, Topology } from './topology.ts';

export interface RedisTierOptions {
  /** One server: `rediss://[user:password@]host[:port][/db]`. The port is 6379 and the database 0 unless given. */
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

export interface ResolvedRedisOptions extends ServerAccess {
  readonly topology: Topology;
}

const OPTION_NAMES = ['url', 'username', 'password', 'credentials', 'tls', 'allowInsecure'];

export function resolveRedisOptions(given: RedisTierOptions): ResolvedRedisOptions {
  const options = requireOptions('redisTier', given, OPTION_NAMES);
  const { allowInsecure = false, tls = {} } = options;
  if (typeof allowInsecure !== 'boolean') throw invalid('allowInsecure must be true or false');

  const servers = serversOf(options);
  const { topology, isEncrypted } = servers;
  if (!isEncrypted && !allowInsecure) {
    throw invalid('url must begin with rediss:// (TLS); allowInsecure: true permits redis:// to a server on a laptop');
  }
  if (!isEncrypted && options.tls !== undefined) throw invalid('tls needs a url that begins with rediss://');

  const credentials = credentialsOf(options, servers);
  const resolvedTls = typeof tls === 'function' ? tls : resolveTls(tls);
  const hasCertificate = typeof tls === 'function' || (Object.hasOwn(tls, 'cert') && tls.cert !== undefined);
  if (credentials === undefined && !hasCertificate && !allowInsecure) {
    throw invalid('password is missing, and there is no client certificate (tls.cert and tls.key) in its place');
  }
  return { topology, credentials, tls: isEncrypted ? resolvedTls : undefined };
}

/** The option that names the servers says how to find them. */
function serversOf({ url }: RedisTierOptions): FoundServers {
  return resolveStandalone(url);
}

function credentialsOf(options: RedisTierOptions, servers: FoundServers): ServerAccess['credentials'] {
  const username = nonEmpty('username', options.username) ?? servers.username;
  const password = nonEmpty('password', options.password) ?? servers.password;
  if (options.credentials !== undefined) {
    if (typeof options.credentials !== 'function') throw invalid('credentials must be a function');
    if (username === undefined && password === undefined) return options.credentials;
    throw invalid('credentials come in place of username and password, in url as well');
  }
  if (password !== undefined) return { password, ...(username === undefined ? {} : { username }) };
  if (username !== undefined) throw invalid('username needs a password');
  return undefined;
}
