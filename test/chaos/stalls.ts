import { DATABASE_RECOVERY_MS } from './bounds.ts';
import { machineTime } from './clock.ts';
import { kindOf } from './faults/faults.ts';
import type { Disturbance } from './schedule.ts';

/** A time in which this machine was too busy for what it was asked to do. */
export interface Stall {
  readonly from: number;
  readonly to: number;
}

/** Less than the shortest time-out that a stall could trip. */
export const STALL_MS = 150;
const EVERY_MS = 50;

/** The stalls that no fault caused: a node or a database that is frozen is blocked as well. */
export function unintended(stalls: readonly Stall[], disturbances: readonly Disturbance[]): Stall[] {
  const intended = disturbances.filter(({ name }) => name === 'node-frozen' || kindOf(name).group === 'database');
  return stalls.filter(
    ({ from, to }) =>
      !intended.some((span) => from >= span.beganAt - STALL_MS && to <= span.endedAt + DATABASE_RECOVERY_MS),
  );
}

/** Notes when this process did not get to run: its own timer is the control. */
export class StallWatch {
  readonly stalls: Stall[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    this.#wait();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(): void {
    const from = machineTime();
    this.#timer = setTimeout(() => {
      const to = machineTime();
      if (to - from > EVERY_MS + STALL_MS) this.stalls.push({ from, to });
      this.#wait();
    }, EVERY_MS);
    this.#timer.unref();
  }
}
