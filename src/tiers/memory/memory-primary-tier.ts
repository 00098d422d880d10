import { TierFailure } from '../../errors.ts';
import { HOLD_TTL_MS, LEASE_TTL_MS } from '../../limits.ts';
import type { NewValue, PrimaryEntry, PrimaryTier, PrimaryValue, RestampCommand, TierContext, Vantage } from '../tier.ts';

type Lease = { readonly kind: 'lease'; readonly token: string };
type Content = PrimaryValue | Lease | { readonly kind: 'hold' } | { readonly kind: 'tombstone' };
type Held = Content & { readonly expiresAt: number };

/** The keys of one server, by namespace and storage key. Tiers that are given the same ones see each other's sessions. */
export type MemoryKeys = Map<string, Held>;

/** A Map lives once and never comes back with old contents. As long as the eight characters of the other tier. */
const INCARNATION = 'inmemory';

/**
 * The primary tier as a specification that runs: for tests, and for a first look without servers. Its server's clock is
 * the platform's. Every step runs as it is called, so a mutation cannot be late.
 */
export function memoryPrimaryTier(keys: MemoryKeys = new Map()): PrimaryTier {
  return new MemoryPrimaryTier(keys);
}

/** No method waits for anything, so each one is a single step as a script is. */
class MemoryPrimaryTier implements PrimaryTier {
  readonly name = 'memory';
  readonly #keys: MemoryKeys;
  #context: TierContext | undefined;
  #onChange: () => void = () => {};

  constructor(keys: MemoryKeys) {
    this.#keys = keys;
  }

  async open(context: TierContext, onChange: () => void): Promise<void> {
    this.#context = context;
    this.#onChange = onChange;
    onChange();
  }

  vantage(): Vantage | null {
    if (this.#context === undefined) return null;
    const now = Math.floor(this.#context.platform.now());
    return { incarnation: INCARNATION, earliest: now, latest: now };
  }

  async probe(): Promise<void> {
    this.#opened();
  }

  async read(storageKey: Buffer): Promise<PrimaryEntry> {
    const held = this.#find(storageKey);
    switch (held?.kind) {
      case undefined:
        return { kind: 'absent' };
      case 'value':
        return toValue(held, held.envelope);
      case 'hold':
      case 'lease':
      case 'tombstone':
        return { kind: held.kind };
      default:
        return held satisfies never;
    }
  }

  async lease(storageKey: Buffer, token: string, over: PrimaryValue | null): Promise<boolean> {
    const held = this.#find(storageKey);
    const mayTake = held === undefined || (held.kind === 'value' && over !== null && hasSameHeader(held, over));
    if (mayTake) this.#store(storageKey, { kind: 'lease', token }, LEASE_TTL_MS);
    return mayTake;
  }

  async fill(storageKey: Buffer, token: string, value: NewValue): Promise<boolean> {
    const held = this.#find(storageKey);
    if (held?.kind !== 'lease' || held.token !== token) return false;
    this.#store(storageKey, toValue(value, value.envelope), value.ttlMs);
    return true;
  }

  async publish(storageKey: Buffer, value: NewValue): Promise<boolean> {
    const held = this.#find(storageKey);
    if (held?.kind === 'lease') this.#delete(storageKey);
    if (held?.kind !== 'value' || held.revision >= value.revision) return false;
    this.#store(storageKey, toValue(value, value.envelope), value.ttlMs);
    return true;
  }

  async restamp(storageKey: Buffer, command: RestampCommand): Promise<boolean> {
    const held = this.#find(storageKey);
    if (held?.kind !== 'value' || held.revision > command.revision) return false;
    if (held.revision < command.revision) {
      this.#delete(storageKey);
      return false;
    }
    const isSameLife = held.stamp.incarnation === command.stamp.incarnation;
    const stamped: PrimaryValue = {
      ...held,
      stamp: isSameLife && held.stamp.at > command.stamp.at ? held.stamp : command.stamp,
      lastSeenAt: Math.max(held.lastSeenAt, command.lastSeenAt),
      idleExpiresAt: Math.max(held.idleExpiresAt, command.idleExpiresAt),
    };
    this.#storeAtLeast(storageKey, stamped, command.ttlMs, held);
    return true;
  }

  async evict(storageKey: Buffer, belowRevision: number): Promise<void> {
    const held = this.#find(storageKey);
    if (held?.kind === 'lease' || (held?.kind === 'value' && held.revision < belowRevision)) this.#delete(storageKey);
  }

  async hold(storageKey: Buffer): Promise<void> {
    const held = this.#find(storageKey);
    if (held?.kind === 'tombstone') return;
    this.#storeAtLeast(storageKey, { kind: 'hold' }, HOLD_TTL_MS, held?.kind === 'hold' ? held : undefined);
  }

  async tombstone(storageKey: Buffer, ttlMs: number): Promise<void> {
    const held = this.#find(storageKey);
    this.#storeAtLeast(storageKey, { kind: 'tombstone' }, ttlMs, held?.kind === 'tombstone' ? held : undefined);
  }

  async close(): Promise<void> {
    if (this.#context === undefined) return;
    this.#context = undefined;
    this.#onChange();
  }

  #opened(): TierContext {
    if (this.#context === undefined) throw new TierFailure('not-sent', 'not-open');
    return this.#context;
  }

  #keyOf(storageKey: Buffer): string {
    return `${this.#opened().namespace}:${storageKey.toString('hex')}`;
  }

  #find(storageKey: Buffer): Held | undefined {
    const key = this.#keyOf(storageKey);
    const held = this.#keys.get(key);
    if (held === undefined || held.expiresAt > this.#opened().platform.now()) return held;
    this.#keys.delete(key);
    return undefined;
  }

  #delete(storageKey: Buffer): void {
    this.#keys.delete(this.#keyOf(storageKey));
  }

  #store(storageKey: Buffer, content: Content, ttlMs: number): void {
    this.#keys.set(this.#keyOf(storageKey), { ...content, expiresAt: this.#opened().platform.now() + ttlMs });
  }

  /** Stores for `ttlMs`, or for as long as what is replaced would have stayed, if that is longer. */
  #storeAtLeast(storageKey: Buffer, content: Content, ttlMs: number, replaced: Held | undefined): void {
    const left = (replaced?.expiresAt ?? 0) - this.#opened().platform.now();
    this.#store(storageKey, content, Math.max(left, ttlMs));
  }
}

/** The envelope is copied: what a tier holds and what it hands out are nobody else's. */
function toValue(from: Omit<PrimaryValue, 'kind'>, envelope: Buffer): PrimaryValue {
  const { revision, stamp, lastSeenAt, idleExpiresAt } = from;
  return { kind: 'value', revision, stamp, lastSeenAt, idleExpiresAt, envelope: Buffer.from(envelope) };
}

function hasSameHeader(a: PrimaryValue, b: PrimaryValue): boolean {
  return (
    a.revision === b.revision &&
    a.stamp.incarnation === b.stamp.incarnation &&
    a.stamp.at === b.stamp.at &&
    a.lastSeenAt === b.lastSeenAt &&
    a.idleExpiresAt === b.idleExpiresAt
  );
}
