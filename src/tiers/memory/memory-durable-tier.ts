import { TierFailure } from '../../errors.ts';
import { PREVIOUS_KEYS_MAX } from '../../limits/durable-tier.ts';
import { idleDeadline } from '../../session/lifetime.ts';
import { envelopeTag, type RecordState, type SealedRecord } from '../../session/sealed-record.ts';
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
  WriteCommand,
} from '../tier.ts';
import { fleetOf } from './memory-fleet.ts';
import { belongsTo, isBehind, isKnown, isOver, type Row, toDirtyRow, toRecord, toState } from './memory-row.ts';

/** The rows of one database, by storage key in hex. Tiers that are given the same one see each other's sessions. */
export type MemoryDatabase = Map<string, Row>;

/**
 * The durable tier as a specification that runs: for tests, and for a first look without servers. Nothing survives the
 * process.
 */
export function memoryDurableTier(database: MemoryDatabase = new Map()): DurableTier {
  return new MemoryDurableTier(database);
}

/** No method waits for anything, so each one is a single step as a SQL statement is. */
class MemoryDurableTier implements DurableTier {
  readonly name = 'memory';
  readonly #database: MemoryDatabase;
  #context: TierContext | undefined;

  constructor(database: MemoryDatabase) {
    this.#database = database;
  }

  async open(context: TierContext): Promise<void> {
    this.#context = context;
  }

  async probe(): Promise<number> {
    return this.#now();
  }

