import { TierFailure } from '../../../errors.ts';
import type { TierContext } from '../../context.ts';
import type { PrimaryFacts } from '../../diagnosis.ts';
import { diagnoseRedis } from '../diagnosis/diagnose.ts';
import type { PrimaryEvents, PrimaryShard, PrimaryTier } from '../../primary.ts';
import type { ClusterTopology, ServerAccess } from '../options/topology.ts';
import { Cluster } from './cluster.ts';

/** Redis Cluster as the primary tier: a shard for each master. */
export class ClusterTier implements PrimaryTier {
  readonly name = 'redis';
  readonly #topology: ClusterTopology;
  readonly #access: ServerAccess;
  #cluster: Cluster | undefined;

  constructor(topology: ClusterTopology, access: ServerAccess) {
    this.#topology = topology;
    this.#access = access;
  }

  get shards(): readonly PrimaryShard[] {
    return this.#cluster?.shards ?? NONE;
  }

  async open(context: TierContext, events: PrimaryEvents): Promise<void> {
    this.#cluster?.close();
    this.#cluster = new Cluster({ topology: this.#topology, access: this.#access, context, events });
    await this.#cluster.open();
  }

  shardOf(storageKey: Buffer): PrimaryShard | null {
    return this.#cluster?.shardOf(storageKey) ?? null;
  }

  failure(): TierFailure | null {
    return this.#cluster === undefined ? new TierFailure('not-sent', 'not-open') : this.#cluster.failure();
  }

  diagnose(context: TierContext): Promise<PrimaryFacts> {
    return diagnoseRedis(this.#topology, this.#access, context);
  }

  async close(): Promise<void> {
    this.#cluster?.close();
    this.#cluster = undefined;
  }
}

const NONE: readonly PrimaryShard[] = [];
