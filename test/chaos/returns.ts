import type { Seen } from './checks.ts';
import { kindOf } from './faults/faults.ts';
import type { Disturbance } from './schedule.ts';

/** How long after the end of a fault a node was first served by Redis again; null if it was not. */
export interface Return {
  readonly faults: string;
  readonly node: string;
  readonly ms: number | null;
}

/** Of the rounds in which only Redis was lost: with the database in trouble, Redis alone is not what is waited for. */
export function returnsOf({ history, disturbances, killed, stalls }: Seen): Return[] {
  const nodes = [...new Set(history.map(({ node }) => node))].filter((node) => !killed.has(node));
  return rounds(disturbances).flatMap((round) => {
    const losses = round.filter(({ name }) => kindOf(name).losesRedis);
    if (losses.length === 0 || round.some(({ name }) => kindOf(name).group === 'database')) return [];
    const [beganAt, endedAt] = [round[0].beganAt, Math.max(...losses.map((loss) => loss.endedAt))];
    const nextAt = disturbances.find((other) => other.beganAt > endedAt)?.beganAt ?? Infinity;
    const faults = round.map(({ name }) => name).join(' + ');
    return nodes.flatMap((node): Return[] => {
      const own = history.filter((operation) => operation.node === node);
      if (!own.some(({ invokedAt }) => invokedAt < beganAt)) return [];
      const hit = own.find(
        ({ invokedAt, outcome }) => invokedAt > endedAt && outcome.kind === 'session' && outcome.servedBy === 'primary',
      );
      if (stalls.some(({ from, to }) => from < (hit?.invokedAt ?? nextAt) && to > endedAt)) return [];
      const ms = hit === undefined || hit.invokedAt > nextAt ? null : hit.invokedAt - endedAt;
      return [{ faults, node, ms }];
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
