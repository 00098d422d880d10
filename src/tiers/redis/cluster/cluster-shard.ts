import type { TierFailure } from '../../../errors.ts';
import type { Platform } from '../../../platform/platform.ts';
import type { PrimaryEntry, PrimaryValue, Vantage } from '../../primary.ts';
import type { ScriptName } from '../connection/client-settings.ts';
import type { KeyNames } from '../key-names.ts';
import { RedisShard, type Opened } from '../redis-shard.ts';
import type { ClusterMaster } from './cluster-master.ts';
import { MovedSlots } from './moved-slots.ts';
import { Redirection } from './redirection.ts';
import type { Redirects } from './redirects.ts';

/** The digits of the id of the node that name the shard. */
const NAME_DIGITS = 16;

export interface ClusterShardOptions {
  /** The id of the node. */
  readonly id: string;
  readonly master: ClusterMaster;
  readonly redirects: Redirects;
  readonly keys: KeyNames;
  readonly platform: Platform;
  /** True if slots may have gone and come back since the nodes were last asked for the map. */
  readonly isMapOld: () => boolean;
}

/** The keys of one master. A master that is replaced by its replica is another shard. */
export class ClusterShard extends RedisShard {
  readonly name: string;
  readonly master: ClusterMaster;
  protected readonly opened: Opened;
  readonly #moved: MovedSlots;
  /** The slots that the master was handing over when it was last asked. */
  #leaving: ReadonlySet<number> = new Set();

  constructor(options: ClusterShardOptions) {
    super();
    const { id, master, keys, platform } = options;
    this.name = id.slice(0, NAME_DIGITS);
    this.master = master;
    this.#moved = new MovedSlots(platform);
    this.opened = { keys, server: new RedirectedServer(options, this.#moved) };
  }

  /** Notes a slot that has come to this shard. Without a vantage there is no need: nothing from before counts once there is one. */
  gained(slot: number): void {
    const vantage = this.master.vantage();
    if (vantage !== null) this.#moved.note(slot, vantage.latest);
  }

  /** Notes that any slot may have gone and come back. */
  wasUnseen(): void {
    const vantage = this.master.vantage();
    if (vantage !== null) this.#moved.noteAll(vantage.latest);
  }

  /** Notes the slots that are on their way from this shard, or were until lately: their keys may come back. */
  isHandingOver(leaving: readonly number[]): void {
    for (const slot of [...leaving, ...this.#leaving]) this.gained(slot);
    this.#leaving = new Set(leaving);
    this.#moved.prune();
  }

  isLeaving(slot: number): boolean {
    return this.#leaving.has(slot);
  }

  /** A copy that is doubted is leased by the stamp that it bears. */
  override lease(storageKey: Buffer, token: string, over: PrimaryValue | null): Promise<boolean> {
    return super.lease(storageKey, token, over === null ? null : (asStored.get(over) ?? over));
  }
}

/** Sends commands to the master, and on to where that says. */
class RedirectedServer {
  readonly #master: ClusterMaster;
  readonly #redirects: Redirects;
  readonly #moved: MovedSlots;
  readonly #platform: Platform;
  readonly #isMapOld: () => boolean;

  constructor({ master, redirects, platform, isMapOld }: ClusterShardOptions, moved: MovedSlots) {
    this.#isMapOld = isMapOld;
    this.#master = master;
    this.#redirects = redirects;
    this.#moved = moved;
    this.#platform = platform;
  }

  vantage(): Vantage | null {
    return this.#master.vantage();
  }

  failure(): TierFailure | null {
    return this.#master.failure();
  }

  probe(): Promise<void> {
    return this.#master.probe();
  }

  confirm(): Promise<void> {
    return this.#master.confirm();
  }

  async read(key: string): Promise<PrimaryEntry> {
    const beganAt = this.#platform.monotonic();
    try {
      const entry = await this.#master.read(key);
      if (entry.kind !== 'value') return entry;
      return this.#isMapOld() || this.#moved.isDoubtful(key, entry.stamp.at) ? doubted(entry) : entry;
    } catch (error) {
      if (!(error instanceof Redirection)) throw error;
      // The shard that answered may have noted the slot as one that came back only now.
      return doubted(await this.#redirects.read(error, this.#master, beganAt, key));
    }
  }

  async run(script: ScriptName, key: string, ...args: (Buffer | string)[]): Promise<boolean> {
    const beganAt = this.#platform.monotonic();
    const mutation = { script, key, args };
    try {
      return await this.#master.run(mutation);
    } catch (error) {
      if (!(error instanceof Redirection)) throw error;
      return this.#redirects.run(error, this.#master, beganAt, mutation);
    }
  }
}

/**
 * A copy in a slot that is being taken over may bear the stamp of the server that it came from. That server cannot say whether the other
 * one has lost a write since, so the copy counts as older than everything.
 */
function doubted(entry: PrimaryEntry): PrimaryEntry {
  if (entry.kind !== 'value') return entry;
  const copy = { ...entry, stamp: { ...entry.stamp, at: 0 } };
  asStored.set(copy, entry);
  return copy;
}

/** The copies that were doubted, as the server holds them. */
const asStored = new WeakMap<PrimaryValue, PrimaryValue>();
