import type { TierContext } from '../../src/tiers/context.ts';
import type { DurableTier } from '../../src/tiers/durable.ts';
import type { PrimaryEvents, PrimaryShard, PrimaryTier } from '../../src/tiers/primary.ts';
import { aroundDurable, type DurableMethod, type Method } from './durable-methods.ts';

/** The members of a shard that are there at once; nothing comes between them and their caller. */
const SYNCHRONOUS = ['vantage', 'failure', 'name'] as const;

export type PrimaryMethod = Exclude<keyof PrimaryShard, (typeof SYNCHRONOUS)[number]> | 'close' | 'open';

/** Runs before a method of a tier, or of one of its shards: may wait, throw, or do something else first. */
export type Intercept<Name> = (method: Name, shard?: PrimaryShard) => Promise<void> | void;

/** What a test does between the callers of a tier and its methods. */
class Interception<Name extends string> {
  readonly hook: { before: Intercept<Name> } = { before: () => undefined };
  readonly calls: Name[] = [];
  readonly #overrides = new Map<Name, (own: Method, ...args: unknown[]) => Promise<unknown>>();

  readonly around = (name: Name, own: Method, shard?: PrimaryShard): Method => {
    return async (...args) => {
      this.calls.push(name);
      await this.hook.before(name, shard);
      const override = this.#overrides.get(name);
      return override ? override(own, ...args) : own(...args);
    };
  };

  /** Replaces one method; `own` is the tier's. */
  readonly override = (name: Name, method: (own: Method, ...args: unknown[]) => Promise<unknown>): void => {
    this.#overrides.set(name, method);
  };
}

export function interceptDurable(tier: DurableTier) {
  const { hook, calls, around, override } = new Interception<DurableMethod>();
  return { tier: aroundDurable(tier, around), hook, calls, override };
}

export function interceptPrimary(tier: PrimaryTier) {
  const { hook, calls, around, override } = new Interception<PrimaryMethod>();
  const wrapped = new Map<PrimaryShard, PrimaryShard>();
  const wrap = (shard: PrimaryShard): PrimaryShard => {
    const known = wrapped.get(shard) ?? wrapShard(shard, around);
    wrapped.set(shard, known);
    return known;
  };
  const open = (context: TierContext, events: PrimaryEvents): Promise<void> =>
    tier.open(context, {
      onShardChange: (shard) => events.onShardChange(wrap(shard)),
      onShardsChange: () => events.onShardsChange(),
    });
  const proxy: PrimaryTier = {
    name: tier.name,
    open: around('open', open as Method) as PrimaryTier['open'],
    close: around('close', () => tier.close()) as PrimaryTier['close'],
    failure: () => tier.failure(),
    get shards() {
      return tier.shards.map(wrap);
    },
    shardOf(storageKey) {
      const shard = tier.shardOf(storageKey);
      return shard && wrap(shard);
    },
  };
  return { tier: proxy, hook, calls, override };
}

function wrapShard(
  shard: PrimaryShard,
  around: (name: PrimaryMethod, own: Method, shard: PrimaryShard) => Method,
): PrimaryShard {
  return new Proxy(shard, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function' || typeof name !== 'string') return member;
      const own = member.bind(target) as Method;
      const isSynchronous = SYNCHRONOUS.some((other) => other === name);
      return isSynchronous ? own : around(name as PrimaryMethod, own, shard);
    },
  });
}

/** A gate that the test opens; `reached` resolves once a call waits at it. */
export function gate(): { readonly reached: Promise<void>; pass(): void; wait(): Promise<void> } {
  let open = (): void => undefined;
  let arrive = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  return {
    reached,
    pass: () => open(),
    wait() {
      arrive();
      return opened;
    },
  };
}