  async insert({ record, writeId, validUntil, aliveAt }: InsertCommand): Promise<InsertOutcome> {
    const namespace = this.#opened();
    const holder = this.#database.get(record.storageKey.toString('hex'));
    if (holder) return holderOutcome(holder, writeId, aliveAt);
    if (this.#isLate({ validUntil })) return 'late';
    const unmarked = { revokedAt: null, dirtyAt: null, rotatedAt: null, previousKeys: [] };
    this.#store({ ...record, namespace, writeId, ...unmarked });
    return 'inserted';
  }

  async read(storageKey: Buffer, known?: Buffer): Promise<SealedRecord | null> {
    const row = this.#find(storageKey);
    if (!row || row.revokedAt !== null) return null;
    return known && isKnown(row, known) ? { ...toRecord(row), envelope: known } : toRecord(row);
  }

  async readState(storageKey: Buffer): Promise<RecordState | null> {
    const row = this.#find(storageKey);
    return row && row.revokedAt === null ? toState(row) : null;
  }

  async update(command: UpdateCommand): Promise<boolean> {
    const row = this.#find(command.record.storageKey);
    if (!row || !this.#accepts(row, command)) return false;
    this.#store({ ...written(row, command), dirtyAt: this.#mark(row, command.dirty) });
    return true;
  }

  async regenerate(command: RegenerateCommand): Promise<boolean> {
    const { record, previousStorageKey, regeneratedAt } = command;
    const row = this.#find(previousStorageKey);
    if (!row) return this.#repeats(command);
    if (!this.#accepts(row, command)) return false;
    if (this.#database.has(record.storageKey.toString('hex'))) throw new TierFailure('rejected', 'unique-violation');
    this.#database.delete(previousStorageKey.toString('hex'));
    const previousKeys = [...row.previousKeys, previousStorageKey].slice(-PREVIOUS_KEYS_MAX);
    const dirtyAt = this.#mark(row, command.dirty);
    this.#store({ ...written(row, command), dirtyAt, rotatedAt: regeneratedAt, previousKeys });
    return true;
  }

  async touch({ storageKey, lastSeenAt, aliveAt, longestPauseMs }: TouchCommand): Promise<RecordState | null> {
    const row = this.#find(storageKey);
    if (!row || !isAlive(row, aliveAt) || row.idleLifetimeMs < longestPauseMs) return null;
    const moved = idleDeadline(lastSeenAt, row.idleLifetimeMs, row.absoluteExpiresAt);
    const idleExpiresAt = Math.max(row.idleExpiresAt, moved);
    return toState(this.#store({ ...row, lastSeenAt: Math.max(row.lastSeenAt, lastSeenAt), idleExpiresAt }));
  }

  async revoke(command: RevokeCommand): Promise<RevokedRow | null> {
    const { storageKey, writeId, writtenBy } = command;
    const row = this.#find(storageKey);
    if (!row || (row.revokedAt === null && this.#isLate(command))) return null;
    if (writtenBy && !row.writeId.equals(writtenBy) && !row.writeId.equals(writeId)) return null;
    return this.#revoke(row, command);
  }

  async revokeMany(command: RevokeManyCommand): Promise<RevokeManyOutcome> {
    const { of, except, after, limit, writeId } = command;
    const found = this.#inOrder((row) => of === 'everyone' || belongsTo(row, of))
      .filter(({ storageKey }) => storageKey.compare(after) > 0 && !(except && storageKey.equals(except)))
      .filter((row) => isRevocable(row, writeId))
      .slice(0, limit);
    if (this.#isLate(command) && found.some(({ revokedAt }) => revokedAt === null)) return 'late';
    return found.flatMap((row) => this.#revoke(row, { ...command, dirty: true }) ?? []);
  }

  async markDirty(storageKey: Buffer): Promise<void> {
    const row = this.#find(storageKey);
    if (row) this.#store({ ...row, dirtyAt: this.#mark(row, true) });
  }

  async readFeed(after: FeedPosition | number, limit: number): Promise<FeedPage> {
    const rows = this.#inOrder(({ dirtyAt }) => dirtyAt !== null)
      .flatMap((row) => (row.dirtyAt === null ? [] : [toDirtyRow(row, row.dirtyAt)]))
      .filter((row) => isBehind(row, after))
      .sort((a, b) => a.dirtyAt - b.dirtyAt)
      .slice(0, limit);
    return { now: this.#now(), rows };
  }

  async clearFeed(before: number, limit: number): Promise<number> {
    const settled = this.#inOrder(({ dirtyAt, rotatedAt }) => dirtyAt !== null || rotatedAt !== null)
      .filter(({ dirtyAt, rotatedAt }) => Math.max(dirtyAt ?? 0, rotatedAt ?? 0) < before)
      .slice(0, limit);
    for (const row of settled) this.#store({ ...row, dirtyAt: null, rotatedAt: null, previousKeys: [] });
    return settled.length;
  }

  async listByUser(userKeys: readonly Buffer[], after: Buffer, limit: number): Promise<SealedRecord[]> {
    return this.#inOrder((row) => row.revokedAt === null && belongsTo(row, userKeys))
      .filter(({ storageKey }) => storageKey.compare(after) > 0)
      .slice(0, limit)
      .map(toRecord);
  }

  async findRegenerated(previousStorageKey: Buffer, since: number): Promise<MovedRow | null> {
    const rows = this.#inOrder(
      ({ rotatedAt, previousKeys }) =>
        rotatedAt !== null && rotatedAt >= since && previousKeys.some((key) => key.equals(previousStorageKey)),
    );
    const row = rows.find(({ revokedAt }) => revokedAt === null) ?? rows.at(0);
    return row ? { storageKey: Buffer.from(row.storageKey), isRevoked: row.revokedAt !== null } : null;
  }

  async walk({ after, limit, aliveAt }: WalkCommand): Promise<WalkPage> {
    const namespace = this.#opened();
    const { seen, next } = this.#page(after, limit);
    const rows = seen
      .filter((row) => row.namespace === namespace && isAlive(row, aliveAt))
      .map(({ storageKey, keyId, userKey }) => ({
        storageKey: Buffer.from(storageKey),
        keyId: Buffer.from(keyId),
        hasUser: userKey !== null,
      }));
    return { rows, next };
  }

  async moveUserKey({ storageKey, from, to }: MoveUserKeyCommand): Promise<boolean> {
    const row = this.#find(storageKey);
    if (!row || row.revokedAt !== null || !row.userKey?.equals(from)) return false;
    this.#store({ ...row, userKey: to });
    return true;
  }

  async raiseRing(ring: RingMark): Promise<RingMark> {
    return fleetOf(this.#database, this.#opened()).raise(ring);
  }

  async heartbeat(node: NodeMark): Promise<void> {
    fleetOf(this.#database, this.#opened()).see(node, this.#now());
  }

  async readFleet(): Promise<Fleet> {
    return fleetOf(this.#database, this.#opened()).read(this.#now());
  }

  async forgetNodes(which: Buffer | number): Promise<void> {
    fleetOf(this.#database, this.#opened()).forget(which);
  }

  async claimSweep(claim: SweepClaim): Promise<boolean> {
    return fleetOf(this.#database, this.#opened()).claimSweep(claim, this.#now());
  }

  async findEnded({ after, limit, ...bounds }: FindEndedCommand): Promise<EndedPage> {
    const namespace = this.#opened();
    const { seen, next } = this.#page(after, limit);
    const ended = seen.filter((row) => row.namespace === namespace && isOver(row, bounds));
    return { storageKeys: ended.map(({ storageKey }) => Buffer.from(storageKey)), scanned: seen.length, next };
  }

  async removeEnded({ storageKeys, ...bounds }: RemoveEndedCommand): Promise<number> {
    const ended = storageKeys.filter((storageKey) => {
      const row = this.#find(storageKey);
      return row !== undefined && isOver(row, bounds);
    });
    for (const storageKey of ended) this.#database.delete(storageKey.toString('hex'));
    return ended.length;
  }

  async close(): Promise<void> {
    this.#context = undefined;
  }

  #opened(): string {
    if (this.#context === undefined) throw new TierFailure('not-sent', 'not-open');
    return this.#context.namespace;
  }

  #now(): number {
    this.#opened();
    return this.#context?.platform.now() ?? 0;
  }

  #isLate({ validUntil }: Pick<WriteCommand, 'validUntil'>): boolean {
    return validUntil !== null && this.#now() > validUntil;
  }

  /** A write that was in time and is sent again, because its answer was lost, is never too late to find itself. */
  #accepts(row: Row, command: UpdateCommand): boolean {
    if (!isAlive(row, command.aliveAt)) return false;
    return (
      carries(row, command) ||
      (row.revision === command.record.revision - 1 && holds(row, command) && !this.#isLate(command))
    );
  }

  /** A mark is never moved back, so that no node that has read further misses it. */
  #mark(row: Row, dirty: boolean): number | null {
    return dirty ? Math.max(row.dirtyAt ?? 0, this.#now()) : row.dirtyAt;
  }

  #find(storageKey: Buffer): Row | undefined {
    const namespace = this.#opened();
    const row = this.#database.get(storageKey.toString('hex'));
    return row?.namespace === namespace ? row : undefined;
  }

  /** Chosen before they are put in order: most polls of the feed choose none of many. */
  #inOrder(isChosen: (row: Row) => boolean): Row[] {
    const namespace = this.#opened();
    return [...this.#database.values()]
      .filter((row) => row.namespace === namespace && isChosen(row))
      .sort((a, b) => a.storageKey.compare(b.storageKey));
  }

  /** The next rows of all namespaces, and where to go on; null after the last one. */
  #page(after: Buffer, limit: number): { seen: Row[]; next: Buffer | null } {
    const seen = [...this.#database.values()]
      .sort((a, b) => a.storageKey.compare(b.storageKey))
      .filter(({ storageKey }) => storageKey.compare(after) > 0)
      .slice(0, limit);
    const last = seen.length < limit ? undefined : seen.at(-1);
    return { seen, next: last ? Buffer.from(last.storageKey) : null };
  }

  /** The buffers stay the caller's: a database would not notice either if they changed later. */
  #store(row: Row): Row {
    const { storageKey, userKey, envelope, keyId, writeId } = row;
    const copy: Row = {
      ...row,
      storageKey: Buffer.from(storageKey),
      userKey: userKey && Buffer.from(userKey),
      envelope: Buffer.from(envelope),
      keyId: Buffer.from(keyId),
      writeId: Buffer.from(writeId),
      previousKeys: row.previousKeys.map((key) => Buffer.from(key)),
    };
    this.#database.set(storageKey.toString('hex'), copy);
    return copy;
  }

  #repeats(command: RegenerateCommand): boolean {
    const row = this.#find(command.record.storageKey);
    return row !== undefined && isAlive(row, command.aliveAt) && carries(row, command);
  }

  #revoke(row: Row, { writeId, revokedAt, dirty }: Omit<RevokeCommand, 'storageKey' | 'writtenBy'>): RevokedRow | null {
    if (!isRevocable(row, writeId)) return null;
    const dirtyAt = this.#mark(row, dirty);
    if (row.revokedAt === null) {
      this.#store({ ...row, revision: row.revision + 1, revokedAt, dirtyAt, writeId, envelope: Buffer.alloc(0) });
    }
    const { storageKey, idleExpiresAt, absoluteExpiresAt, rotatedAt } = row;
    return { storageKey: Buffer.from(storageKey), idleExpiresAt, absoluteExpiresAt, hasMoved: rotatedAt !== null };
  }
}

/** The row after a write; what the database alone knows stays. */
function written(row: Row, { record, writeId }: UpdateCommand): Row {
  const lastSeenAt = Math.max(row.lastSeenAt, record.lastSeenAt);
  const idleExpiresAt = idleDeadline(lastSeenAt, record.idleLifetimeMs, record.absoluteExpiresAt);
  return { ...row, ...record, writeId, lastSeenAt, idleExpiresAt };
}

/** What the row says that an insert found in its place. */
function holderOutcome(row: Row, writeId: Buffer, aliveAt: number): InsertOutcome {
  if (row.writeId.equals(writeId)) return 'inserted';
  return isAlive(row, aliveAt) ? 'taken' : 'ended';
}

function carries(row: Row, { record, writeId }: UpdateCommand): boolean {
  return row.revision === record.revision && row.writeId.equals(writeId);
}

/** Whether it is the envelope that the write is to replace. */
function holds({ envelope }: Row, { replaces }: UpdateCommand): boolean {
  return replaces === null || envelopeTag(envelope).equals(replaces);
}

function isAlive(row: Row, aliveAt: number): boolean {
  return row.revokedAt === null && row.idleExpiresAt >= aliveAt && row.absoluteExpiresAt > aliveAt;
}

/** Those of this very write included, so that it can be repeated when its answer was lost. */
function isRevocable(row: Row, writeId: Buffer): boolean {
  return row.revokedAt === null || row.writeId.equals(writeId);
}
