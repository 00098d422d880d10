import type { TopologyName } from '../redis/fleet-redis.ts';
import { CLUSTER_FAULTS } from './cluster-faults.ts';
import { COMMON_FAULTS } from './common-faults.ts';
import type { FaultKind } from './fault-kind.ts';
import { SENTINEL_FAULTS } from './sentinel-faults.ts';
import { STANDALONE_FAULTS } from './standalone-faults.ts';
import { WIRE_FAULTS } from './wire-faults.ts';

const FAULTS = {
  ...COMMON_FAULTS,
  ...WIRE_FAULTS,
  ...STANDALONE_FAULTS,
  ...SENTINEL_FAULTS,
  ...CLUSTER_FAULTS,
};

export type FaultName = keyof typeof FAULTS;

export function kindOf(name: FaultName): FaultKind {
  return FAULTS[name];
}

export const isFault = (name: string): name is FaultName => name in FAULTS;

const namesOf = <Name extends FaultName>(faults: Readonly<Record<Name, FaultKind>>): Name[] =>
  Object.keys(faults) as Name[];

/** What can happen to a fleet whose Redis is of this kind. Sentinels are asked over wires, the servers are not. */
export const FAULTS_OF: Readonly<Record<TopologyName, readonly FaultName[]>> = {
  standalone: [...namesOf(COMMON_FAULTS), ...namesOf(WIRE_FAULTS), ...namesOf(STANDALONE_FAULTS)],
  sentinel: [...namesOf(COMMON_FAULTS), ...namesOf(SENTINEL_FAULTS), ...namesOf(SENTINEL_FAULTS)],
  cluster: [...namesOf(COMMON_FAULTS), ...namesOf(WIRE_FAULTS), ...namesOf(CLUSTER_FAULTS), ...namesOf(CLUSTER_FAULTS)],
};
