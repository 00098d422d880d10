import type { ClusterResult } from './cases/cluster.ts';
import type { GrowthStep } from './cases/growth.ts';
import type { HeapStep } from './cases/heap.ts';
import type { HttpResult } from './cases/http.ts';
import type { LatencyAt } from './cases/latency.ts';
import type { MemoryResult } from './cases/memory.ts';
import type { OperationsResult } from './cases/operations.ts';
import type { OutageResult } from './cases/outage.ts';
import type { ProfileResult } from './cases/profile.ts';
import type { StartupResult } from './cases/startup.ts';
import type { SurvivalResult } from './cases/survival.ts';
import type { Rounds, Schedule } from './measure/rounds.ts';
import type { Machine } from './report/machine.ts';

/** The results of a run; a case that was not asked for is missing. */
export interface Results {
  readonly machine: Machine;
  readonly isQuick: boolean;
  readonly schedule: Schedule;
  readonly sessionBytes: number;
  throughput?: Rounds;
  latency?: readonly LatencyAt[];
  operations?: OperationsResult;
  memory?: readonly MemoryResult[];
  survival?: readonly SurvivalResult[];
  outage?: OutageResult;
  growth?: readonly GrowthStep[];
  cluster?: ClusterResult;
  startup?: readonly StartupResult[];
  heap?: readonly HeapStep[];
  http?: HttpResult;
  profile?: readonly ProfileResult[];
}
