import type { OpenedPrisma } from '../support/servers/databases.ts';
import type { RedisServer } from '../support/servers/redis.ts';
import type { SqliteFile } from '../support/servers/sqlite.ts';
import type { Fleet } from './fleet.ts';
import type { KeyCabinet } from './key-cabinet.ts';
import type { Ledger } from './ledger.ts';
import type { Traffic } from './load.ts';
import type { Timeline } from './timeline.ts';
import type { Verdict } from './verdict.ts';

/** What the shop keeps in a session. */
export interface ShopSession {
  cart: { sku: string; quantity: number }[];
}

/** The part of every planted item, so that a thief's search has something to look for. */
export const ITEM = 'velvet-lantern';

export interface Customer {
  readonly userId: string;
  readonly id: string;
}

/** What every scene plays with. */
export interface Stage {
  readonly timeline: Timeline;
  readonly verdict: Verdict;
  readonly redis: RedisServer;
  readonly database: SqliteFile;
  /** A client of the database beside the shop's own, to look at what is really stored. */
  readonly auditor: OpenedPrisma;
  readonly keys: KeyCabinet;
  readonly fleet: Fleet;
  readonly ledger: Ledger;
  readonly traffic: Traffic;
  readonly ada: Customer;
  readonly bob: Customer;
  /** Has a session, and never changes it. */
  readonly grace: Customer;
  readonly everyone: readonly Customer[];
}
