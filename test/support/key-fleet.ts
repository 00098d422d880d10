import { addKey, generateKeyRing, type KeyRing, type KeySource, SessionClient } from '../../src/index.ts';
import { withPromoted } from '../../src/keys/ring/rotation.ts';
import type { CancelTimer, Platform } from '../../src/platform/platform.ts';
import { storageKeyOf } from '../../src/session/session-id.ts';
import {
  memoryDurableTier,
  memoryPrimaryTier,
  type MemoryDatabase,
  type MemoryKeyspace,
} from '../../src/tiers/memory/index.ts';
import type { DurableTier, FleetView } from '../../src/tiers/durable.ts';
import { FakePlatform } from './fake-platform.ts';
import { interceptDurable, interceptPrimary } from './intercepted-tiers.ts';
import type { Shop } from './memory-fleet.ts';

/** Where all nodes of a test get their ring. Says that it changed only to those who listen. */
export class RingShelf implements KeySource {
  ring: KeyRing;
  loads = 0;
  failure: Error | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(ring: KeyRing) {
    this.ring = ring;
  }

  async load(): Promise<KeyRing> {
    this.loads += 1;
    if (this.failure !== undefined) throw this.failure;
    return this.ring;
  }

  watch(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  put(ring: KeyRing): void {
    this.ring = ring;
    for (const changed of this.#listeners) changed();
  }
}

/** A node's own time: stopped, as by SIGSTOP, or asleep with its machine, none of its timers runs until it goes on. */
export class NodePlatform implements Platform {
  readonly #platform: Platform;
  readonly #missed: (() => void)[] = [];
  readonly foreground = new Set<object>();
  #isStopped = false;
  /** The time that the monotonic clock has missed, and the moment since which it is stopped. */
  #sleptMs = 0;
  #asleepSince = Infinity;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  now(): number {
    return this.#platform.now();
  }

  monotonic(): number {
    return Math.min(this.#platform.monotonic(), this.#asleepSince) - this.#sleptMs;
  }

  fillRandom(target: Uint8Array, offset: number, length: number): void {
    this.#platform.fillRandom(target, offset, length);
  }

  random(): number {
    return this.#platform.random();
  }

  after(delayMs: number, callback: () => void, kind: 'background' | 'foreground' = 'foreground'): CancelTimer {
    const timer = {};
    if (kind === 'foreground') this.foreground.add(timer);
    const dueAt = this.monotonic() + delayMs;
    const run = (): void => {
      if (this.#isStopped) return void this.#missed.push(run);
      const leftMs = dueAt - this.monotonic();
      if (leftMs >= 1) return void (cancel = this.#platform.after(leftMs, run));
      this.foreground.delete(timer);
      callback();
    };
    let cancel = this.#platform.after(delayMs, run);
    return () => {
      this.foreground.delete(timer);
      cancel();
    };
  }

  afterInput(callback: () => void): void {
    this.after(0, callback);
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Puts the machine to sleep: like `stop`, but the monotonic clock stops, and timers wait for it. */
  sleep(): void {
    this.stop();
    this.#asleepSince = this.#platform.monotonic();
  }

  /** What was missed runs when the test says so: a process that wakes up may well begin with a request. */
  resume(): () => void {
    this.#isStopped = false;
    this.#sleptMs += Math.max(this.#platform.monotonic() - this.#asleepSince, 0);
    this.#asleepSince = Infinity;
    return () => {
      for (const run of this.#missed.splice(0)) run();
    };
  }
}

/** Nodes over one primary server and one database, that get their keys from one shelf. */
export class KeyFleet {
  readonly platform = new FakePlatform();
  readonly keyspace: MemoryKeyspace = new Map();
  readonly database: MemoryDatabase = new Map();
  readonly shelf: RingShelf;

  constructor(ring: KeyRing) {
    this.shelf = new RingShelf(ring);
  }

  /** Not opened yet. */
  node(keys: KeyRing | KeySource = this.shelf) {
    const primary = interceptPrimary(memoryPrimaryTier(this.keyspace));
    const durable = interceptDurable(memoryDurableTier(this.database));
    const platform = new NodePlatform(this.platform);
    const sessions = new SessionClient<Shop>({ keys, primary: primary.tier, durable: durable.tier, platform });
    return { sessions, primary, durable, platform };
  }

  async ready(keys: KeyRing | KeySource = this.shelf) {
    const node = this.node(keys);
    await node.sessions.ready();
    return node;
  }

  rowOf(id: string) {
    const row = this.database.get(storageKeyOf(id).toString('hex'));
    if (row === undefined) throw new Error('no such row');
    return row;
  }

  /** How many rows each key seals, by the first characters of its kid. */
  sealedBy(...rings: KeyRing[]): number[] {
    return rings.map(
      ({ sealingKey }) => [...this.database.values()].filter(({ keyId }) => keyId.equals(sealingKey.keyId)).length,
    );
  }

  async readFleet(): Promise<FleetView> {
    return (await this.tier()).fleet.read();
  }

  /** The database, past every node. */
  async tier(): Promise<DurableTier> {
    const tier = memoryDurableTier(this.database);
    await tier.open({ namespace: 'holdfast', platform: this.platform, timeoutMs: 1_000 });
    return tier;
  }
}

/** The rings of one rotation: before it, with the new key pending, and with it active. */
export async function ringsOfRotation(use: 'data' | 'index' = 'data') {
  const old = await generateKeyRing();
  const added = await addKey(old, { use });
  return { old, added, promoted: withPromoted(added, { use }) };
}
