import type { DurableTier, PrimaryTier } from '../../src/tiers/tier.ts';

/** Runs before a method of a tier: may wait, throw, or do something else first. */
export type Intercept = (method: string) => Promise<void> | void;

/** The tier itself, with a place between the caller and each of its commands. */
function intercepted<T extends DurableTier | PrimaryTier>(tier: T, synchronous: readonly string[]) {
  const hook: { before: Intercept } = { before: () => undefined };
  const calls: string[] = [];
  const overrides = new Map<string, (...args: unknown[]) => Promise<unknown>>();
  const proxy = new Proxy(tier, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function' || typeof name !== 'string') return member;
      if (synchronous.includes(name)) return member.bind(target) as unknown;
      return async (...args: unknown[]): Promise<unknown> => {
        calls.push(name);
        await hook.before(name);
        const override = overrides.get(name);
        if (override) return override(...args);
        return (member as (...all: unknown[]) => unknown).apply(target, args);
      };
    },
  });
  const original =
    (name: string) =>
    (...args: unknown[]) =>
      (Reflect.get(tier, name, tier) as (...all: unknown[]) => Promise<unknown>).apply(tier, args);
  return {
    tier: proxy,
    hook,
    calls,
    /** Replaces one method; `original` is the tier's own. */
    override(
      name: string,
      method: (own: (...args: unknown[]) => Promise<unknown>, ...args: unknown[]) => Promise<unknown>,
    ) {
      overrides.set(name, (...args) => method(original(name), ...args));
    },
  };
}

export const interceptPrimary = (tier: PrimaryTier) => intercepted(tier, ['vantage', 'failure']);
export const interceptDurable = (tier: DurableTier) => intercepted(tier, []);

/** A gate that the test opens; `reached` tells that somebody waits at it. */
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
