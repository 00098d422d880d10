import { hasFaketime } from '../../support/servers/galera.ts';
import type { FleetDatabaseName } from '../database/fleet-database.ts';
import type { TopologyName } from '../redis/fleet-redis.ts';
import { CLUSTER_FAULTS } from './cluster-faults.ts';
import { DATABASE_WIRE_FAULTS, SERVER_WIRE_FAULTS } from './database-wire-faults.ts';
import type { FaultKind } from './fault-kind.ts';
import { GALERA_FAULTS } from './galera-faults.ts';
import { POSTGRES_FAULTS } from './postgres-faults.ts';
import { PROCESS_FAULTS } from './process-faults.ts';
import { SENTINEL_FAULTS } from './sentinel-faults.ts';
import { STANDALONE_FAULTS } from './standalone-faults.ts';
import { WIRE_FAULTS } from './wire-faults.ts';

const FAULTS = {
  ...POSTGRES_FAULTS,
  ...GALERA_FAULTS,
  ...DATABASE_WIRE_FAULTS,
  ...SERVER_WIRE_FAULTS,
  ...PROCESS_FAULTS,
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

/** Sentinels are asked over wires, the servers are not. */
const OF_REDIS: Readonly<Record<TopologyName, readonly FaultName[]>> = {
  standalone: [...namesOf(WIRE_FAULTS), ...namesOf(STANDALONE_FAULTS)],
  sentinel: [...namesOf(SENTINEL_FAULTS), ...namesOf(SENTINEL_FAULTS)],
  cluster: [...namesOf(WIRE_FAULTS), ...namesOf(CLUSTER_FAULTS), ...namesOf(CLUSTER_FAULTS)],
};

const ofGalera = [...namesOf(GALERA_FAULTS), ...namesOf(SERVER_WIRE_FAULTS)].filter(
  (name) => name !== 'galera-clock-set' || hasFaketime(),
);
const OF_DATABASE: Readonly<Record<FleetDatabaseName, readonly FaultName[]>> = {
  galera: [...ofGalera, ...ofGalera, ...namesOf(DATABASE_WIRE_FAULTS)],
  postgresql: [...namesOf(POSTGRES_FAULTS), ...namesOf(DATABASE_WIRE_FAULTS)],
};

/** What can happen to a fleet whose Redis and whose database are of these kinds. */
export function faultsOf(topology: TopologyName, database: FleetDatabaseName): FaultName[] {
  return [...OF_DATABASE[database], ...namesOf(PROCESS_FAULTS), ...OF_REDIS[topology]];
}
