import type { Endpoint } from '../options/topology.ts';

/** A master as one Sentinel names it, and the Sentinel's configuration epoch, which grows with each fail-over. */
export interface NamedMaster extends Endpoint {
  readonly epoch: number;
}

export interface Situation {
  /** The master that was named before, if any. */
  readonly known: NamedMaster | null;
  /** The number of Sentinels, with those that did not answer. */
  readonly sentinels: number;
  /** True if there is a server to use. */
  readonly isServed: boolean;
}

export function isSameEndpoint(one: Endpoint, other: Endpoint): boolean {
  return one.host === other.host && one.port === other.port;
}

/**
 * Returns the master to connect to, by the answers of one round. The highest epoch wins, and at that epoch the address that most
 * name: the same epoch may name another address. An epoch lower than the known one is a Sentinel that missed a fail-over, or
 * Sentinels that were made anew and count from 0 again. It is followed if more than half of all Sentinels agree that
 * there is none higher, or if there is no server to lose.
 */
export function nextMaster(answers: readonly NamedMaster[], situation: Situation): NamedMaster | null {
  const { known, sentinels, isServed } = situation;
  const epoch = Math.max(...answers.map((answer) => answer.epoch));
  const newest = answers.filter((answer) => answer.epoch === epoch);
  if (newest.length === 0) return known;
  const isOld = known !== null && epoch < known.epoch;
  if (isOld && isServed && answers.length * 2 <= sentinels) return known;
  return mostNamed(newest, known);
}

/** Returns the address with the most votes, and the known one of several with as many. */
function mostNamed(answers: readonly NamedMaster[], known: NamedMaster | null): NamedMaster | null {
  const votes = (address: Endpoint): number => answers.filter((answer) => isSameEndpoint(answer, address)).length;
  const most = Math.max(...answers.map(votes));
  const leading = answers.filter((answer) => votes(answer) === most);
  return leading.find((answer) => known !== null && isSameEndpoint(answer, known)) ?? leading[0] ?? null;
}
