import { TierFailure } from '../../src/errors.ts';
import { storageKeyOf } from '../../src/session/session-id.ts';
import type { TierContext } from '../../src/tiers/context.ts';
import type { MemoryKeyspace } from '../../src/tiers/memory/index.ts';
import { MemoryServer } from '../../src/tiers/memory/memory-primary-tier.ts';
import type { PrimaryEvents, PrimaryShard, PrimaryTier } from '../../src/tiers/primary.ts';
import { interceptPrimary } from './intercepted-tiers.ts';
import { MemoryFleet, type FleetNode } from './memory-fleet.ts';

/** Several servers in memory, each of which owns a part of the keys. */
export class MemoryCluster {
  readonly #keyspaces: ReadonlyMap<string, MemoryKeyspace>;
  /** The keys, in hex, that another server than the first owner has now. */
  readonly #moved = new Map<string, string>();
  readonly #tiers: MemoryClusterTier[] = [];

  constructor(names: readonly string[] = ['a', 'b', 'c']) {
    this.#keyspaces = new Map(names.map((name) => [name, new Map()]));
  }

  get names(): readonly string[] {
    return [...this.#keyspaces.keys()];
  }

  keyspaceOf(name: string): MemoryKeyspace {
    const keyspace = this.#keyspaces.get(name);
    if (keyspace === undefined) throw new Error(`no server ${name}`);
    return keyspace;
  }

  ownerOf(storageKey: Buffer): string {
    return this.#moved.get(storageKey.toString('hex')) ?? this.names[storageKey[0]! % this.names.length]!;
  }

  /** The tier of one node, which knows these servers at first. */
  tier(names: readonly string[] = this.names): MemoryClusterTier {
    const tier = new MemoryClusterTier(this, names);
    this.#tiers.push(tier);
    return tier;
  }

  /** Another server owns the key from now on, and has what the first one had. */
  move(storageKey: Buffer, to: string): void {
    const name = `holdfast:${storageKey.toString('hex')}`;
    const from = this.keyspaceOf(this.ownerOf(storageKey));
    const stored = from.get(name);
    from.delete(name);
    if (stored !== undefined) this.keyspaceOf(to).set(name, stored);
    this.#moved.set(storageKey.toString('hex'), to);
    for (const tier of this.#tiers) tier.notify();
  }
}

/** One node's connections to the servers of a cluster. */
export class MemoryClusterTier implements PrimaryTier {
  readonly name = 'memory cluster';
  readonly #cluster: MemoryCluster;
  readonly #servers = new Map<string, MemoryServer>();
  #opened: { readonly context: TierContext; readonly events: PrimaryEvents } | undefined;
  shards: readonly PrimaryShard[] = [];

  constructor(cluster: MemoryCluster, names: readonly string[]) {
    this.#cluster = cluster;
    for (const name of names) this.#servers.set(name, new MemoryServer(cluster.keyspaceOf(name), name));
    this.shards = [...this.#servers.values()];
  }

  async open(context: TierContext, events: PrimaryEvents): Promise<void> {
    this.#opened = { context, events };
    await Promise.all([...this.#servers.keys()].map((name) => this.connect(name)));
  }

  shardOf(storageKey: Buffer): PrimaryShard | null {
    return this.#servers.get(this.#cluster.ownerOf(storageKey)) ?? null;
  }

  failure(): TierFailure | null {
    return this.shards.length === 0 ? new TierFailure('not-sent', 'no-servers') : null;
  }

  async connect(name: string): Promise<void> {
    const server = this.#serverOf(name);
    await server.open(this.#opened!.context, () => this.#opened?.events.onShardChange(server));
  }

  disconnect(name: string): Promise<void> {
    return this.#serverOf(name).close();
  }

  /** A server comes that this node did not know. */
  async join(name: string): Promise<void> {
    this.#servers.set(name, new MemoryServer(this.#cluster.keyspaceOf(name), name));
    await this.connect(name);
    this.notify();
  }

  /** A server goes, and takes its connection with it. */
  async leave(name: string): Promise<void> {
    const server = this.#serverOf(name);
    this.#servers.delete(name);
    this.notify();
    await server.close();
  }

  notify(): void {
    this.shards = [...this.#servers.values()];
    this.#opened?.events.onShardsChange();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers.keys()].map((name) => this.disconnect(name)));
  }

  #serverOf(name: string): MemoryServer {
    const server = this.#servers.get(name);
    if (server === undefined) throw new Error(`no server ${name} here`);
    return server;
  }
}

export interface ClusterNode extends FleetNode {
  readonly tier: MemoryClusterTier;
  /** This node alone loses one server. */
  cutFrom(name: string): void;
  /** Returns how many statements about sessions the database was sent. */
  statements(): number;
}

/** Nodes over one cluster and one database. */
export class ClusterFleet extends MemoryFleet {
  readonly cluster = new MemoryCluster();

  async clusterNode(names: readonly string[] = this.cluster.names): Promise<ClusterNode> {
    const tier = this.cluster.tier(names);
    const primary = interceptPrimary(tier);
    const node = await this.node({ primary: primary.tier });
    const cutFrom = (name: string): void => {
      primary.hook.before = (_method, shard) => {
        if (shard?.name === name) throw new TierFailure('not-sent', 'ECONNREFUSED');
      };
    };
    const heal = (): void => void (primary.hook.before = node.durable.hook.before = () => undefined);
    const statements = (): number => node.durable.calls.filter((call) => call.startsWith('sessions.')).length;
    return { ...node, primary, tier, cutFrom, heal, statements };
  }

  /** The name of the server that owns the key of this session. */
  ownerOf(id: string): string {
    return this.cluster.ownerOf(storageKeyOf(id));
  }

  /** Creates a session whose key this server owns. */
  async sessionOn(node: FleetNode, name: string): Promise<string> {
    for (;;) {
      const { id } = await node.sessions.create({ cart: [] }, { userId: 'u_42' });
      if (this.ownerOf(id) === name) return id;
    }
  }

  override kindOf(id: string): string {
    return this.cluster.keyspaceOf(this.ownerOf(id)).get(this.keyOf(id))?.kind ?? 'absent';
  }
}
