import { TierFailure } from '../../errors.ts';
import { CoarseTimeouts } from '../../platform/coarse-timeouts.ts';
import type { RecordState, SealedRecord } from '../../session/sealed-record.ts';
import type {
  DurableTier,
  EndedPage,
  FeedPage,
  FeedPosition,
  FindEndedCommand,
  Fleet,
  InsertCommand,
  InsertOutcome,
  MovedRow,
  MoveUserKeyCommand,
  NodeMark,
  RegenerateCommand,
  RemoveEndedCommand,
  RevokeCommand,
  RevokedRow,
  RevokeManyCommand,
  RevokeManyOutcome,
  RingMark,
  SweepClaim,
  TierContext,
  TouchCommand,
  UpdateCommand,
  WalkCommand,
  WalkPage,
} from '../tier.ts';
import type { CallTimeouts } from './batch/call.ts';
import type { Dialect } from './dialect.ts';
import { Mysql } from './dialects/mysql/mysql.ts';
import { Postgresql } from './dialects/postgresql/postgresql.ts';
import { Sqlite } from './dialects/sqlite/sqlite.ts';
import { isTooLate } from './failure.ts';
import { toEndedPage, toFleet, toRaisedRing, toWalkPage } from './fleet-rows.ts';
import { inspectDatabase, readClock } from './inspection.ts';
import { lanesFor } from './batch/lanes.ts';
import type { PrismaClientLike } from './prisma-client.ts';
import {
  type PrismaProvider,
  type PrismaTierOptions,
  type ResolvedPrismaOptions,
  resolvePrismaOptions,
} from './prisma-options.ts';
import { type Row, toFeedPage, toRecord, toRevokedRow } from './rows.ts';
import { type SharedCalls, shareCalls } from './batch/shared-calls.ts';
import { StatementRunner } from './statement-runner.ts';

