import { CoarseTimeouts } from '../../platform/coarse-timeouts.ts';
import type { Platform } from '../../platform/platform.ts';
import type { TierContext } from '../context.ts';
import type { DurableFacts } from '../diagnosis.ts';
import type { DurableTier } from '../durable.ts';
import type { CallTimeouts } from './batch/call.ts';
import { lanesFor } from './batch/lanes.ts';
import { shareCalls } from './batch/shared-calls.ts';
import { databaseOf } from '../sql/dialects/databases.ts';
import type { Database } from '../sql/dialects/dialect.ts';
import { type SchemaStatements, schemaStatementsFor } from '../sql/schema.ts';
import { type SessionStatements, statementsFor } from '../sql/statements/statements.ts';
import { diagnoseDatabase } from './diagnosis.ts';
import { inspectDatabase, readClock } from './inspection.ts';
import { PrismaFeed } from './parts/feed.ts';
import { PrismaFleet } from './parts/fleet.ts';
import { OpenTierSlot } from './parts/open-tier.ts';
import { PrismaSessions } from './parts/sessions.ts';
import { PrismaUpkeep } from './parts/upkeep.ts';
import type { PrismaClientLike } from './prisma-client.ts';
import { type PrismaTierOptions, resolvePrismaOptions } from './prisma-options.ts';
import { StatementRunner } from './statement-runner.ts';

/**
 * The durable tier in the application's own database, through its own Prisma client. It needs the tables of
 * `prisma/<provider>/migrations`.
 *
 * @throws {ConfigurationError} an option is wrong. Only `open` can find out whether the tables are there.
 * @example
 * const durable = prismaTier(prisma, { provider: 'postgresql' });
 */
export function prismaTier(prisma: PrismaClientLike, options: PrismaTierOptions): DurableTier {
  const { provider, table } = resolvePrismaOptions(prisma, options);
  return new PrismaTier(prisma, databaseOf(provider, table));
}

/** The way on which statements are sent: lanes, timeouts, and the runner that uses them. */
interface Statements {
  readonly lanes: ReturnType<typeof lanesFor>;
  readonly waits: { readonly platform: Platform; readonly timeoutMs: number; readonly timeouts: CallTimeouts };
  readonly runner: StatementRunner;
}

class PrismaTier implements DurableTier {
  readonly name: string;
  readonly sessions: PrismaSessions;
  readonly feed: PrismaFeed;
  readonly fleet: PrismaFleet;
  readonly upkeep: PrismaUpkeep;
  readonly #client: PrismaClientLike;
  readonly #database: Database;
  readonly #schema: SchemaStatements;
  readonly #shared: SessionStatements;
  readonly #slot = new OpenTierSlot();

  constructor(client: PrismaClientLike, database: Database) {
    const { sessions, feed, fleet, upkeep } = statementsFor(database);
    this.name = `prisma (${database.dialect.name})`;
    this.#client = client;
    this.#database = database;
    this.#schema = schemaStatementsFor(database);
    this.#shared = sessions;
    this.sessions = new PrismaSessions(this.#slot, sessions);
    this.feed = new PrismaFeed(this.#slot, feed);
    this.fleet = new PrismaFleet(this.#slot, fleet);
    this.upkeep = new PrismaUpkeep(this.#slot, upkeep);
  }

  async open(context: TierContext): Promise<void> {
    const { namespace, sweeps = false } = context;
    const { lanes, waits, runner } = this.#statements(context);
    const shared = shareCalls({ ...waits, statements: this.#shared, namespace, runner, lanes });
    // Kept even when the inspection fails: a server that is only away is used once `probe` finds it again.
    this.#slot.current = { namespace, runner, shared };
    await inspectDatabase(runner, this.#schema, { provider: this.#database.dialect.name, sweeps });
  }

  diagnose(context: TierContext): Promise<DurableFacts> {
    const { runner } = this.#statements(context);
    const { namespace, platform } = context;
    return diagnoseDatabase({ runner, database: this.#database, schema: this.#schema, namespace, platform });
  }

  /** Makes the way on which statements are sent. */
  #statements({ platform, timeoutMs }: TierContext): Statements {
    const { name: provider, lanes: counts } = this.#database.dialect;
    const { settings, leave } = this.#schema;
    const lanes = lanesFor(this.#client, counts, platform);
    const timeouts: CallTimeouts = new CoarseTimeouts(platform, timeoutMs, (call) => call.expire());
    const waits = { platform, timeoutMs, timeouts };
    const options = { lanes: lanes.single, holdsLane: lanes.areHeld, provider, settings, leave };
    return { lanes, waits, runner: new StatementRunner(this.#client, { ...waits, ...options }) };
  }

  async probe(): Promise<number> {
    return readClock(this.#slot.get().runner, this.#schema);
  }

  /** Leaves the client and its connections open: they are the application's. */
  async close(): Promise<void> {
    this.#slot.current = undefined;
  }
}
