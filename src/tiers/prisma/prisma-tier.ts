import { CoarseTimeouts } from '../../platform/coarse-timeouts.ts';
import type { TierContext } from '../context.ts';
import type { DurableTier } from '../durable.ts';
import type { CallTimeouts } from './batch/call.ts';
import { lanesFor } from './batch/lanes.ts';
import { shareCalls } from './batch/shared-calls.ts';
import type { Dialect } from './dialect.ts';
import { Mysql } from './dialects/mysql/mysql.ts';
import { Postgresql } from './dialects/postgresql/postgresql.ts';
import { Sqlite } from './dialects/sqlite/sqlite.ts';
import { inspectDatabase, readClock } from './inspection.ts';
import { PrismaFeed } from './parts/feed.ts';
import { PrismaFleet } from './parts/fleet.ts';
import { OpenTierSlot } from './parts/open-tier.ts';
import { PrismaSessions } from './parts/sessions.ts';
import { PrismaUpkeep } from './parts/upkeep.ts';
import type { PrismaClientLike } from './prisma-client.ts';
import {
  type PrismaProvider,
  type PrismaTierOptions,
  type ResolvedPrismaOptions,
  resolvePrismaOptions,
} from './prisma-options.ts';
import { StatementRunner } from './statement-runner.ts';

/**
 * The durable tier in the application's own database, through its own Prisma client. It needs the tables of
 * `prisma/<provider>/migrations`.
 *
 * @throws {ConfigurationError} an option is wrong. Only `open` can find out whether the tables are there.
 */
export function prismaTier(prisma: PrismaClientLike, options: PrismaTierOptions): DurableTier {
  const resolved = resolvePrismaOptions(prisma, options);
  return new PrismaTier(prisma, resolved, dialectFor(resolved));
}

function dialectFor({ provider, table }: ResolvedPrismaOptions): Dialect {
  switch (provider) {
    case 'mysql':
      return new Mysql(table);
    case 'postgresql':
      return new Postgresql(table);
    case 'sqlite':
      return new Sqlite(table);
    default:
      return provider satisfies never;
  }
}

class PrismaTier implements DurableTier {
  readonly name: string;
  readonly sessions: PrismaSessions;
  readonly feed: PrismaFeed;
  readonly fleet: PrismaFleet;
  readonly upkeep: PrismaUpkeep;
  readonly #client: PrismaClientLike;
  readonly #dialect: Dialect;
  readonly #provider: PrismaProvider;
  readonly #slot = new OpenTierSlot();

  constructor(client: PrismaClientLike, { provider }: ResolvedPrismaOptions, dialect: Dialect) {
    this.name = `prisma (${provider})`;
    this.#client = client;
    this.#provider = provider;
    this.#dialect = dialect;
    this.sessions = new PrismaSessions(this.#slot, dialect);
    this.feed = new PrismaFeed(this.#slot, dialect);
    this.fleet = new PrismaFleet(this.#slot, dialect);
    this.upkeep = new PrismaUpkeep(this.#slot, dialect);
  }

  async open({ namespace, platform, timeoutMs, sweeps = false }: TierContext): Promise<void> {
    const { lanes: counts, schema, shared: statements } = this.#dialect;
    const { settings } = schema;
    const lanes = lanesFor(this.#client, counts);
    const timeouts: CallTimeouts = new CoarseTimeouts(platform, timeoutMs, (call) => call.expire());
    const waits = { platform, timeoutMs, timeouts };
    const runner = new StatementRunner(this.#client, {
      ...waits,
      lanes: lanes.single,
      holdsLane: lanes.areHeld,
      provider: this.#provider,
      settings,
    });
    const shared = shareCalls({ ...waits, statements, namespace, runner, lanes });
    // Kept even when the inspection fails: a server that is only away is used once `probe` finds it again.
    this.#slot.current = { namespace, runner, shared };
    await inspectDatabase(runner, schema, { provider: this.#provider, sweeps });
  }

  async probe(): Promise<number> {
    return readClock(this.#slot.get().runner, this.#dialect.schema);
  }

  /** The client is the application's, and so are its connections. */
  async close(): Promise<void> {
    this.#slot.current = undefined;
  }
}
