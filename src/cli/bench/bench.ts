import type { SessionClient } from '../../client/session-client.ts';
import type { Engine } from '../../engine/engine.ts';
import {
  BENCH_FAILURE_PAUSE_MS,
  BENCH_LIFETIME_MARGIN_MS,
  BENCH_LIVING_SESSIONS,
  BENCH_WARM_UP_MS_MAX,
  BENCH_WARM_UP_PAUSE_MS,
} from '../../limits/cli.ts';
import { delay, type Platform } from '../../platform/platform.ts';
import { Steps } from '../../upkeep/steps.ts';
import { cleanUp, type CleanedUp } from './clean-up.ts';
import { operationsOf, type CpuRange, type Operation } from './operations.ts';
import { OwnSessions } from './own-sessions.ts';
import { Tape, type Measured } from './tape.ts';

export interface BenchOptions {
  readonly platform: Platform;
  /** The time that all operations take together. */
  readonly durationMs: number;
  readonly concurrency: number;
  readonly data: unknown;
  readonly signal: AbortSignal;
  /** Runs when the next operation begins; `share` is how much of the time has passed. */
  readonly onOperation: (title: string, share: number) => void;
}

/** The answers of one operation. */
export interface OperationReport {
  readonly name: string;
  readonly title: string;
  /** The answers to one caller that waits for each. */
  readonly alone: Omit<Measured, 'perSecond'>;
  /** The answers to as many callers as `concurrency`. */
  readonly together: Measured;
  /** The CPU time of this process for one of the calls that were made together. */
  readonly clientCpuUs: number | null;
  readonly capacityCpuUs: CpuRange | null;
  /** The share of the reads that Redis answered; null where it is not asked. */
  readonly redisShare: number | null;
  readonly errors: Readonly<Record<string, number>>;
}

export interface BenchReport {
  readonly concurrency: number;
  readonly dataBytes: number;
  readonly operations: readonly OperationReport[];
  readonly cleanUp: CleanedUp;
}

/**
 * Measures the servers through the application's client, with sessions of its own. Ends early once the signal is aborted. Deletes what it
 * has made in either case.
 */
export async function bench(client: SessionClient, engine: Engine, options: BenchOptions): Promise<BenchReport> {
  const { platform, durationMs, concurrency, data, signal, onOperation } = options;
  await untilRedisIsUsed(client, options);
  const sessions = new OwnSessions({ client, platform, data, lifetimeMs: durationMs + BENCH_LIFETIME_MARGIN_MS });
  const reports: OperationReport[] = [];
  const steps = new Steps(engine, undefined);
  try {
    await sessions.fill(BENCH_LIVING_SESSIONS, () => signal.aborted);
    const operations = operationsOf(client, engine, sessions);
    const halfMs = durationMs / operations.length / 2;
    for (const [at, operation] of operations.entries()) {
      if (signal.aborted) break;
      onOperation(operation.title, at / operations.length);
      reports.push(
        await measure(operation, { platform, concurrency, halfMs, signal, isSpent: () => sessions.isSpent }),
      );
    }
  } catch (error) {
    await cleanUp(steps, sessions);
    throw error;
  }
  onOperation('cleaning up', 1);
  return {
    concurrency,
    dataBytes: Buffer.byteLength(JSON.stringify(data)),
    operations: reports,
    cleanUp: await cleanUp(steps, sessions),
  };
}

/** Waits until this node has found out that the server of Redis counts, which takes a moment after its start. */
async function untilRedisIsUsed(client: SessionClient, { platform, signal }: BenchOptions): Promise<void> {
  const giveUpAt = platform.monotonic() + BENCH_WARM_UP_MS_MAX;
  while (platform.monotonic() < giveUpAt && !signal.aborted) {
    if ((await client.health()).primary.state === 'up') return;
    await delay(platform, BENCH_WARM_UP_PAUSE_MS);
  }
}

interface MeasureOptions extends Pick<BenchOptions, 'concurrency' | 'platform' | 'signal'> {
  readonly halfMs: number;
  readonly isSpent: () => boolean;
}

async function measure(operation: Operation, options: MeasureOptions): Promise<OperationReport> {
  const { name, title, capacityUs, isFromRedis } = operation;
  const alone = await play(operation, { ...options, concurrency: 1 });
  const together = await play(operation, options);
  const { perSecond: _, ...one } = alone.measured;
  const errors = [...alone.errors, ...together.errors];
  return {
    name,
    title,
    alone: one,
    together: together.measured,
    clientCpuUs: together.cpuUs,
    capacityCpuUs: capacityUs,
    redisShare: isFromRedis ? together.primaryShare : null,
    errors: Object.fromEntries(
      errors.map(([code]) => [code, (alone.errors.get(code) ?? 0) + (together.errors.get(code) ?? 0)]),
    ),
  };
}

async function play(operation: Operation, options: MeasureOptions): Promise<Tape> {
  const { platform, concurrency, halfMs, signal, isSpent } = options;
  const tape = new Tape(platform);
  const endsAt = platform.monotonic() + halfMs;
  const isOver = (): boolean => signal.aborted || platform.monotonic() >= endsAt || (operation.usesUp && isSpent());
  let calls = 0;
  const next = async (supplied: string): Promise<void> => {
    calls += 1;
    const n = calls;
    // One that is refused at once must not be repeated at once: nothing else would run.
    if (!(await tape.record(() => operation.call(n, supplied)))) await delay(platform, BENCH_FAILURE_PAUSE_MS);
  };
  const callers = Array.from({ length: concurrency });
  const { supply } = operation;
  if (supply === undefined) {
    const lane = async (): Promise<void> => {
      while (!isOver()) await next('');
    };
    await tape.during(async () => void (await Promise.all(callers.map(lane))));
    return tape;
  }
  // In waves, so that only the calls count, and not the making of what they use up.
  while (!isOver()) {
    const supplied = await Promise.all(callers.map(() => supply()));
    await tape.during(async () => void (await Promise.all(supplied.map(next))));
  }
  return tape;
}
