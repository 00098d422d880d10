import { TierFailure } from '../../../src/errors.ts';
import type { MemoryKeyspace } from '../../../src/tiers/memory/index.ts';
import { MemoryServer } from '../../../src/tiers/memory/memory-primary-tier.ts';
import type { PrimaryShard } from '../../../src/tiers/primary.ts';
import type { Clock, World } from '../world.ts';

type Stored = MemoryKeyspace extends Map<string, infer V> ? V : never;
export type Snapshot = readonly (readonly [string, Stored])[];
export type Refusal = 'nothing' | 'what-needs-memory' | 'what-writes';

/**
 * One process of one server: commands execute one after another on its keys, by the code of the reference tier and by its
 * own clock. A restart is another process, with another `run_id`. A promotion changes `master_replid` and nothing else.
 */
export class RedisServer {
  readonly world: World;
  readonly clock: Clock;
  readonly keyspace: MemoryKeyspace;
  readonly #runId: string;
  #replid = 1;
  /** Keys that another program has stored something else under. */
  readonly #foreign = new Set<string>();
  readonly #tiers = new Map<string, PrimaryShard>();
  readonly #stalled: (() => void)[] = [];
  #isUp = true;
  #isFrozen = false;
  refuses: Refusal = 'nothing';
  /** It follows another: it answers reads, and refuses what writes. */
  isReplica = false;

  constructor(world: World, clock: Clock, run: number, keys: Snapshot) {
    this.world = world;
    this.clock = clock;
    this.#runId = String(run).padStart(4, '0');
    this.keyspace = new Map(keys);
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
