import { CoarseTimeouts } from '../../platform/coarse-timeouts.ts';
import type { Platform } from '../../platform/platform.ts';
import type { TierContext } from '../context.ts';
import type { DurableFacts } from '../diagnosis.ts';
import type { DurableTier } from '../durable.ts';
import type { CallTimeouts } from './batch/call.ts';
import { lanesFor } from './batch/lanes.ts';
import { shareCalls } from './batch/shared-calls.ts';
import type { ClusterTime } from '../sql/cluster/cluster-time.ts';
import { databaseOf } from '../sql/dialects/databases.ts';
import type { Database } from '../sql/dialects/dialect.ts';
import { galeraOf, quorum } from '../sql/dialects/mysql/galera.ts';
import { type SchemaStatements, schemaStatementsFor } from '../sql/schema.ts';
import { statementsFor } from '../sql/statements/statements.ts';
import { diagnoseDatabase } from './diagnosis.ts';
import { beginTime, inspectDatabase, readClock } from './inspection.ts';
import { PrismaFeed } from './parts/feed.ts';
import { PrismaFleet } from './parts/fleet.ts';
import { type OpenTier, OpenTierSlot } from './parts/open-tier.ts';
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
interface Way {
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
  readonly #slot = new OpenTierSlot();
  #context: TierContext | undefined;

  constructor(client: PrismaClientLike, database: Database) {
    this.name = `prisma (${database.dialect.name})`;
    this.#client = client;
    this.#database = database;
    this.sessions = new PrismaSessions(this.#slot);
    this.feed = new PrismaFeed(this.#slot);
    this.fleet = new PrismaFleet(this.#slot);
    this.upkeep = new PrismaUpkeep(this.#slot);
  }

  async open(context: TierContext): Promise<void> {
    this.#context = context;
    if (await this.#openFor(this.#database, context)) return;
    const cluster = galeraOf(this.#database, context.platform);
    await this.#openFor(cluster, context);
    await beginTime(this.#slot.get());
  }

  /** Returns false if the server is one of a cluster, and the statements for this database are for one server. */
  #openFor(database: Database, context: TierContext): Promise<boolean> {
    // Kept even when the inspection fails: a server that is only away is used once `probe` finds it again.
    this.#slot.current = this.#prepare(context, database);
    const { sweeps = false } = context;
    return inspectDatabase(this.#slot.current, { provider: database.dialect.name, sweeps });
  }

  diagnose(context: TierContext): Promise<DurableFacts> {
    const { runner, schema } = this.#prepare(context, this.#database);
    const { namespace, platform } = context;
    return diagnoseDatabase({ runner, database: this.#database, schema, namespace, platform });
  }

  /** Compiles the statements for a database, and makes the way on which they are sent. */
  #prepare(context: TierContext, database: Database): OpenTier {
    const { namespace } = context;
    const { time } = database;
    const [statements, schema] = [statementsFor(database), schemaStatementsFor(database)];
    const { lanes, waits, runner } = this.#wayFor(context, schema, time);
    const shared = shareCalls({ ...waits, statements: statements.sessions, namespace, runner, lanes });
    return { namespace, runner, shared, statements, schema, time };
  }

  #wayFor({ platform, timeoutMs }: TierContext, schema: SchemaStatements, time: ClusterTime | undefined): Way {
    const { name: provider, lanes: counts } = this.#database.dialect;
    const { settings, leave, probe } = schema;
    const cluster = time && { time, probe, quorum };
    const lanes = lanesFor(this.#client, counts, platform);
    const timeouts: CallTimeouts = new CoarseTimeouts(platform, timeoutMs, (call) => call.expire());
    const waits = { platform, timeoutMs, timeouts };
    const options = { lanes: lanes.single, holdsLane: lanes.areHeld, provider, settings, leave, cluster };
    return { lanes, waits, runner: new StatementRunner(this.#client, { ...waits, ...options }) };
  }

  async probe(): Promise<number> {
    const opened = this.#slot.get();
    const { now, isCluster: answersAsCluster } = await readClock(opened);
    // Where one server was, there is a cluster by now, or the other way round.
    if (this.#context && answersAsCluster !== (opened.time !== undefined)) {
      await this.open(this.#context);
      return this.probe();
    }
    return now;
  }

  /** Leaves the client and its connections open: they are the application's. */
  async close(): Promise<void> {
    this.#slot.current = undefined;
  }
}
