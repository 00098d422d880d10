import type { DurableTier } from '../../src/tiers/durable.ts';
import type { PrimaryTier } from '../../src/tiers/primary.ts';
import { aroundDurable, type DurableMethod, type Method } from './durable-methods.ts';

/** The methods of the primary tier that return at once; nothing comes between them and their caller. */
const SYNCHRONOUS = ['vantage', 'failure'] as const;

export type PrimaryMethod = Exclude<keyof PrimaryTier, (typeof SYNCHRONOUS)[number] | 'name'>;

/** Runs before a method of a tier: may wait, throw, or do something else first. */
export type Intercept<Name> = (method: Name) => Promise<void> | void;

/** What a test does between the callers of a tier and its methods. */
class Interception<Name extends string> {
  readonly hook: { before: Intercept<Name> } = { before: () => undefined };
  readonly calls: Name[] = [];
  readonly #overrides = new Map<Name, (own: Method, ...args: unknown[]) => Promise<unknown>>();

  readonly around = (name: Name, own: Method): Method => {
    return async (...args) => {
      this.calls.push(name);
      await this.hook.before(name);
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
  const isSynchronous = (name: string): boolean => SYNCHRONOUS.some((other) => other === name);
  const proxy = new Proxy(tier, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function' || typeof name !== 'string') return member;
      const own = member.bind(target) as Method;
      return isSynchronous(name) ? own : around(name as PrimaryMethod, own);
    },
  });
  return { tier: proxy, hook, calls, override };
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
