import { TierFailure } from '../../errors.ts';
import { PREVIOUS_KEYS_MAX } from '../../limits.ts';
import type { RecordState, SealedRecord } from '../../session/sealed-record.ts';
import type {
  DurableTier,
  RegenerateCommand,
  RevokedRow,
  RevokeManyCommand,
  TierContext,
  TouchCommand,
  UpdateCommand,
} from '../tier.ts';

interface Row extends SealedRecord {
  readonly namespace: string;
  readonly writeId: Buffer;
  readonly revokedAt: number | null;
  readonly rotatedAt: number | null;
  /** Oldest first. */
  readonly previousKeys: readonly Buffer[];
}

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
  #namespace: string | undefined;

  constructor(database: MemoryDatabase) {
    this.#database = database;
  }

  async open(context: TierContext): Promise<void> {
    this.#namespace = context.namespace;
  }

  async probe(): Promise<void> {
    this.#opened();
  }

  async insert(record: SealedRecord, writeId: Buffer): Promise<boolean> {
    const namespace = this.#opened();
    if (this.#database.has(record.storageKey.toString('hex'))) return false;
    this.#store({ ...record, namespace, writeId, revokedAt: null, rotatedAt: null, previousKeys: [] });
    return true;
  }

  async read(storageKey: Buffer): Promise<SealedRecord | null> {
    const row = this.#find(storageKey);
    return row && row.revokedAt === null ? toRecord(row) : null;
  }

  async readState(storageKey: Buffer): Promise<RecordState | null> {
    const row = this.#find(storageKey);
    return row && row.revokedAt === null ? toState(row) : null;
  }

  async update(command: UpdateCommand): Promise<boolean> {
    const row = this.#find(command.record.storageKey);
    if (!row || !accepts(row, command)) return false;
    const { createdAt, absoluteExpiresAt } = row;
    this.#store({ ...written(row, command), createdAt, absoluteExpiresAt });
    return true;
  }

  async regenerate(command: RegenerateCommand): Promise<boolean> {
    const { record, previousStorageKey, regeneratedAt } = command;
    const row = this.#find(previousStorageKey);
    if (!row) return this.#repeats(command);
    if (!accepts(row, command)) return false;
    if (this.#database.has(record.storageKey.toString('hex'))) throw new TierFailure('rejected', 'unique-violation');
    this.#database.delete(previousStorageKey.toString('hex'));
    const previousKeys = [...row.previousKeys, previousStorageKey].slice(-PREVIOUS_KEYS_MAX);
    this.#store({ ...written(row, command), rotatedAt: regeneratedAt, previousKeys });
    return true;
  }

  async touch({ storageKey, lastSeenAt, idleExpiresAt, aliveAt }: TouchCommand): Promise<RecordState | null> {
    const row = this.#find(storageKey);
    if (!row || !isAlive(row, aliveAt)) return null;
    return toState(this.#store({ ...row, ...later(row, { lastSeenAt, idleExpiresAt }) }));
  }

  async revoke(storageKey: Buffer, writeId: Buffer, revokedAt: number): Promise<RevokedRow | null> {
    const row = this.#find(storageKey);
    return row ? this.#revoke(row, writeId, revokedAt) : null;
  }

  async revokeMany({ of, except, after, limit, writeId, revokedAt }: RevokeManyCommand): Promise<RevokedRow[]> {
    return this.#inOrder()
      .filter((row) => of === 'everyone' || belongsTo(row, of))
      .filter(({ storageKey }) => storageKey.compare(after) > 0 && !(except && storageKey.equals(except)))
      .filter((row) => isRevocable(row, writeId))
      .slice(0, limit)
      .flatMap((row) => this.#revoke(row, writeId, revokedAt) ?? []);
  }

  async listByUser(userKeys: readonly Buffer[], after: Buffer, limit: number): Promise<SealedRecord[]> {
    return this.#inOrder()
      .filter((row) => row.revokedAt === null && belongsTo(row, userKeys) && row.storageKey.compare(after) > 0)
      .slice(0, limit)
      .map(toRecord);
  }

  async findRegenerated(previousStorageKey: Buffer, since: number): Promise<Buffer | null> {
    const row = this.#inOrder().find(
      ({ revokedAt, rotatedAt, previousKeys }) =>
        revokedAt === null &&
        rotatedAt !== null &&
        rotatedAt >= since &&
        previousKeys.some((key) => key.equals(previousStorageKey)),
    );
    return row ? Buffer.from(row.storageKey) : null;
  }

  async close(): Promise<void> {
    this.#namespace = undefined;
  }

  #opened(): string {
    if (this.#namespace === undefined) throw new TierFailure('not-sent', 'not-open');
    return this.#namespace;
  }

  #find(storageKey: Buffer): Row | undefined {
    const namespace = this.#opened();
    const row = this.#database.get(storageKey.toString('hex'));
    return row?.namespace === namespace ? row : undefined;
  }

  #inOrder(): Row[] {
    const namespace = this.#opened();
    return [...this.#database.values()]
      .filter((row) => row.namespace === namespace)
      .sort((a, b) => a.storageKey.compare(b.storageKey));
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

  #revoke(row: Row, writeId: Buffer, revokedAt: number): RevokedRow | null {
    if (!isRevocable(row, writeId)) return null;
    if (row.revokedAt === null) {
      this.#store({ ...row, revision: row.revision + 1, revokedAt, writeId, envelope: Buffer.alloc(0) });
    }
    const { storageKey, idleExpiresAt, absoluteExpiresAt } = row;
    return { storageKey: Buffer.from(storageKey), idleExpiresAt, absoluteExpiresAt };
  }
}

/** The row after a write; what the database alone knows stays. */
function written(row: Row, { record, writeId }: UpdateCommand): Row {
  return { ...row, ...record, writeId, ...later(row, record) };
}

function later(row: Row, { lastSeenAt, idleExpiresAt }: { lastSeenAt: number; idleExpiresAt: number }) {
  return {
    lastSeenAt: Math.max(row.lastSeenAt, lastSeenAt),
    idleExpiresAt: Math.max(row.idleExpiresAt, idleExpiresAt),
  };
}

function accepts(row: Row, command: UpdateCommand): boolean {
  return isAlive(row, command.aliveAt) && (row.revision === command.record.revision - 1 || carries(row, command));
}

function carries(row: Row, { record, writeId }: UpdateCommand): boolean {
  return row.revision === record.revision && row.writeId.equals(writeId);
}

function isAlive(row: Row, aliveAt: number): boolean {
  return row.revokedAt === null && row.idleExpiresAt >= aliveAt && row.absoluteExpiresAt > aliveAt;
}

/** Those of this very write included, so that it can be repeated when its answer was lost. */
function isRevocable(row: Row, writeId: Buffer): boolean {
  return row.revokedAt === null || row.writeId.equals(writeId);
}

function belongsTo(row: Row, userKeys: readonly Buffer[]): boolean {
  return userKeys.some((userKey) => row.userKey?.equals(userKey));
}

function toState({ revision, keyId, lastSeenAt, idleExpiresAt, absoluteExpiresAt }: Row): RecordState {
  return { revision, keyId: Buffer.from(keyId), lastSeenAt, idleExpiresAt, absoluteExpiresAt };
}

function toRecord(row: Row): SealedRecord {
  const { storageKey, userKey, envelope, createdAt } = row;
  return {
    storageKey: Buffer.from(storageKey),
    userKey: userKey && Buffer.from(userKey),
    envelope: Buffer.from(envelope),
    createdAt,
    ...toState(row),
  };
}
