import { drawFaults, FAULT_KINDS, type Fault, type FaultKind } from './faults.ts';
import type { Random } from './random.ts';

/** Everything about one simulation that is decided before it begins. */
export interface Plan {
  readonly seed: number;
  readonly nodes: number;
  readonly actors: number;
  readonly users: number;
  /** Sessions alive at a time. */
  readonly sessions: number;
  readonly operations: number;
  /** Mean time between two operations of one actor. */
  readonly pauseMs: number;
  readonly validationLeaseMs: number;
  readonly idleMs: number;
  readonly absoluteMs: number;
  readonly durationMs: number;
  readonly faults: readonly Fault[];
}

/** Half of what two clocks of the fleet may differ by (`CLOCK_SKEW_MS`). */
export const SKEW_MS = 2_500;

/** How far behind a node may be that could not be told through Redis. Not the library's constant: this is the promise. */
export const FEED_LEASE_MS = 1_500;

const LONG_IDLE_MS = 30 * 60_000;
const LONG_ABSOLUTE_MS = 12 * 60 * 60_000;

export function drawPlan(random: Random, seed: number, kinds: readonly FaultKind[] = FAULT_KINDS): Plan {
  const actors = 3 + random.below(6);
  const operations = 60 + random.below(120);
  const pauseMs = random.logBetween(1, 2_000);
  const durationMs = (operations / actors) * (pauseMs + 10);
  const isShortLived = random.chance(0.15);
  return {
    seed,
    nodes: 2 + random.below(2),
    actors,
    users: 1 + random.below(2),
    sessions: 1 + random.below(3),
    operations,
    pauseMs,
    validationLeaseMs: Math.round(random.logBetween(2_000, 60_000)),
    idleMs: isShortLived ? Math.round(random.logBetween(20_000, 120_000)) : LONG_IDLE_MS,
    absoluteMs: isShortLived ? Math.round(random.logBetween(120_000, 300_000)) : LONG_ABSOLUTE_MS,
    durationMs,
    faults: drawFaults(random, kinds, durationMs),
  };
}
