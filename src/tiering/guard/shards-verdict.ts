import { UP, type Verdict } from '../../telemetry/health.ts';

/** Returns the verdict about all shards, at least one. Says of several that one is down, but not which: no address belongs in `health()`. */
export function verdictOf(verdicts: readonly Verdict[]): Verdict {
  const worst = verdicts.find(({ state }) => state === 'down') ?? verdicts.find(({ state }) => state !== 'up') ?? UP;
  const isPartial = worst.state === 'down' && verdicts.some(({ state }) => state !== 'down');
  return isPartial ? { state: 'degraded', reason: 'shard-down' } : worst;
}
