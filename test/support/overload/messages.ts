import type { RedisCoordinates } from '../servers/redis.ts';

/** What the process is to do: plain data that crosses its boundary. */
export interface OverloadOrders {
  readonly redis: RedisCoordinates;
  readonly databaseUrl: string;
  readonly databaseCa: string;
  readonly namespace: string;
  readonly durableTimeoutMs: number;
  readonly updateTimeoutMs: number;
  /** Of the data that each session carries. */
  readonly payloadBytes: number;
  /** So many times what the database was seen to carry is asked of it. */
  readonly factor: number;
  readonly floodMs: number;
  /** Every call of the flood has settled so long after its end. */
  readonly settleMs: number;
  /** Bytes that may be left of it. */
  readonly leftMax: number;
  /** SQL that takes away what makes the database slow. */
  readonly makeFast: string;
}

export type CallName = 'create' | 'read' | 'strong read' | 'touch' | 'update';

/** Calls of one name: how often each outcome came, and how long the slowest took. */
export interface CallTally {
  readonly outcomes: Readonly<Record<string, number>>;
  readonly slowestMs: number;
}

export interface OverloadReport {
  /** Calls per second in a closed loop before the flood, and the best of some tries after it. */
  readonly carriedBefore: number;
  readonly carriedAfter: number;
  /** Calls of the flood, and how long it took to make them. */
  readonly offered: number;
  readonly offeredMs: number;
  readonly flood: Readonly<Record<CallName, CallTally>>;
  /** Of the flood's calls, those that had not settled when the bound for all of them had passed. */
  readonly unsettled: number;
  /** The sessions whose creation was acknowledged to the flood, and how many of them are there. */
  readonly acknowledged: number;
  readonly found: number;
  /** Bytes on the heap and in buffers: the most during the flood, and what was left of it. */
  readonly grownBy: { readonly peak: number; readonly after: number };
  /** The longest time for which the process was blocked, which is no fault of the library's. */
  readonly blockedMs: number;
  /** From the end of the flood to the first acknowledged write. */
  readonly recoveredAfterMs: number;
  /** How often the primary tier was given up. */
  readonly primaryLosses: number;
  /** To the database, at the end. */
  readonly connections: number;
  readonly health: { readonly primary: string; readonly durable: string };
}
