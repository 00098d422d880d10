import { SENTINELS_MAX } from '../../../limits/sentinel.ts';
import { requireOptions } from '../../../option-checks.ts';
import { endpointOf, parseAddress } from './address.ts';
import { givenCredentials } from './credentials.ts';
import { invalid } from './option-values.ts';
import type { FoundServers } from './servers.ts';
import { resolveTls, type RedisTlsOptions } from './tls-options.ts';
import type { RedisCredentials, ServerAccess } from './topology.ts';

export interface SentinelOptions {
  /** The name under which the Sentinels watch the master: the first word after `sentinel monitor`. */
  readonly name: string;
  /** The Sentinels, all of them: `rediss://host[:port]` each. The port is 26379 unless given. */
  readonly nodes: readonly string[];
  /** @defaultValue the `default` user of the Sentinels */
  readonly username?: string;
  /** @defaultValue none: a Sentinel need not ask for one */
  readonly password?: string;
  /** A function in place of `username` and `password`, called before each attempt to connect to a Sentinel. */
  readonly credentials?: () => RedisCredentials | Promise<RedisCredentials>;
  /**
   * TLS at the Sentinels.
   * @defaultValue the `tls` of the servers
   */
  readonly tls?: RedisTlsOptions | (() => RedisTlsOptions | Promise<RedisTlsOptions>);
}

const NAMES = ['name', 'nodes', 'username', 'password', 'credentials', 'tls'];
const DEFAULT_PORT = 26_379;
/** The names that Sentinel accepts. */
const NAME = /^[A-Za-z0-9._-]{1,128}$/;

/** The options of the servers, which count for the Sentinels unless those have their own. */
export interface ServersTls {
  readonly tls: ServerAccess['tls'];
  readonly allowInsecure: boolean;
  /** True if the servers speak TLS though the Sentinels may not. */
  readonly speakTls: boolean;
}

/** Reads `sentinel`: Sentinels, which name the server. */
export function resolveSentinel(given: SentinelOptions, servers: ServersTls): FoundServers {
  const options = requireOptions('redisTier: sentinel', given, NAMES);
  const { name } = options;
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw invalid('sentinel.name must be the name after "sentinel monitor": letters, digits, ".", "-" and "_"');
  }
  const urls = nodeUrls(options.nodes);
  const isEncrypted = urls.every((url) => url.protocol === 'rediss:');
  if (!isEncrypted && !servers.allowInsecure) {
    throw invalid('sentinel.nodes must begin with rediss:// (TLS); allowInsecure: true permits redis:// on a laptop');
  }
  if (!isEncrypted && options.tls !== undefined) throw invalid('sentinel.tls needs nodes that begin with rediss://');
  const access: ServerAccess = {
    credentials: givenCredentials('sentinel.', options),
    tls: isEncrypted ? tlsOf(options.tls, servers) : undefined,
  };
  return {
    topology: {
      kind: 'sentinel',
      name,
      nodes: urls.map((url) => ({ ...access, endpoint: endpointOf(url, DEFAULT_PORT), db: 0 })),
    },
    option: 'sentinel.nodes',
    isEncrypted: isEncrypted || servers.speakTls,
  };
}

function tlsOf(own: SentinelOptions['tls'], servers: ServersTls): ServerAccess['tls'] {
  if (own === undefined) return servers.tls;
  return typeof own === 'function' ? own : resolveTls(own, 'sentinel.tls');
}

function nodeUrls(nodes: unknown): readonly URL[] {
  if (!Array.isArray(nodes) || nodes.length === 0 || nodes.length > SENTINELS_MAX) {
    throw invalid(`sentinel.nodes must be an array of 1 to ${SENTINELS_MAX} addresses, rediss://host[:port] each`);
  }
  const urls = nodes.map((node) => parseAddress('each of sentinel.nodes', node));
  for (const url of urls) {
    if (url.username !== '' || url.password !== '') {
      throw invalid('sentinel.nodes must hold no user and no password: give sentinel.username and sentinel.password');
    }
    if (!['', '/'].includes(url.pathname))
      throw invalid('sentinel.nodes must not end in a path: a Sentinel has no databases');
  }
  const places = urls.map((url) => JSON.stringify(endpointOf(url, DEFAULT_PORT)));
  if (new Set(places).size < urls.length) throw invalid('sentinel.nodes must name each Sentinel once');
  if (new Set(urls.map((url) => url.protocol)).size > 1) throw invalid('sentinel.nodes must all begin with rediss://');
  return urls;
}