/**
 * The durable tier in the application's own database, through its own Prisma client. It needs the tables of
 * `prisma/<provider>/migrations`.
 *
 * @throws {ConfigurationError} an option is wrong; whether the tables are there only `open` can tell.
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

interface Session {
  readonly namespace: string;
  readonly runner: StatementRunner;
  readonly shared: SharedCalls;
}

class PrismaTier implements DurableTier {
  readonly name: string;
  readonly #client: PrismaClientLike;
  readonly #dialect: Dialect;
  readonly #provider: PrismaProvider;
  #session: Session | undefined;

  constructor(client: PrismaClientLike, { provider }: ResolvedPrismaOptions, dialect: Dialect) {
    this.name = `prisma (${provider})`;
    this.#client = client;
    this.#provider = provider;
    this.#dialect = dialect;
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
    this.#session = { namespace, runner, shared };
    await inspectDatabase(runner, schema, { provider: this.#provider, sweeps });
  }

  async probe(): Promise<number> {
    return readClock(this.#opened().runner, this.#dialect.schema);
  }

  async insert(command: InsertCommand): Promise<InsertOutcome> {
    return this.#opened().shared.insert.run(command);
  }

  /** Not async, since without a primary tier every read passes here. */
  read(storageKey: Buffer, known?: Buffer): Promise<SealedRecord | null> {
    if (!this.#session) return Promise.reject(notOpen());
    return this.#session.shared.read.run({ storageKey, known });
  }

  async readState(storageKey: Buffer): Promise<RecordState | null> {
    return this.#opened().shared.readState.run(storageKey);
  }

  async update(command: UpdateCommand): Promise<boolean> {
    return this.#opened().shared.update.run(command);
  }

  async regenerate(command: RegenerateCommand): Promise<boolean> {
    const { namespace, runner } = this.#opened();
    return (await runner.count(this.#dialect.single.regenerate(namespace, command))) === 1;
  }

  async touch(command: TouchCommand): Promise<RecordState | null> {
    return this.#opened().shared.touch.run(command);
  }

  async revoke(command: RevokeCommand): Promise<RevokedRow | null> {
    const { namespace, runner } = this.#opened();
    return runner.rows(this.#dialect.single.revoke(namespace, command), firstAs(toRevokedRow));
  }

  async revokeMany(command: RevokeManyCommand): Promise<RevokeManyOutcome> {
    const { namespace, runner } = this.#opened();
    if (isNobody(command.of)) return [];
    return runner.rows(this.#dialect.single.revokeMany(namespace, command), toRevokeManyOutcome).catch(whenLate);
  }

  async markDirty(storageKey: Buffer): Promise<void> {
    const { namespace, runner } = this.#opened();
    await runner.count(this.#dialect.single.markDirty(namespace, storageKey));
  }

  async readFeed(after: FeedPosition | number, limit: number): Promise<FeedPage> {
    const { namespace, runner } = this.#opened();
    return runner.rows(this.#dialect.single.readFeed(namespace, after, limit), toFeedPage);
  }

  async clearFeed(before: number, limit: number): Promise<number> {
    const { namespace, runner } = this.#opened();
    return runner.count(this.#dialect.single.clearFeed(namespace, before, limit));
  }

  async listByUser(userKeys: readonly Buffer[], after: Buffer, limit: number): Promise<SealedRecord[]> {
    const { namespace, runner } = this.#opened();
    if (isNobody(userKeys)) return [];
    return runner.rows(this.#dialect.single.listByUser(namespace, userKeys, after, limit), (rows) =>
      rows.map((row) => toRecord(row)),
    );
  }

  async findRegenerated(previousStorageKey: Buffer, since: number): Promise<MovedRow | null> {
    return this.#opened().shared.findRegenerated.run({ previousStorageKey, since });
  }

  async walk(command: WalkCommand): Promise<WalkPage> {
    const { namespace, runner } = this.#opened();
    return runner.rows(this.#dialect.fleet.walk(namespace, command), (rows) => toWalkPage(rows, command.limit));
  }

  async moveUserKey(command: MoveUserKeyCommand): Promise<boolean> {
    const { namespace, runner } = this.#opened();
    return (await runner.count(this.#dialect.fleet.moveUserKey(namespace, command))) === 1;
  }

  async raiseRing(ring: RingMark): Promise<RingMark> {
    const { namespace, runner } = this.#opened();
    return runner.rows(this.#dialect.fleet.raiseRing(namespace, ring), toRaisedRing);
  }

  async heartbeat(node: NodeMark): Promise<void> {
    const { namespace, runner } = this.#opened();
    await runner.count(this.#dialect.fleet.heartbeat(namespace, node));
  }

  async readFleet(): Promise<Fleet> {
    const { namespace, runner } = this.#opened();
    return runner.rows(this.#dialect.fleet.readFleet(namespace), toFleet);
  }

  async forgetNodes(which: Buffer | number): Promise<void> {
    const { namespace, runner } = this.#opened();
    await runner.count(this.#dialect.fleet.forgetNodes(namespace, which));
  }

  async claimSweep(claim: SweepClaim): Promise<boolean> {
    const { namespace, runner } = this.#opened();
    return (await runner.count(this.#dialect.sweep.claimSweep(namespace, claim))) === 1;
  }

  async findEnded(command: FindEndedCommand): Promise<EndedPage> {
    const { namespace, runner } = this.#opened();
    return runner.rows(this.#dialect.sweep.findEnded(namespace, command), (rows) => toEndedPage(rows, command.limit));
  }

  async removeEnded(command: RemoveEndedCommand): Promise<number> {
    const { namespace, runner } = this.#opened();
    return runner.count(this.#dialect.sweep.removeEnded(namespace, command));
  }

  /** The client is the application's, and so are its connections. */
  async close(): Promise<void> {
    this.#session = undefined;
  }

  #opened(): Session {
    if (!this.#session) throw notOpen();
    return this.#session;
  }
}

function notOpen(): TierFailure {
  return new TierFailure('not-sent', 'not-open');
}

/** Answers for a statement that found only in the midst of it that it was too late, and changed nothing. */
function whenLate(error: unknown): 'late' {
  if (isTooLate(error)) return 'late';
  throw error;
}

function firstAs<T>(convert: (row: Row) => T): (rows: readonly Row[]) => T | null {
  return ([row]) => (row ? convert(row) : null);
}

/** A row without deadlines moved away, or was ended, before it could be revoked; the statement will find what is left. */
function toRevokeManyOutcome(rows: readonly Row[]): RevokeManyOutcome {
  if (rows.some((row) => Boolean(row['is_late']))) return 'late';
  if (rows.some((row) => row['absolute_expires_at'] === null)) throw new TierFailure('ambiguous', 'rows-moved');
  return rows.map(toRevokedRow).sort((a, b) => a.storageKey.compare(b.storageKey));
}

function isNobody(userKeys: readonly Buffer[] | 'everyone'): boolean {
  return userKeys !== 'everyone' && userKeys.length === 0;
}
