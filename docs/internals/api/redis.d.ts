// The public interface, written by "npm run api". Review a change of it as a change of the package.

export type { ClusterOptions, Endpoint, NatMap, RedisAccessOptions, RedisClusterOptions, RedisCredentials, RedisSentinelOptions, RedisServerOptions, RedisTierOptions, RedisTlsOptions, SentinelOptions };

interface ClusterOptions {
  readonly nodes: readonly string[];
  readonly natMap?: NatMap;
}

interface Endpoint {
  readonly host: string;
  readonly port: number;
}

type NatMap = ((announced: string) => Endpoint | null | undefined) | Readonly<Record<string, Endpoint>>;

interface RedisAccessOptions {
  readonly username?: string;
  readonly password?: string;
  readonly credentials?: () => RedisCredentials | Promise<RedisCredentials>;
  readonly tls?: RedisTlsOptions | (() => RedisTlsOptions | Promise<RedisTlsOptions>);
  readonly allowInsecure?: boolean;
}

interface RedisClusterOptions extends RedisAccessOptions {
  readonly cluster: ClusterOptions;
  readonly sentinel?: never;
  readonly url?: never;
}

interface RedisCredentials {
  readonly username?: string;
  readonly password: string;
}

interface RedisSentinelOptions extends RedisAccessOptions {
  readonly sentinel: SentinelOptions;
  readonly cluster?: never;
  readonly url?: never;
}

interface RedisServerOptions extends RedisAccessOptions {
  readonly url: string;
  readonly cluster?: never;
  readonly sentinel?: never;
}

export declare function redisTier(options: RedisTierOptions): PrimaryTier;

type RedisTierOptions = RedisClusterOptions | RedisSentinelOptions | RedisServerOptions;

interface RedisTlsOptions {
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly passphrase?: string;
  readonly servername?: string;
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  readonly ciphers?: string;
}

interface SentinelOptions {
  readonly name: string;
  readonly nodes: readonly string[];
  readonly username?: string;
  readonly password?: string;
  readonly credentials?: () => RedisCredentials | Promise<RedisCredentials>;
  readonly tls?: RedisTlsOptions | (() => RedisTlsOptions | Promise<RedisTlsOptions>);
}
