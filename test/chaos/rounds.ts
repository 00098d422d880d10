import type { Random } from '../simulation/random.ts';
import { kindOf, type FaultName } from './faults/faults.ts';

export interface Fault {
  readonly name: FaultName;
  /** In [0, 1). */
  readonly choice: number;
  /** In [0, 1): which node. */
  readonly whom: number;
}

/** One or two faults at a time, for `lengthMs`; then everything is healed and left alone for a while. */
export interface Round {
  readonly faults: readonly Fault[];
  readonly lengthMs: number;
}

/** Every name once, in an order of the seed's, then again; half of the time with a second one of another group. */
export function drawRounds(random: Random, names: readonly FaultName[]): () => Round {
  let deck: FaultName[] = [];
  const draw = (fits: (name: FaultName) => boolean): FaultName | undefined => {
    if (!deck.some(fits)) deck = [...deck, ...shuffled(random, names)];
    const at = deck.findIndex(fits);
    return at < 0 ? undefined : deck.splice(at, 1)[0];
  };
  return () => {
    const first = draw(() => true)!;
    const { group } = kindOf(first);
    const second = random.chance(0.5) ? draw((name) => kindOf(name).group !== group) : undefined;
    const faults = [first, second].flatMap((name) =>
      name === undefined ? [] : [{ name, choice: random.unit(), whom: random.unit() }],
    );
    return { faults, lengthMs: random.logBetween(1_200, 4_000) };
  };
}

function shuffled<T>(random: Random, list: readonly T[]): T[] {
  return list
    .map((item) => ({ item, at: random.unit() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
