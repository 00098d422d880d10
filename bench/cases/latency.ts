import { runRounds, type Rounds } from '../measure/rounds.ts';
import type { Options } from '../options.ts';
import type { Servers } from '../servers.ts';
import type { SubjectKey } from '../subjects/names.ts';
import type { Subjects } from '../subjects/subjects.ts';

export interface LatencyAt {
  readonly callers: number;
  readonly rounds: Rounds;
}

const CALLERS = [1, 16, 128];
const TIMED = [
  'readAgain',
  'downAgain',
  'create',
  'update',
  'floor',
  'redisRead',
  'redisSet',
  'pgRead',
  'pgUpdate',
] as const satisfies readonly SubjectKey[];

/** Measures how long one call takes with one caller, with some, and with more than the machine can serve at once. */
export async function latency(subjects: Subjects, options: Options, servers: Servers): Promise<LatencyAt[]> {
  const results: LatencyAt[] = [];
  for (const callers of CALLERS) {
    const rounds = await runRounds(subjects.pick(TIMED), { ...options.latency, callers }, servers);
    results.push({ callers, rounds });
  }
  return results;
}
