import { cpuBetween, cpuTimes, type CpuTimes, type WatchedServers } from './cpu.ts';
import { collectGarbage } from './garbage.ts';
import { percentileOfSorted } from './statistics.ts';

/** A subject that is timed. */
export interface Subject {
  readonly name: string;
  /** Prepares a slice without being timed, so that the slice measures what its name says, and nothing else. */
  prepare?(): Promise<void>;
  /** Runs one operation. Returns false if it took another path than the name says, such as a hit that was a miss. */
  call(): Promise<boolean>;
  /** Returns the microseconds of CPU of the process that does the work, if it is not this one. */
  cpu?(): Promise<number>;
}

export interface Load {
  /** The callers, each of which begins its next operation when its last has ended. */
  readonly callers: number;
  readonly ms: number;
}

/**
 * The measurement of a subject over one stretch of time. Latencies in milliseconds, CPU in microseconds per operation.
 */
export interface Measurement {
  readonly operations: number;
  readonly perSecond: number;
  readonly clientCpu: number;
  readonly redisCpu: number;
  readonly databaseCpu: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly failed: number;
  readonly strays: number;
}

/**
 * The start of a slice is not counted: the background work of the subject before ends, and pools and caches become this
 * one's.
 */
const RUN_IN_MS = 100;

export async function runSlice(subject: Subject, { callers, ms }: Load, servers: WatchedServers): Promise<Measurement> {
  await subject.prepare?.();
  await collectGarbage();
  await drive(subject, { callers, ms: RUN_IN_MS });
  const before = await timesOf(subject, servers);
  const { latencies, seconds, failed, strays } = await drive(subject, { callers, ms });
  const cpu = cpuBetween(before, await timesOf(subject, servers));
  const operations = latencies.length;
  const sorted = Float64Array.from(latencies).sort();
  return {
    operations,
    perSecond: operations / seconds,
    clientCpu: cpu.client / operations,
    redisCpu: cpu.redis / operations,
    databaseCpu: cpu.database / operations,
    p50: percentileOfSorted(sorted, 0.5),
    p90: percentileOfSorted(sorted, 0.9),
    p99: percentileOfSorted(sorted, 0.99),
    p999: percentileOfSorted(sorted, 0.999),
    max: sorted.at(-1) ?? Number.NaN,
    failed,
    strays,
  };
}

async function timesOf(subject: Subject, servers: WatchedServers): Promise<CpuTimes> {
  const times = cpuTimes(servers);
  return subject.cpu === undefined ? times : { ...times, client: await subject.cpu() };
}

/** The latencies in milliseconds, one for each operation. */
export interface Driven {
  readonly latencies: readonly number[];
  readonly seconds: number;
  readonly failed: number;
  readonly strays: number;
}

/** Runs callers in a closed loop. */
export async function drive(subject: Subject, { callers, ms }: Load): Promise<Driven> {
  const latencies: number[] = [];
  let failed = 0;
  let strays = 0;
  const start = performance.now();
  const loops = Array.from({ length: callers }, async () => {
    for (let from = performance.now(); from < start + ms;) {
      try {
        if (!(await subject.call())) strays += 1;
      } catch {
        failed += 1;
      }
      const at = performance.now();
      latencies.push(at - from);
      from = at;
    }
  });
  await Promise.all(loops);
  return { latencies, seconds: (performance.now() - start) / 1_000, failed, strays };
}
