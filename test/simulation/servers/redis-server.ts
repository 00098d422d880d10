import { TierFailure } from '../../../src/errors.ts';
import type { MemoryKeyspace } from '../../../src/tiers/memory/index.ts';
import { MemoryServer } from '../../../src/tiers/memory/memory-primary-tier.ts';
import type { PrimaryShard } from '../../../src/tiers/primary.ts';
import type { Clock, World } from '../world.ts';
import { slotOf, slotOfName } from './slots.ts';

type Stored = MemoryKeyspace extends Map<string, infer V> ? V : never;
export type Snapshot = readonly (readonly [string, Stored])[];
export type Refusal = 'nothing' | 'what-needs-memory' | 'what-writes';

/** Another server has the key: for good, or for this command, while its slot moves. */
export interface Elsewhere {
  readonly name: string;
  readonly isForGood: boolean;
}

export interface NewServer {
  readonly name: string;
  /** Numbers the processes. */
  readonly run: number;
  readonly keys: Snapshot;
  readonly slots: ReadonlySet<number> | null;
  readonly ownerOf: ((slot: number) => string) | null;
}

/**
 * One process of one server: commands execute one after another on its keys, by the code of the reference tier and by its
 * own clock. A restart is another process, with another `run_id`. A promotion changes `master_replid` and nothing else.
 */
export class RedisServer {
  readonly world: World;
  readonly clock: Clock;
  readonly keyspace: MemoryKeyspace;
  /** Names the machine where it is one of a cluster. */
  readonly name: string;
  readonly #runId: string;
  /** The owner of a slot as the servers know it; null where there are no slots. */
  readonly ownerOf: ((slot: number) => string) | null;
  #replid = 1;
  #slots: Set<number> | null;
  /** Keys that another program has stored something else under. */
  readonly #foreign = new Set<string>();
  readonly #tiers = new Map<string, PrimaryShard>();
  readonly #stalled: (() => void)[] = [];
  #isUp = true;
  #isFrozen = false;
  refuses: Refusal = 'nothing';
  /** Slots that move to another server, and those that come from one. */
  readonly moving = new Map<number, RedisServer>();
  readonly importing = new Set<number>();
  /** Slots that another server owns already, unknown to this one. */
  readonly lost = new Set<number>();
  /** Of two servers that take a slot for their own, the one with the higher epoch has it. */
  epoch = 0;
  /** It follows another: it answers reads, and refuses what writes. */
  isReplica = false;

  constructor(world: World, clock: Clock, { name, run, keys, slots, ownerOf }: NewServer) {
    this.world = world;
    this.clock = clock;
    this.name = name;
    this.#runId = String(run).padStart(4, '0');
    this.#slots = slots === null ? null : new Set(slots);
    this.ownerOf = ownerOf;
    this.keyspace = new Map(keys);
  }

  /** The slots that it takes for its own; null where there are none and it owns every key. */
  get slots(): ReadonlySet<number> | null {
    return this.#slots;
  }

  own(slots: ReadonlySet<number> | null): void {
    this.#slots = slots === null ? null : new Set(slots);
  }

  /** The slots of one that takes over: another server may have got some that this one does not know of. */
  get slotsToInherit(): ReadonlySet<number> | null {
    return this.#slots && new Set([...this.#slots].filter((slot) => !this.lost.has(slot)));
  }

  /** Where a command is to go instead; null if it is executed here. */
  elsewhere(storageKey: Buffer, name: string, isAsking: boolean): Elsewhere | null {
    if (this.#slots === null || this.ownerOf === null) return null;
    const slot = slotOf(storageKey);
    if (isAsking && this.importing.has(slot) && !this.isReplica) return null;
    if (this.isReplica || !this.#slots.has(slot)) return { name: this.ownerOf(slot), isForGood: true };
    const target = this.moving.get(slot);
    return target === undefined || this.keyspace.has(name) ? null : { name: target.name, isForGood: false };
  }

  /** The names of the keys of a slot. */
  keysOf(slot: number): string[] {
    return [...this.keyspace.keys()].filter((name) => slotOfName(name) === slot);
  }

  /** Made of `run_id` and `master_replid`. */
  get incarnation(): string {
    return `${this.#runId}${String(this.#replid).padStart(4, '0')}`;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** The reference tier on the keys of this server. */
  tierOf(namespace: string): PrimaryShard {
    const known = this.#tiers.get(namespace);
    if (known !== undefined) return known;
    const tier = new MemoryServer(this.keyspace);
    void tier.open({ namespace, platform: this.clock.asPlatform(), timeoutMs: 0 }, () => undefined);
    this.#tiers.set(namespace, tier);
    return tier;
  }

  /** Executes a command once the server gets to it; never, if it has died by then. */
  receive(execute: () => void): void {
    if (!this.#isUp) return;
    if (this.#isFrozen) this.#stalled.push(execute);
    else execute();
  }

  refusal(command: string): TierFailure | null {
    if (this.isReplica) return new TierFailure('rejected', 'READONLY');
    if (this.refuses === 'what-writes') return new TierFailure('rejected', 'MISCONF');
    if (this.refuses === 'what-needs-memory' && command !== 'evict') return new TierFailure('rejected', 'OOM');
    return null;
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const execute of this.#stalled.splice(0)) this.receive(execute);
  }

  kill(): void {
    this.#isUp = false;
    this.#stalled.length = 0;
  }

  /** Restores the keys of some earlier time within one incarnation, without a notice. */
  rollBack(keys: Snapshot): void {
    this.keyspace.clear();
    for (const [key, stored] of keys) this.keyspace.set(key, stored);
  }

  /** Follows a server that has these keys; the process and its connections stay. */
  demote(keys: Snapshot): void {
    this.isReplica = true;
    this.rollBack(keys);
  }

  promote(): void {
    this.isReplica = false;
    this.#replid += 1;
  }

  /** Whether the key is of another type now. */
  isForeign(name: string): boolean {
    return this.#foreign.has(name);
  }

  poisonOne(choice: number): void {
    const name = [...this.keyspace.keys()][Math.floor(choice * this.keyspace.size)];
    if (name === undefined) return;
    this.keyspace.delete(name);
    this.#foreign.add(name);
  }

  cure(name: string): void {
    this.#foreign.delete(name);
  }

  evictOne(choice: number): void {
    const key = [...this.keyspace.keys()][Math.floor(choice * this.keyspace.size)];
    if (key !== undefined) this.keyspace.delete(key);
  }

  /** Somebody who can write to the server alters a copy: a bit of its envelope, or the revision in its header. */
  corruptOne(choice: number): void {
    const values = [...this.keyspace].filter(([, { kind }]) => kind === 'value');
    const [key, stored] = values[Math.floor(choice * values.length)] ?? [];
    if (key === undefined || stored?.kind !== 'value') return;
    const { value } = stored;
    const envelope = Buffer.from(value.envelope);
    const isHeader = this.world.random.chance(0.5);
    const at = this.world.random.below(envelope.length);
    if (!isHeader) envelope[at] = envelope[at]! ^ 1;
    const revision = value.revision + (isHeader ? 1 + this.world.random.below(3) : 0);
    this.keyspace.set(key, { ...stored, value: { ...value, revision, envelope } });
  }
}
