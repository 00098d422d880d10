import type { TierContext } from '../context.ts';
import type { DurableTier } from '../durable.ts';
import { MemoryFeed } from './durable/feed.ts';
import { MemoryFleet } from './durable/fleet.ts';
import { MemorySessions } from './durable/sessions.ts';
import { type MemoryDatabase, MemoryTables } from './durable/tables.ts';
import { MemoryUpkeep } from './durable/upkeep.ts';

/**
 * The durable tier as a specification that runs: for tests, and for a first look without servers. Nothing survives the
 * process. Tiers that are given the same database see each other's sessions.
 * @example
 * const tiers = { primary: memoryPrimaryTier(), durable: memoryDurableTier() };
 * const client = new SessionClient({ keys: await generateKeyRing(), ...tiers });
 */
export function memoryDurableTier(database: MemoryDatabase = new Map()): DurableTier {
  return new MemoryDurableTier(new MemoryTables(database));
}

/** No method waits for anything, so each one is a single step, as a SQL statement is. */
class MemoryDurableTier implements DurableTier {
  readonly name = 'memory';
  readonly sessions: MemorySessions;
  readonly feed: MemoryFeed;
  readonly fleet: MemoryFleet;
  readonly upkeep: MemoryUpkeep;
  readonly #tables: MemoryTables;

  constructor(tables: MemoryTables) {
    this.#tables = tables;
    this.sessions = new MemorySessions(tables);
    this.feed = new MemoryFeed(tables);
    this.fleet = new MemoryFleet(tables);
    this.upkeep = new MemoryUpkeep(tables);
  }

  async open(context: TierContext): Promise<void> {
    this.#tables.open(context);
  }

  async probe(): Promise<number> {
    return this.#tables.now();
  }

  async close(): Promise<void> {
    this.#tables.close();
  }
}
