import { machineTime } from './clock.ts';
import { FAULTS, type FaultKind, type FaultName, type Round } from './faults.ts';
import type { Fleet } from './fleet.ts';

/** What was done to the servers and the wires, on the clock of the histories. */
export interface Disturbance {
  readonly name: FaultName;
  readonly choice: number;
  readonly round: number;
  readonly beganAt: number;
  readonly endedAt: number;
}

/** Longer than Redis needs to be used again, so that its return is seen before the next fault. */
const CALM_MS = 2_700;

/** Runs rounds until the time is up. Everything is well again when it resolves. */
export async function runRounds(fleet: Fleet, next: () => Round, seconds: number): Promise<Disturbance[]> {
  const until = machineTime() + seconds * 1_000;
  const disturbances: Disturbance[] = [];
  await timer(CALM_MS);
  for (let round = 1; machineTime() < until; round += 1) {
    const { faults, lengthMs } = next();
    const scenes = faults.map(({ name, choice }) => ({
      name,
      kind: FAULTS[name] as FaultKind,
      scene: { fleet, choice },
    }));
    const beganAt = machineTime();
    for (const { kind, scene } of scenes) await kind.begin(scene);
    await timer(lengthMs / 2);
    for (const { kind, scene } of scenes) await kind.midway?.(scene);
    await timer(lengthMs / 2);
    for (const { kind, scene } of scenes) await kind.end(scene);
    const endedAt = machineTime();
    disturbances.push(...faults.map((fault) => ({ ...fault, round, beganAt, endedAt })));
    await timer(CALM_MS);
  }
  return disturbances;
}

/** The schedule's own: how long a fault lasts is what is being tested. */
function timer(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
