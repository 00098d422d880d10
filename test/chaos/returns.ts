import type { History } from '../simulation/history.ts';
import { FAULTS } from './faults.ts';
import type { Disturbance } from './schedule.ts';

/** How long after the end of a fault a node was first served by Redis again; null if it was not. */
export interface Return {
  readonly faults: string;
  readonly node: string;
  readonly ms: number | null;
}

/** Of the rounds in which only Redis was lost: with the database in trouble, Redis alone is not what is waited for. */
export function returnsOf(history: History, disturbances: readonly Disturbance[]): Return[] {
  const nodes = new Set(history.map(({ node }) => node));
  return rounds(disturbances).flatMap(([first, ...others]) => {
    const round = [first, ...others];
    const isMeasured =
      round.some(({ name }) => FAULTS[name].losesRedis) && round.every(({ name }) => FAULTS[name].group !== 'database');
    if (!isMeasured) return [];
    const began = disturbances.find(({ beganAt }) => beganAt > first.endedAt)?.beganAt ?? Infinity;
    return [...nodes].flatMap((node): Return[] => {
      const reads = history.filter((operation) => operation.node === node && operation.invokedAt > first.endedAt);
      const isHere = history.some((operation) => operation.node === node && operation.invokedAt < first.beganAt);
      const hit = reads.find(({ outcome }) => outcome.kind === 'session' && outcome.servedBy === 'primary');
      const ms = hit === undefined || hit.invokedAt > began ? null : hit.invokedAt - first.endedAt;
      return isHere ? [{ faults: round.map(({ name }) => name).join(' + '), node, ms }] : [];
    });
  });
}

function rounds(disturbances: readonly Disturbance[]): [Disturbance, ...Disturbance[]][] {
  const byRound = new Map<number, [Disturbance, ...Disturbance[]]>();
  for (const disturbance of disturbances) {
    const round = byRound.get(disturbance.round);
    if (round === undefined) byRound.set(disturbance.round, [disturbance]);
    else round.push(disturbance);
  }
  return [...byRound.values()];
}
