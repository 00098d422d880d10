/** One request as its caller saw it. */
export interface Sample {
  /** `performance.now()` at its end. */
  readonly at: number;
  readonly ms: number;
  readonly kind: 'add' | 'read';
  readonly servedBy: 'durable' | 'primary' | undefined;
  /** The error's code, if it failed. */
  readonly failure: string | undefined;
}

export interface Summary {
  readonly count: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Of the reads, from 0 to 1. */
  readonly primaryShare: number;
}

export function summarize(samples: readonly Sample[]): Summary {
  const times = samples.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const reads = samples.filter(({ kind }) => kind === 'read');
  return {
    count: samples.length,
    failed: samples.filter(({ failure }) => failure !== undefined).length,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    max: times.at(-1) ?? 0,
    primaryShare: reads.filter(({ servedBy }) => servedBy === 'primary').length / Math.max(reads.length, 1),
  };
}

export function between(samples: readonly Sample[], from: number, to: number): Sample[] {
  return samples.filter(({ at }) => at >= from && at < to);
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
