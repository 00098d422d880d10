import { machineTime } from './clock.ts';
import type { Scene } from './faults/fault-kind.ts';
import { kindOf, type FaultName } from './faults/faults.ts';
import type { Fleet } from './fleet.ts';
import type { Round } from './rounds.ts';

/** What was done to the servers, the wires and the nodes, on the clock of the histories. */
export interface Disturbance {
  readonly name: FaultName;
  readonly choice: number;
  /** Whom it happened to, where it happens to one. */
  readonly node: string;
  readonly round: number;
  /** False if nothing came of it. */
  readonly tookPlace: boolean;
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
    disturbances.push(...(await runRound(fleet, next(), round)));
    await timer(CALM_MS);
  }
  return disturbances;
}

async function runRound(fleet: Fleet, { faults, lengthMs }: Round, round: number): Promise<Disturbance[]> {
  const scenes = faults.map(({ name, choice, whom }) => {
    const node = fleet.nodes[Math.floor(whom * fleet.nodes.length)]!;
    const scene: Scene = { fleet, choice, node, kept: {} };
    const kind = kindOf(name);
    return { name, kind, scene, marks: kind.marks?.(scene) };
  });
  const beganAt = machineTime();
  for (const { kind, scene } of scenes) await kind.begin(scene);
  await timer(lengthMs / 2);
  for (const { kind, scene } of scenes) await kind.midway?.(scene);
  await timer(lengthMs / 2);
  // Each on its own: one may only end once another has.
  return Promise.all(
    scenes.map(async ({ name, kind, scene, marks }) => {
      await kind.end(scene);
      const { choice, node } = scene;
      const tookPlace = marks === undefined || kind.marks!(scene) > marks;
      return { name, choice, node: node.name, round, tookPlace, beganAt, endedAt: machineTime() };
    }),
  );
}

/** The schedule's own: how long a fault lasts is what is being tested. */
function timer(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
