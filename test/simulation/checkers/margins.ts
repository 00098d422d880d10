import { SKEW_MS, type Plan } from '../plan.ts';

/** A destroy surely still finds a session by an id that was regenerated this long before (`PREVIOUS_KEY_LOOKUP_MS` less the skew). */
export const REGENERATED_LOOKUP_SAFE_MS = 20_000;
/** How far a server's clock is set at once, in these simulations. */
export const SERVER_CLOCK_JUMP_MS = 5_000;

/** How far two clocks of the fleet may be apart. */
export function skewBetween({ skewMs = SKEW_MS }: Plan): number {
  return 2 * skewMs;
}

/** A touch is due after this long at the latest, and may be late by the rest. */
export function touchLateness({ idleMs, touchIntervalMs = 30_000 }: Plan): number {
  return Math.min(touchIntervalMs, idleMs / 10) + 1_000;
}

/** The time for which the processes of a run are blocked in all. */
export function pausesOf({ faults }: Pick<Plan, 'faults'>): number {
  return faults
    .filter(({ kind }) => kind === 'node-pause' || kind === 'node-suspend')
    .reduce((sum, { lengthMs }) => sum + lengthMs, 0);
}
