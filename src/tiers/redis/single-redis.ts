import type { TierContext } from '../context.ts';
import type { PrimaryFacts } from '../diagnosis.ts';
import { diagnoseRedis } from './diagnosis/diagnose.ts';
import { MAIN_SHARD, type PrimaryServer } from '../one-server.ts';
import { RedisConnection, type ServerConnection } from './connection/connection.ts';
import { manyKeysEach } from './connection/shared-commands.ts';
import { KeyNames } from './key-names.ts';
import type { SentinelTopology, ServerAccess, StandaloneTopology } from './options/topology.ts';
import { RedisShard, type Opened } from './redis-shard.ts';
import { SentinelConnection } from './sentinel/sentinel-connection.ts';

/** A server that has all keys: always the same, or the master that Sentinels name. */
export class SingleRedis extends RedisShard implements PrimaryServer {
  readonly name: string = MAIN_SHARD;
  readonly #topology: SentinelTopology | StandaloneTopology;
  readonly #access: ServerAccess;
  #connection: ServerConnection | undefined;
  protected opened: Opened | undefined;

  constructor(topology: SentinelTopology | StandaloneTopology, access: ServerAccess) {
    super();
    this.#topology = topology;
    this.#access = access;
  }

  async open(context: TierContext, onChange: () => void): Promise<void> {
    this.#connection?.close();
    const keys = new KeyNames(context.namespace);
    const connection = this.#connect(context, keys.probe, onChange);
    this.#connection = connection;
    this.opened = { server: connection, keys };
    await connection.open();
  }

  diagnose(context: TierContext): Promise<PrimaryFacts> {
    return diagnoseRedis(this.#topology, this.#access, context);
  }

  async close(): Promise<void> {
    this.#connection?.close();
    this.#connection = undefined;
    this.opened = undefined;
  }

  #connect(context: TierContext, probe: string, onChange: () => void): ServerConnection {
    const topology = this.#topology;
    const access = this.#access;
    const common = { context, probeKey: () => probe, onChange };
    if (topology.kind === 'sentinel') return new SentinelConnection({ topology, access, ...common });
    const { endpoint, db } = topology;
    return new RedisConnection({
      server: { ...access, endpoint, db },
      commands: manyKeysEach,
      mode: 'standalone',
      ...common,
    });
  }
}
