import { generateKeyRing, SessionClient, type SessionClientOptions } from '../../src/index.ts';
import { TierFailure } from '../../src/errors.ts';
import { storageKeyOf } from '../../src/session/session-id.ts';
import { memoryDurableTier, type MemoryDatabase, type MemoryKeyspace } from '../../src/tiers/memory/index.ts';
import type { Platform } from '../../src/platform/platform.ts';
import type { TierContext } from '../../src/tiers/context.ts';
import type { PrimaryValue } from '../../src/tiers/primary.ts';
import { FakePlatform } from './fake-platform.ts';
import { ledTier } from './led-server.ts';
import { interceptDurable, interceptPrimary, type Intercept } from './intercepted-tiers.ts';

export interface Shop {
  cart: string[];
}

export interface FleetNode {
  readonly sessions: SessionClient<Shop>;
  readonly primary: ReturnType<typeof interceptPrimary>;
  readonly durable: ReturnType<typeof interceptDurable>;
  /** Leads this node to the server that holds these keys. */
  lead(keyspace: MemoryKeyspace): void;
  /** This node alone loses the primary tier; the others do not notice. */
  cutFromPrimary(): void;
  heal(): void;
}

const ring = generateKeyRing();

/**
 * Nodes over one primary server and one database, each with its own connection to them, on time that moves on command.
 */
export class MemoryFleet {
  readonly platform = new FakePlatform();
  readonly keyspace: MemoryKeyspace = new Map();
  readonly database: MemoryDatabase = new Map();
  /** How far, in milliseconds, the clock of each server is ahead of the right time. */
  readonly aheadMs = { redis: 0, database: 0 };

  /** A node that is ready. */
  async node(
    options: Partial<SessionClientOptions<Shop>> = {},
    keyspace: MemoryKeyspace = this.keyspace,
  ): Promise<FleetNode> {
    const { tier, lead } = ledTier(keyspace);
    const primary = interceptPrimary(tier);
    const durable = interceptDurable(memoryDurableTier(this.database));
    primary.override('open', (own, context, ...rest) => own(this.#onServer(context, 'redis'), ...rest));
    durable.override('open', (own, context) => own(this.#onServer(context, 'database')));
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
      lead,
      cutFromPrimary: () => void (primary.hook.before = refuse),
      heal: () => void (primary.hook.before = durable.hook.before = () => undefined),
    };
  }

  #onServer(context: unknown, server: 'database' | 'redis'): TierContext {
    const now = (): number => this.platform.now() + this.aheadMs[server];
    return { ...(context as TierContext), platform: withClock(this.platform, { now }) };
  }

  keyOf(id: string): string {
    return `holdfast:${storageKeyOf(id).toString('hex')}`;
  }

  kindOf(id: string): string {
    return this.keyspace.get(this.keyOf(id))?.kind ?? 'absent';
  }

  /** The copy as it is stored, and a way to store another one, as an attacker with access to the server could. */
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

  /** Marks the row dirty, as a statement does that began at `dirtyAt` and is committed now. */
  markRow(id: string, dirtyAt: number): void {
    const row = this.rowOf(id);
    if (row !== undefined) this.database.set(storageKeyOf(id).toString('hex'), { ...row, dirtyAt });
  }

  /** Revokes the row without a notice to any node, as after a rollback. */
  async revokeSilently(id: string): Promise<void> {
    const behind = memoryDurableTier(this.database);
    await behind.open({ namespace: 'holdfast', platform: this.platform, timeoutMs: 1_000 });
    const writeId = Buffer.alloc(16);
    const revokedAt = this.platform.now();
    await behind.sessions.revoke({ storageKey: storageKeyOf(id), writeId, revokedAt, dirty: false, validUntil: null });
  }
}

/** The same platform with other clocks. */
export function withClock(platform: Platform, clock: Partial<Pick<Platform, 'monotonic' | 'now'>>): Platform {
  return {
    now: () => platform.now(),
    monotonic: () => platform.monotonic(),
    random: () => platform.random(),
    fillRandom: (target, offset, length) => platform.fillRandom(target, offset, length),
    after: (delayMs, callback, kind) => platform.after(delayMs, callback, kind),
    afterInput: (callback) => platform.afterInput(callback),
    ...clock,
  };
}

/** A server that cannot be reached. */
export const refuse: Intercept<string> = () => {
  throw new TierFailure('not-sent', 'ECONNREFUSED');
};

/** One method whose answer is lost before it is carried out. */
export function failing<Name extends string>(
  method: NoInfer<Name>,
  kind: 'ambiguous' | 'not-sent' = 'ambiguous',
): Intercept<Name> {
  return (called) => {
    if (called === method) throw new TierFailure(kind, 'test');
  };
}

export const add = (sessions: SessionClient<Shop>, id: string, item: string) =>
  sessions.update(id, (data) => void data.cart.push(item));

/** A session as its caller sees it. */
export async function seen(sessions: SessionClient<Shop>, id: string) {
  const session = await sessions.get(id);
  return session === null ? null : { cart: session.data.cart, servedBy: session.servedBy };
}
