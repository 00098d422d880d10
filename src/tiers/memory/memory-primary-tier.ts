import { TierFailure } from '../../errors.ts';
import { HOLD_TTL_MS, LEASE_TTL_MS } from '../../limits/primary-tier.ts';
import { randomBytes, type Platform } from '../../platform/platform.ts';
import { envelopeTag } from '../../session/sealed-record.ts';
import type { TierContext } from '../context.ts';
import { MAIN_SHARD, oneServerTier, type PrimaryServer } from '../one-server.ts';
import type { NewValue, PrimaryEntry, PrimaryTier, PrimaryValue, RestampCommand, Stamp, Vantage } from '../primary.ts';

type Stored = { readonly expiresAt: number } & (
  | { readonly kind: 'hold' }
  | { readonly kind: 'lease'; readonly token: string }
  | { readonly kind: 'tombstone' }
  | { readonly kind: 'value'; readonly value: PrimaryValue }
);

/** The keys of one server. Tiers that are given the same one see each other's entries. */
export type MemoryKeyspace = Map<string, Stored>;

/** The length of an incarnation: eight hexadecimal digits, as in Redis. */
const INCARNATION_BYTES = 4;

/** The incarnations of servers: one that holds other keys is another server. */
const incarnations = new WeakMap<MemoryKeyspace, string>();

function incarnationOf(keyspace: MemoryKeyspace, platform: Platform): string {
  const incarnation = incarnations.get(keyspace) ?? randomBytes(platform, INCARNATION_BYTES).toString('hex');
  incarnations.set(keyspace, incarnation);
  return incarnation;
}

/**
 * The primary tier as a specification that runs: the table of `PrimaryShard` in plain code. For tests, and for a first look
 * without servers. Clients that are given the same keyspace share it, as they share a Redis.
 * @example
 * const tiers = { primary: memoryPrimaryTier(), durable: memoryDurableTier() };
 * const client = new SessionClient({ keys: await generateKeyRing(), ...tiers });
 */
export function memoryPrimaryTier(keyspace: MemoryKeyspace = new Map()): PrimaryTier {
  return oneServerTier('memory', new MemoryServer(keyspace));
}

/** No method waits for anything, so each one is a single step as a script is. */
export class MemoryServer implements PrimaryServer {
  readonly name: string;
  readonly #keyspace: MemoryKeyspace;
  #context: TierContext | undefined;
  #onChange: () => void = () => {};

  constructor(keyspace: MemoryKeyspace, name: string = MAIN_SHARD) {
    this.name = name;
    this.#keyspace = keyspace;
  }

  async open(context: TierContext, onChange: () => void): Promise<void> {
    this.#context = context;
    this.#onChange = onChange;
    onChange();
  }

