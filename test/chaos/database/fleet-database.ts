import type { FaultProxy } from '../../support/servers/fault-proxy.ts';
import type { Watched } from '../statement-watch.ts';

export type FleetDatabaseName = 'galera' | 'postgresql';

/** What a process needs to reach the database. */
export interface DatabaseOrders {
  readonly provider: 'mysql' | 'postgresql';
  readonly url: string;
  readonly ca: string;
}

/** One node's way to the database, and to no other server of it. */
export interface DatabaseWire {
  readonly proxy: FaultProxy;
  readonly orders: DatabaseOrders;
}

/** The database of a fleet, which may be several servers. */
export interface FleetDatabase {
  /** Statements that were lost, or whose answers were. */
  readonly mishaps: number;
  /** A way of its own for the node at this place: those at different places may reach different servers. */
  newWire(place: number): Promise<DatabaseWire>;
  /** Connects to each server, over a wire that is never broken. */
  readonly watched: readonly (() => Promise<Watched>)[];
  /** Also when servers are frozen. */
  stop(): Promise<void>;
}

/** The same url, through a proxy. */
export const through = ({ port }: FaultProxy, url: string): string =>
  Object.assign(new URL(url), { port: `${port}` }).href;
