import { durablePolicies } from '../../src/tiering/guard/durable-policies.ts';
import type { DurableTier, Feed, Fleet, Sessions, Upkeep } from '../../src/tiers/durable.ts';

/** A method of the durable tier by its full name. */
export type DurableMethod =
  | `feed.${keyof Feed}`
  | `fleet.${keyof Fleet}`
  | `sessions.${keyof Sessions}`
  | `upkeep.${keyof Upkeep}`
  | 'close'
  | 'open'
  | 'probe';

export type Method = (...args: unknown[]) => Promise<unknown>;

/** The same tier, with each of its methods replaced by what `around` makes of it. */
export function aroundDurable(tier: DurableTier, around: (name: DurableMethod, own: Method) => Method): DurableTier {
  const wrapped = (target: object, name: string, fullName: string): [string, Method] => {
    const own = (Reflect.get(target, name) as Method).bind(target);
    return [name, around(fullName as DurableMethod, own)];
  };
  const part = (name: keyof typeof durablePolicies): object =>
    Object.fromEntries(
      Object.keys(durablePolicies[name]).map((method) => wrapped(tier[name], method, `${name}.${method}`)),
    );
  return {
    name: tier.name,
    ...Object.fromEntries(['open', 'probe', 'close'].map((name) => wrapped(tier, name, name))),
    sessions: part('sessions'),
    feed: part('feed'),
    fleet: part('fleet'),
    upkeep: part('upkeep'),
  } as unknown as DurableTier;
}
