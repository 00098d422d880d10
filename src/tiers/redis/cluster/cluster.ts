import { TierFailure } from '../../../errors.ts';
import { MAP_TRUSTED_MS } from '../../../limits/cluster.ts';
import { PRIMARY_CONNECT_TIMEOUT_MS } from '../../../limits/primary-tier.ts';
import type { TierContext } from '../../context.ts';
import type { PrimaryEvents } from '../../primary.ts';
import { KeyNames } from '../key-names.ts';
import type { ClusterTopology, ServerAccess } from '../options/topology.ts';
import { ClusterMaster } from './cluster-master.ts';
import { ClusterShard } from './cluster-shard.ts';
import { MapRefresh } from './map-refresh.ts';
import type { ClaimingMaster, NodesView } from './nodes-view.ts';
import { ProbeKey } from './probe-key.ts';
import type { Redirection } from './redirection.ts';
import { Redirects } from './redirects.ts';
import { Seeds } from './seeds.ts';
import { mergeViews, type SlotMap } from './slot-map.ts';
import { slotOf, SLOTS } from './slot.ts';

export interface ClusterSettings {
  readonly topology: ClusterTopology;
  readonly access: ServerAccess;
  readonly context: TierContext;
  readonly events: PrimaryEvents;
}

/** The shards of a cluster, and which of them has which key. Follows the cluster from `open()` to `close()`. */
export class Cluster {
  readonly #options: ClusterSettings;
  readonly #keys: KeyNames;
  readonly #seeds: Seeds;
  readonly #refresh: MapRefresh;
  readonly #redirects: Redirects;
  /** The masters by the id of the node. One without slots, to which a slot may be on its way, is no shard yet. */
  readonly #byId = new Map<string, ClusterShard>();
  #shards: readonly ClusterShard[] = [];
  #owners: (ClusterShard | undefined)[] = Array.from({ length: SLOTS });
  #lastKey: Buffer | undefined;
  #lastShard: ClusterShard | null = null;
  #settleSearch: () => void = () => {};
  /** The time at which the nodes were last asked for the map that counts. */
  #mappedAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(options: ClusterSettings) {
    const { topology, access, context } = options;
    this.#options = options;
    this.#keys = new KeyNames(context.namespace);
    this.#seeds = new Seeds({
      endpoints: topology.nodes,
      access,
      context,
      onReady: () => void this.#refresh.now(),
      onFailure: () => this.#seedFailed(),
    });
    this.#refresh = new MapRefresh(context.platform, () => this.#refreshMap());
    this.#redirects = new Redirects({
      context,
      find: (redirection, asked) => this.#find(redirection, asked),
      ownerOf: ({ isAsk, slot }, asked) => {
        const owner = isAsk ? undefined : this.#owners[slot]?.master;
        return owner === asked ? undefined : owner;
      },
      onMoved: (slot, owner) => this.#moved(slot, owner),
      refresh: () => this.#refresh.now(),
    });
  }

  get shards(): readonly ClusterShard[] {
    return this.#shards;
  }

  /** Returns the shard of the key. A call asks for it several times, so the last answer is kept. */
  shardOf(storageKey: Buffer): ClusterShard | null {
    if (storageKey !== this.#lastKey) {
      this.#lastKey = storageKey;
      this.#lastShard = this.#owners[slotOf(this.#keys.session(storageKey))] ?? null;
    }
    return this.#lastShard;
  }

  failure(): TierFailure | null {
    return this.#shards.length > 0 ? null : this.#seeds.failure;
  }

  /** Settles when a map is found, and the first attempt to connect to each master has ended. */
  async open(): Promise<void> {
    this.#seeds.open();
    await this.#search();
    this.#refresh.start();
    const failure = worstOf(await Promise.all(this.#shards.map(({ master }) => master.opening)));
    if (failure !== null) throw failure;
  }

  close(): void {
    this.#isClosed = true;
    this.#refresh.stop();
    this.#seeds.close();
    for (const { master } of this.#byId.values()) master.close();
  }

  /** Waits for the first map, until no node can give one, or for as long as a connection and a command may take. */
  async #search(): Promise<void> {
    const { platform, timeoutMs } = this.#options.context;
    const found = new Promise<void>((resolve) => (this.#settleSearch = resolve));
    const cancel = platform.after(PRIMARY_CONNECT_TIMEOUT_MS + timeoutMs, () => this.#settleSearch());
    await found;
    cancel();
    if (this.#shards.length === 0) {
      this.#refresh.start();
      throw this.#seeds.failure ?? new TierFailure('ambiguous', 'deadline');
    }
  }

  /** Refreshes only in search of the first map: seeds that are away fail several times a second. */
  #seedFailed(): void {
    if (this.#seeds.failure !== null) this.#settleSearch();
    else if (this.#shards.length === 0) void this.#refresh.now();
  }

  #isMapOld(at: number): boolean {
    return at - this.#mappedAt > MAP_TRUSTED_MS;
  }

  async #refreshMap(): Promise<void> {
    const beganAt = this.#options.context.platform.monotonic();
    const masters = [...this.#byId.values()].map(({ master }) => master);
    const isWhole = this.#shards.length > 0 && this.#shards.every((shard) => shard.vantage() !== null);
    if (isWhole) this.#seeds.close();
    else this.#seeds.open();
    const [seen, ...own] = await Promise.all([
      this.#seeds.views(),
      ...masters.filter(({ isConnected }) => isConnected).map((master) => master.view()),
    ]);
    if (this.#isClosed) return;
    const views = own.filter((view) => view !== null);
    const map = mergeViews(this.#ofThisCluster([...seen, ...views]));
    if (map.owners.some((owner) => owner !== undefined)) {
      this.#adopt(map);
      if (this.#isMapOld(beganAt)) for (const shard of this.#shards) shard.wasUnseen();
      this.#mappedAt = beganAt;
    }
    for (const { self = '', leaving } of views) this.#byId.get(self)?.isHandingOver(leaving);
    this.#meetAgain();
    if (this.#shards.length > 0 || this.#seeds.failure !== null) this.#settleSearch();
  }

  /**
   * A node that left may be in another cluster by now, and so may a seed: epochs of two clusters cannot be compared. Where no view
   * knows any shard, the cluster was made anew.
   */
  #ofThisCluster(views: readonly NodesView[]): readonly NodesView[] {
    const shards = [...this.#byId].filter(([, shard]) => this.#shards.includes(shard)).map(([id]) => id);
    const akin = views.filter(({ ids }) => shards.some((id) => ids.has(id)));
    return akin.length > 0 ? akin : views;
  }

  /** A node that did not serve stays connected, and is asked again. */
  #meetAgain(): void {
    for (const { master } of this.#byId.values()) {
      if (master.isConnected && master.vantage() === null) master.probe().catch(() => {});
    }
  }

  #adopt({ masters, owners }: SlotMap): void {
    for (const [id, shard] of this.#byId) {
      if (masters.has(id)) continue;
      this.#byId.delete(id);
      shard.master.close();
    }
    for (const [id, claim] of masters) {
      const known = this.#byId.get(id);
      if (known === undefined) this.#byId.set(id, this.#newShard(id, claim));
      else known.master.follow(claim);
    }
    this.#own(owners.map((id) => (id === undefined ? undefined : this.#byId.get(id))));
  }

  #own(owners: (ClusterShard | undefined)[]): void {
    const before = this.#owners;
    if (owners.every((owner, slot) => owner === before[slot])) return;
    for (const [slot, owner] of owners.entries()) if (owner !== before[slot]) owner?.gained(slot);
    this.#owners = owners;
    this.#lastKey = undefined;
    const found = new Set(owners);
    const shards = [...this.#byId.values()].filter((shard) => found.has(shard));
    if (shards.some((shard) => !this.#shards.includes(shard)) || shards.length !== this.#shards.length) {
      this.#shards = shards;
    }
    this.#options.events.onShardsChange();
  }

  #newShard(id: string, claim: ClaimingMaster): ClusterShard {
    const { topology, access, context, events } = this.#options;
    const probeKey = new ProbeKey(this.#keys.probe, (slot) => this.#owners[slot] === shard && !shard.isLeaving(slot));
    const master = new ClusterMaster(claim, {
      access,
      reach: topology.reach,
      context,
      probeKey: () => probeKey.get(),
      onChange: () => {
        if (master.vantage() === null) void this.#refresh.now();
        if (this.#shards.includes(shard)) events.onShardChange(shard);
      },
    });
    const { platform } = context;
    const isMapOld = (): boolean => this.#isMapOld(platform.monotonic());
    const parts = { redirects: this.#redirects, keys: this.#keys, platform, isMapOld };
    const shard = new ClusterShard({ id, master, ...parts });
    return shard;
  }

  #find({ target }: Redirection, asked: ClusterMaster): ClusterMaster | undefined {
    const shards = [...this.#byId.values()];
    return shards.find(({ master }) => master.isAt(target, asked))?.master;
  }

  #moved(slot: number, owner: ClusterMaster): void {
    const shard = [...this.#byId.values()].find(({ master }) => master === owner);
    this.#own(this.#owners.with(slot, shard));
  }
}

/** Fails for what a person has to mend at any master, and where no master is reached. */
function worstOf(failures: readonly (TierFailure | null)[]): TierFailure | null {
  const mistake = failures.find((failure) => failure?.kind === 'misconfigured');
  if (mistake) return mistake;
  return failures.includes(null) ? null : (failures[0] ?? null);
}