  vantage(): Vantage | null {
    if (this.#context === undefined) return null;
    const { platform } = this.#context;
    const now = platform.now();
    return { incarnation: incarnationOf(this.#keyspace, platform), earliest: now, latest: now };
  }

  failure(): TierFailure | null {
    return this.#context === undefined ? notOpen() : null;
  }

  async probe(): Promise<void> {
    this.#now();
  }

  async confirm(): Promise<void> {
    this.#now();
  }

  async read(storageKey: Buffer): Promise<PrimaryEntry> {
    const stored = this.#find(storageKey);
    if (stored === undefined) return { kind: 'absent' };
    return stored.kind === 'value' ? ownCopy(stored.value) : { kind: stored.kind };
  }

  async lease(storageKey: Buffer, token: string, over: PrimaryValue | null): Promise<boolean> {
    const stored = this.#find(storageKey);
    const isFree =
      stored === undefined || (over !== null && stored.kind === 'value' && isSameHeader(stored.value, over));
    if (isFree) this.#put(storageKey, { kind: 'lease', token, expiresAt: this.#now() + LEASE_TTL_MS });
    return isFree;
  }

  async fill(storageKey: Buffer, token: string, value: NewValue): Promise<boolean> {
    const stored = this.#find(storageKey);
    const isOwn = stored?.kind === 'lease' && stored.token === token;
    if (isOwn) this.#putValue(storageKey, value);
    return isOwn;
  }

  async publish(storageKey: Buffer, value: NewValue): Promise<boolean> {
    const stored = this.#find(storageKey);
    if (stored?.kind === 'lease') this.#keyspace.delete(this.#name(storageKey));
    const isOlder = stored?.kind === 'value' && isStale(stored.value, value.revision, envelopeTag(value.envelope));
    if (isOlder) this.#putValue(storageKey, value);
    return isOlder;
  }

  async restamp(storageKey: Buffer, command: RestampCommand): Promise<boolean> {
    const stored = this.#find(storageKey);
    if (stored?.kind !== 'value' || stored.value.revision > command.revision) return false;
    if (isStale(stored.value, command.revision, command.tag)) {
      this.#keyspace.delete(this.#name(storageKey));
      return false;
    }
    const { value, expiresAt } = stored;
    this.#put(storageKey, {
      kind: 'value',
      expiresAt: Math.max(expiresAt, this.#now() + command.ttlMs),
      value: {
        ...value,
        stamp: laterStamp(value.stamp, command.stamp, this.#now()),
        lastSeenAt: Math.max(value.lastSeenAt, command.lastSeenAt),
        idleExpiresAt: Math.max(value.idleExpiresAt, command.idleExpiresAt),
      },
    });
    return true;
  }

  async evict(storageKey: Buffer, belowRevision: number): Promise<void> {
    const stored = this.#find(storageKey);
    const isOlder = stored?.kind === 'value' && stored.value.revision < belowRevision;
    if (isOlder || stored?.kind === 'lease') this.#keyspace.delete(this.#name(storageKey));
  }

  async hold(storageKey: Buffer): Promise<void> {
    if (this.#find(storageKey)?.kind === 'tombstone') return;
    this.#put(storageKey, { kind: 'hold', expiresAt: this.#now() + HOLD_TTL_MS });
  }

  async tombstone(storageKey: Buffer, ttlMs: number): Promise<void> {
    const stored = this.#find(storageKey);
    const until = stored?.kind === 'tombstone' ? stored.expiresAt : 0;
    this.#put(storageKey, { kind: 'tombstone', expiresAt: Math.max(until, this.#now() + ttlMs) });
  }

  async close(): Promise<void> {
    if (this.#context === undefined) return;
    this.#context = undefined;
    this.#onChange();
  }

  #putValue(storageKey: Buffer, { ttlMs, ...value }: NewValue): void {
    this.#put(storageKey, { kind: 'value', value: ownCopy(value), expiresAt: this.#now() + ttlMs });
  }

  #put(storageKey: Buffer, stored: Stored): void {
    this.#keyspace.set(this.#name(storageKey), stored);
  }

  #find(storageKey: Buffer): Stored | undefined {
    const name = this.#name(storageKey);
    const stored = this.#keyspace.get(name);
    if (stored === undefined || stored.expiresAt > this.#now()) return stored;
    this.#keyspace.delete(name);
    return undefined;
  }

  #name(storageKey: Buffer): string {
    return `${this.#opened().namespace}:${storageKey.toString('hex')}`;
  }

  #now(): number {
    return this.#opened().platform.now();
  }

  #opened(): TierContext {
    if (this.#context === undefined) throw notOpen();
    return this.#context;
  }
}

function notOpen(): TierFailure {
  return new TierFailure('not-sent', 'not-open');
}

/** Copies the value, so that no caller can change what the tier holds. */
function ownCopy(value: Omit<PrimaryValue, 'kind'>): PrimaryValue {
  return { ...value, kind: 'value', envelope: Buffer.from(value.envelope) };
}

/** True for a lower revision, and for the same one on a branch that the durable tier has lost. */
function isStale({ revision, envelope }: PrimaryValue, knownRevision: number, knownTag: Buffer): boolean {
  return revision < knownRevision || (revision === knownRevision && !envelopeTag(envelope).equals(knownTag));
}

/** A stamp beyond the present was given while the clock was ahead, and counts for nothing. */
function laterStamp(stored: Stamp, offered: Stamp, now: number): Stamp {
  if (stored.incarnation !== offered.incarnation || stored.at > now) return offered;
  return stored.at > offered.at ? stored : offered;
}

function isSameHeader(a: PrimaryValue, b: PrimaryValue): boolean {
  return (
    a.revision === b.revision &&
    a.stamp.incarnation === b.stamp.incarnation &&
    a.stamp.at === b.stamp.at &&
    a.lastSeenAt === b.lastSeenAt &&
    a.idleExpiresAt === b.idleExpiresAt
  );
}
