import { generateKeyRing, SessionClient, type SessionClientOptions, TierFailure } from '../../src/index.ts';
import { storageKeyOf } from '../../src/session/session-id.ts';
import {
  memoryDurableTier,
  memoryPrimaryTier,
  type MemoryDatabase,
  type MemoryKeyspace,
} from '../../src/tiers/memory/index.ts';
import type { PrimaryValue } from '../../src/tiers/tier.ts';
import { FakePlatform } from './fake-platform.ts';
import { interceptDurable, interceptPrimary, type Intercept } from './intercepted-tiers.ts';

export interface Shop {
  cart: string[];
}

export interface FleetNode {
  readonly sessions: SessionClient<Shop>;
  readonly primary: ReturnType<typeof interceptPrimary>;
  readonly durable: ReturnType<typeof interceptDurable>;
  /** This node alone loses the primary tier; the others do not notice. */
  cutFromPrimary(): void;
  heal(): void;
}

const ring = generateKeyRing();

/** Nodes over one primary server and one database, each with its own way to them, on time that moves when told. */
export class MemoryFleet {
  readonly platform = new FakePlatform();
  readonly keyspace: MemoryKeyspace = new Map();
  readonly database: MemoryDatabase = new Map();

  /** A node that is ready. */
  async node(options: Partial<SessionClientOptions<Shop>> = {}): Promise<FleetNode> {
    const primary = interceptPrimary(memoryPrimaryTier(this.keyspace));
    const durable = interceptDurable(memoryDurableTier(this.database));
    const sessions = new SessionClient<Shop>({
      keys: await ring,
      primary: primary.tier,
      durable: durable.tier,
      platform: this.platform,
      ...options,
    });
    await sessions.ready();
    return {
      sessions,
      primary,
      durable,
      cutFromPrimary: () => void (primary.hook.before = refuse),
      heal: () => void (primary.hook.before = durable.hook.before = () => undefined),
    };
  }

  keyOf(id: string): string {
    return `holdfast:${storageKeyOf(id).toString('hex')}`;
  }

  kindOf(id: string): string {
    return this.keyspace.get(this.keyOf(id))?.kind ?? 'absent';
  }

  /** The copy as it is stored, and a way to store another one, as whoever can write to the server could. */
  valueOf(id: string): { entry: PrimaryValue; replace(entry: PrimaryValue): void } {
    const stored = this.keyspace.get(this.keyOf(id));
    if (stored?.kind !== 'value') throw new Error(`no value there, but ${stored?.kind}`);
    const replace = (value: PrimaryValue) =>
      void this.keyspace.set(this.keyOf(id), { ...stored, value, expiresAt: Number.MAX_VALUE });
    return { entry: stored.value, replace };
  }

  rowOf(id: string) {
    return this.database.get(storageKeyOf(id).toString('hex'));
  }

  /** Revokes the row without telling anybody, as after a rollback that nobody noticed. */
  async revokeSilently(id: string): Promise<void> {
    const behind = memoryDurableTier(this.database);
    await behind.open({ namespace: 'holdfast', platform: this.platform, timeoutMs: 1_000 });
    const writeId = Buffer.alloc(16);
    const revokedAt = this.platform.now();
    await behind.revoke({ storageKey: storageKeyOf(id), writeId, revokedAt, dirty: false, validUntil: null });
  }
}

/** A server that cannot be reached. */
export const refuse: Intercept = () => {
  throw new TierFailure('not-sent', 'ECONNREFUSED');
};

/** One method whose answer is lost before it is carried out. */
export const failing =
  (method: string, kind: 'ambiguous' | 'not-sent' = 'ambiguous'): Intercept =>
  (called) => {
    if (called === method) throw new TierFailure(kind, 'test');
  };

export const add = (sessions: SessionClient<Shop>, id: string, item: string) =>
  sessions.update(id, (data) => void data.cart.push(item));

/** A session as its caller sees it. */
export async function seen(sessions: SessionClient<Shop>, id: string) {
  const session = await sessions.get(id);
  return session === null ? null : { cart: session.data.cart, servedBy: session.servedBy };
}
