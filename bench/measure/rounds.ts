import type { WatchedServers } from './cpu.ts';
import { runSlice, type Load, type Measurement, type Subject } from './slice.ts';
import { median, summarize, type Summary } from './statistics.ts';

export interface Schedule extends Load {
  readonly rounds: number;
}

/** The measurements of each subject in each round, by its name. */
export type Rounds = Readonly<Record<string, readonly Measurement[]>>;

/**
 * Runs every subject once per round, one after the other, so that a machine that grows slower or busier affects all of
 * them. Odd rounds run backwards, so that the neighbours change. A first round warms up and is not counted.
 */
export async function runRounds(
  subjects: readonly Subject[],
  { rounds, ...load }: Schedule,
  servers: WatchedServers,
): Promise<Rounds> {
  for (const subject of subjects) await runSlice(subject, load, servers);
  const results: Record<string, Measurement[]> = Object.fromEntries(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      results[subject.name]?.push(await runSlice(subject, load, servers));
    }
  }
  return results;
}

/** Returns the median of each figure over the rounds; failures and strays are added up. */
export function typical(rounds: readonly Measurement[]): Measurement {
  const middle = (figure: keyof Measurement): number => median(rounds.map((round) => round[figure]));
  const sum = (figure: keyof Measurement): number => rounds.reduce((total, round) => total + round[figure], 0);
  return {
    operations: sum('operations'),
    perSecond: middle('perSecond'),
    clientCpu: middle('clientCpu'),
    redisCpu: middle('redisCpu'),
    databaseCpu: middle('databaseCpu'),
    p50: middle('p50'),
    p90: middle('p90'),
    p99: middle('p99'),
    p999: middle('p999'),
    max: Math.max(...rounds.map(({ max }) => max)),
    failed: sum('failed'),
    strays: sum('strays'),
  };
}

/** Returns the ratios of one subject to another, round by round. */
export function ratio(results: Rounds, one: string, other: string, figure: keyof Measurement = 'perSecond'): Summary {
  const ours = results[one] ?? [];
  const theirs = results[other] ?? [];
  return summarize(ours.map((round, at) => round[figure] / (theirs[at]?.[figure] ?? Number.NaN)));
}
