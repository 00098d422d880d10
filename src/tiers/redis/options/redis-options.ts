import { requireOptions } from '../../../option-checks.ts';
import { resolveCluster, type ClusterOptions } from './cluster-options.ts';
import { givenCredentials } from './credentials.ts';
import { invalid } from './option-values.ts';
import { resolveSentinel, type SentinelOptions, type ServersTls } from './sentinel-options.ts';
import type { FoundServers } from './servers.ts';
import { resolveStandalone } from './standalone-options.ts';
import { resolveTls, type RedisTlsOptions } from './tls-options.ts';
import type { RedisCredentials, ServerAccess, Topology } from './topology.ts';

/** The options of every server. */
export interface RedisAccessOptions {
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

/** The options of a single server. */
export interface RedisServerOptions extends RedisAccessOptions {
  /** `rediss://[user:password@]host[:port][/db]`. The port is 6379 and the database 0 unless given. */
  readonly url: string;
  readonly cluster?: never;
  readonly sentinel?: never;
}

/** The options of a master that Sentinels name. Its database is 0. */
export interface RedisSentinelOptions extends RedisAccessOptions {
  readonly sentinel: SentinelOptions;
  readonly cluster?: never;
  readonly url?: never;
}

/** The options of a cluster. */
export interface RedisClusterOptions extends RedisAccessOptions {
  readonly cluster: ClusterOptions;
  readonly sentinel?: never;
  readonly url?: never;
}

export type RedisTierOptions = RedisClusterOptions | RedisSentinelOptions | RedisServerOptions;

export interface ResolvedRedisOptions extends ServerAccess {
  readonly topology: Topology;
}

const OPTION_NAMES = ['url', 'cluster', 'sentinel', 'username', 'password', 'credentials', 'tls', 'allowInsecure'];

export function resolveRedisOptions(given: RedisTierOptions): ResolvedRedisOptions {
  refuseClient(given);
  const options = requireOptions('redisTier', given, OPTION_NAMES);
  const { allowInsecure = false, tls = {} } = options;
  if (typeof allowInsecure !== 'boolean') throw invalid('allowInsecure must be true or false');

  const resolvedTls = typeof tls === 'function' ? tls : resolveTls(tls);
  const servers = serversOf(options, { tls: resolvedTls, speakTls: options.tls !== undefined, allowInsecure });
  const { topology, isEncrypted } = servers;
  if (!isEncrypted && !allowInsecure) {
    throw invalid(
      `${servers.option} must begin with rediss:// (TLS); allowInsecure: true permits redis:// to a server on a laptop`,
    );
  }
  if (!isEncrypted && options.tls !== undefined)
    throw invalid(`tls needs a ${servers.option} that begins with rediss://`);

  const credentials = givenCredentials('', options, servers);
  const hasCertificate = typeof tls === 'function' || (Object.hasOwn(tls, 'cert') && tls.cert !== undefined);
  if (credentials === undefined && !hasCertificate && !allowInsecure) {
    throw invalid('password is missing, and there is no client certificate (tls.cert and tls.key) in its place');
  }
  return { topology, credentials, tls: isEncrypted ? resolvedTls : undefined };
}

/** The options under which a client of Redis may be given to a library. */
const CLIENTS = ['client', 'redis', 'connection'];

/**
 * Refuses a client of the application: its defaults keep commands while the server is away and send them later, and what else the
 * application does with it (SELECT, MULTI, a subscription, a blocking command) would hit the sessions.
 */
function refuseClient(given: unknown): void {
  if (typeof given !== 'object' || given === null) return;
  const isClient = 'sendCommand' in given && typeof given.sendCommand === 'function';
  const option = CLIENTS.find((name) => Object.hasOwn(given, name));
  if (!isClient && option === undefined) return;
  throw invalid(
    `${option ?? 'a client of Redis'} is not an option: the tier makes a connection of its own, whose commands fail fast and are never sent twice; give url, username, password and tls`,
  );
}

/** The option that names the servers says how to find them. */
function serversOf({ url, cluster, sentinel }: RedisTierOptions, given: ServersTls): FoundServers {
  const named = { url, cluster, sentinel };
  const [one = 'url', other] = Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (other !== undefined) throw invalid(`${one} and ${other} exclude each other: each names the servers`);
  if (cluster !== undefined) return resolveCluster(cluster);
  return sentinel === undefined ? resolveStandalone(url) : resolveSentinel(sentinel, given);
}
