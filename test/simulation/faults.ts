import type { Random } from './random.ts';

/**
 * What may go wrong, and how far it may let reads of *other* nodes fall behind what was acknowledged: not at all, by the
 * feed lease, or by the validation lease (the table of promises, docs/internals/protocol.md).
 */
export const FAULTS = {
  'redis-lost-request': 'feed',
  'redis-lost-reply': 'feed',
  'redis-late': 'feed',
  'redis-freeze': 'feed',
  'redis-restart-empty': 'feed',
  'redis-restart-earlier': 'feed',
  'redis-refuse': 'feed',
  'redis-cut': 'feed',
  'redis-rollback': 'validation',
  'redis-evict': 'none',
  'database-lost-request': 'none',
  'database-lost-reply': 'none',
  'database-late': 'none',
  'database-slow': 'none',
  'database-reject': 'none',
  'database-down': 'none',
  'node-crash': 'none',
  'node-pause': 'none',
} as const satisfies Record<string, 'feed' | 'none' | 'validation'>;

export type FaultKind = keyof typeof FAULTS;
export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[];

/** From `at`, for `lengthMs`; faults of messages hit each one with this probability meanwhile. */
export interface Fault {
  readonly kind: FaultKind;
  readonly at: number;
  readonly lengthMs: number;
  readonly probability: number;
  /** A number to choose by: which node, which entry, which snapshot, which way of failing. */
  readonly choice: number;
}

/** The chances of the moment. */
export class Weather {
  readonly #active = new Map<FaultKind, number>();

  begin(kind: FaultKind, probability: number): void {
    this.#active.set(kind, probability);
  }

  end(kind: FaultKind): void {
    this.#active.delete(kind);
  }

  probability(kind: FaultKind): number {
    return this.#active.get(kind) ?? 0;
  }
}

/** Up to three kinds of fault, each a few times. Most bugs need no more (Yuan et al., OSDI 2014). */
export function drawFaults(random: Random, kinds: readonly FaultKind[], durationMs: number): Fault[] {
  const faults: Fault[] = [];
  const count = random.chance(0.1) ? 0 : 1 + random.below(3);
  for (let n = 0; n < count; n += 1) {
    const kind = random.pick(kinds);
    if (kind === undefined) break;
    const times = 1 + random.below(3);
    for (let time = 0; time < times; time += 1) {
      faults.push({
        kind,
        at: random.between(0, durationMs),
        lengthMs: random.logBetween(20, Math.max(100, Math.min(durationMs / 2, 20_000))),
        probability: random.logBetween(0.03, 1),
        choice: random.unit(),
      });
    }
  }
  return faults;
}
