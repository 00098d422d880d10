import { runRounds, type Rounds } from '../measure/rounds.ts';
import type { Options } from '../options.ts';
import type { Servers } from '../servers.ts';
import { NAMES, type SubjectKey } from '../subjects/names.ts';
import type { Subjects } from '../subjects/subjects.ts';

/** Times every operation of every subject, in one run. */
export function throughput(subjects: Subjects, options: Options, servers: Servers): Promise<Rounds> {
  return runRounds(subjects.pick(Object.keys(NAMES) as SubjectKey[]), options.throughput, servers);
}
