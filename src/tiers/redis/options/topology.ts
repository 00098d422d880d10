import type { RedisTlsOptions, TlsSettings } from './tls-options.ts';

export interface RedisCredentials {
  /** @defaultValue the server's `default` user */
  readonly username?: string;
  readonly password: string;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface StandaloneTopology {
  readonly kind: 'standalone';
  readonly endpoint: Endpoint;
  readonly db: number;
}

export interface ClusterTopology {
  readonly kind: 'cluster';
  /** The nodes to ask for the others. */
  readonly nodes: readonly Endpoint[];
  /** Returns where a node is reached that announces this endpoint. */
  readonly reach: (announced: Endpoint) => Endpoint;
}

export interface SentinelTopology {
  readonly kind: 'sentinel';
  /** The name under which the Sentinels watch the master. */
  readonly name: string;
  /** The Sentinels. */
  readonly nodes: readonly ServerOptions[];
}

/** The servers there are, and how those to talk to are found. */
export type Topology = ClusterTopology | SentinelTopology | StandaloneTopology;

/** The credentials and certificates that every server asks for. */
export interface ServerAccess {
  readonly credentials: RedisCredentials | (() => RedisCredentials | Promise<RedisCredentials>) | undefined;
  /** Undefined without TLS. */
  readonly tls: TlsSettings | (() => RedisTlsOptions | Promise<RedisTlsOptions>) | undefined;
}

/** A server, and what a connection to it needs. */
export interface ServerOptions extends ServerAccess {
  readonly endpoint: Endpoint;
  readonly db: number;
}
