import { TierFailure } from '../../../errors.ts';
import { PREVIOUS_KEYS_MAX } from '../../../limits/durable-tier.ts';
import { idleDeadline } from '../../../session/lifetime.ts';
import { envelopeTag, type RecordState, type SealedRecord } from '../../../session/sealed-record.ts';
import type {
  InsertCommand,
  InsertOutcome,
  MovedRow,
  RegenerateCommand,
  RevokeCommand,
  RevokedRow,
  RevokeManyCommand,
  RevokeManyOutcome,
  Sessions,
  TouchCommand,
  UpdateCommand,
} from '../../durable.ts';
import { belongsTo, isAlive, isKnown, type Row, toRecord, toState } from './row.ts';
import type { MemoryTables } from './tables.ts';

export class MemorySessions implements Sessions {
  readonly #tables: MemoryTables;

  constructor(tables: MemoryTables) {
    this.#tables = tables;
  }

  async insert({ record, writeId, validUntil, aliveAt }: InsertCommand): Promise<InsertOutcome> {
    const { namespace } = this.#tables;
    const holder = this.#tables.holderOf(record.storageKey);
    if (holder) return outcomeBeside(holder, writeId, aliveAt);
    if (this.#tables.isLate({ validUntil })) return 'late';
    const unmarked = { revokedAt: null, dirtyAt: null, rotatedAt: null, previousKeys: [] };
    this.#tables.store({ ...record, namespace, writeId, ...unmarked });
    return 'inserted';
  }

  async read(storageKey: Buffer, known?: Buffer): Promise<SealedRecord | null> {
    const row = this.#tables.find(storageKey);
    if (!row || row.revokedAt !== null) return null;
    return known && isKnown(row, known) ? { ...toRecord(row), envelope: known } : toRecord(row);
  }

  async readState(storageKey: Buffer): Promise<RecordState | null> {
    const row = this.#tables.find(storageKey);
    return row && row.revokedAt === null ? toState(row) : null;
  }

  async update(command: UpdateCommand): Promise<boolean> {
    const row = this.#tables.find(command.record.storageKey);
    if (!row || !this.#accepts(row, command)) return false;
    this.#tables.store({ ...written(row, command), dirtyAt: this.#tables.markOf(row, command.dirty) });
    return true;
  }

  async regenerate(command: RegenerateCommand): Promise<boolean> {
    const { record, previousStorageKey, regeneratedAt } = command;
    const row = this.#tables.find(previousStorageKey);
    if (!row) return this.#repeats(command);
    if (!this.#accepts(row, command)) return false;
    if (this.#tables.holderOf(record.storageKey)) throw new TierFailure('rejected', 'unique-violation');
    this.#tables.remove(previousStorageKey);
    const previousKeys = [...row.previousKeys, previousStorageKey].slice(-PREVIOUS_KEYS_MAX);
    const dirtyAt = this.#tables.markOf(row, command.dirty);
    this.#tables.store({ ...written(row, command), dirtyAt, rotatedAt: regeneratedAt, previousKeys });
    return true;
  }

  async touch({ storageKey, lastSeenAt, aliveAt, longestPauseMs }: TouchCommand): Promise<RecordState | null> {
    const row = this.#tables.find(storageKey);
    if (!row || !isAlive(row, aliveAt) || row.idleLifetimeMs < longestPauseMs) return null;
    const moved = idleDeadline(lastSeenAt, row.idleLifetimeMs, row.absoluteExpiresAt);
    const idleExpiresAt = Math.max(row.idleExpiresAt, moved);
    return toState(this.#tables.store({ ...row, lastSeenAt: Math.max(row.lastSeenAt, lastSeenAt), idleExpiresAt }));
  }

  async revoke(command: RevokeCommand): Promise<RevokedRow | null> {
    const { storageKey, writeId, writtenBy } = command;
    const row = this.#tables.find(storageKey);
    if (!row || (row.revokedAt === null && this.#tables.isLate(command))) return null;
    if (writtenBy && !row.writeId.equals(writtenBy) && !row.writeId.equals(writeId)) return null;
    return this.#revoke(row, command);
  }

  async revokeMany(command: RevokeManyCommand): Promise<RevokeManyOutcome> {
    const { of, except, after, limit, writeId } = command;
    const found = this.#tables
      .inOrder((row) => of === 'everyone' || belongsTo(row, of))
      .filter(({ storageKey }) => storageKey.compare(after) > 0 && !(except && storageKey.equals(except)))
      .filter((row) => isRevocable(row, writeId))
      .slice(0, limit);
    if (this.#tables.isLate(command) && found.some(({ revokedAt }) => revokedAt === null)) return 'late';
    return found.flatMap((row) => this.#revoke(row, { ...command, dirty: true }) ?? []);
  }

  async listByUser(userKeys: readonly Buffer[], after: Buffer, limit: number): Promise<SealedRecord[]> {
    return this.#tables
      .inOrder((row) => row.revokedAt === null && belongsTo(row, userKeys))
      .filter(({ storageKey }) => storageKey.compare(after) > 0)
      .slice(0, limit)
      .map(toRecord);
  }

  async findRegenerated(previousStorageKey: Buffer, since: number): Promise<MovedRow | null> {
    const rows = this.#tables.inOrder(
      ({ rotatedAt, previousKeys }) =>
        rotatedAt !== null && rotatedAt >= since && previousKeys.some((key) => key.equals(previousStorageKey)),
    );
    const row = rows.find(({ revokedAt }) => revokedAt === null) ?? rows.at(0);
    return row ? { storageKey: Buffer.from(row.storageKey), isRevoked: row.revokedAt !== null } : null;
  }

  /** A write that was in time, and is repeated because its answer was lost, is never too late to find itself. */
  #accepts(row: Row, command: UpdateCommand): boolean {
    if (!isAlive(row, command.aliveAt)) return false;
    return (
      carries(row, command) ||
      (row.revision === command.record.revision - 1 && holds(row, command) && !this.#tables.isLate(command))
    );
  }

  #repeats(command: RegenerateCommand): boolean {
    const row = this.#tables.find(command.record.storageKey);
    return row !== undefined && isAlive(row, command.aliveAt) && carries(row, command);
  }

  #revoke(row: Row, { writeId, revokedAt, dirty }: Omit<RevokeCommand, 'storageKey' | 'writtenBy'>): RevokedRow | null {
    if (!isRevocable(row, writeId)) return null;
    const dirtyAt = this.#tables.markOf(row, dirty);
    if (row.revokedAt === null) {
      this.#tables.store({
        ...row,
        revision: row.revision + 1,
        revokedAt,
        dirtyAt,
        writeId,
        envelope: Buffer.alloc(0),
      });
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

/** The outcome of an insert that found its storage key taken by this row. */
function outcomeBeside(holder: Row, writeId: Buffer, aliveAt: number): InsertOutcome {
  if (holder.writeId.equals(writeId)) return 'inserted';
  return isAlive(holder, aliveAt) ? 'taken' : 'ended';
}

/** True if the row is what this very write left. */
function carries(row: Row, { record, writeId }: UpdateCommand): boolean {
  return row.revision === record.revision && row.writeId.equals(writeId);
}

/** True if the row holds the envelope that the write is to replace. */
function holds({ envelope }: Row, { replaces }: UpdateCommand): boolean {
  return replaces === null || envelopeTag(envelope).equals(replaces);
}

/** True for living rows, and for those that this very write revoked, so that it can be repeated when its answer was lost. */
function isRevocable(row: Row, writeId: Buffer): boolean {
  return row.revokedAt === null || row.writeId.equals(writeId);
}
