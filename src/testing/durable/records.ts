import { equal } from 'node:assert/strict';
import { randomBytes as platformBytes, systemPlatform } from '../../platform/platform.ts';
import type { SealedRecord } from '../../session/sealed-record.ts';
import type {
  DirtyRow,
  DurableTier,
  FeedPosition,
  InsertCommand,
  RegenerateCommand,
  RevokeCommand,
  RevokedRow,
  RevokeManyCommand,
  RevokeManyOutcome,
  TouchCommand,
  UpdateCommand,
  WriteCommand,
} from '../../tiers/durable.ts';

export const NOW = 1_764_000_000_000;
export const HOUR = 3_600_000;
/** Comes before every storage key. */
export const START: Buffer = Buffer.alloc(0);
/** The number of calls in a race: enough for one, and few enough for a small machine's connections. */
export const RACERS = 100;

export function randomBytes(length: number): Buffer {
  return platformBytes(systemPlatform, length);
}

export function key(): Buffer {
  return randomBytes(32);
}

export function writeId(): Buffer {
  return randomBytes(16);
}

export function aRecord(changes: Partial<SealedRecord> = {}): SealedRecord {
  return {
    storageKey: key(),
    userKey: key(),
    revision: 1,
    envelope: randomBytes(200),
    keyId: randomBytes(8),
    createdAt: NOW,
    lastSeenAt: NOW,
    idleLifetimeMs: HOUR,
    idleExpiresAt: NOW + HOUR,
    absoluteExpiresAt: NOW + 12 * HOUR,
    ...changes,
  };
}

/** Inserts a session, and returns its record. */
export async function insert(tier: DurableTier, changes: Partial<SealedRecord> = {}): Promise<SealedRecord> {
  const record = aRecord(changes);
  equal(await tier.sessions.insert(insertion(record)), 'inserted');
  return record;
}

export function insertMany(
  tier: DurableTier,
  count: number,
  changes: Partial<SealedRecord> = {},
): Promise<SealedRecord[]> {
  return Promise.all(Array.from({ length: count }, () => insert(tier, changes)));
}

/** The record after one more write. */
export function successor(record: SealedRecord, changes: Partial<SealedRecord> = {}): SealedRecord {
  const { storageKey, userKey, revision, createdAt, lastSeenAt, idleExpiresAt, absoluteExpiresAt } = record;
  const kept = { storageKey, userKey, createdAt, absoluteExpiresAt };
  const times = { lastSeenAt: lastSeenAt + 1, idleExpiresAt: idleExpiresAt + 1 };
  return { ...aRecord(kept), revision: revision + 1, ...times, ...changes };
}

/** A new write without a deadline. */
export function anytime(): WriteCommand {
  return { writeId: writeId(), validUntil: null };
}

export function insertion(record: SealedRecord): InsertCommand {
  return { record, ...anytime(), aliveAt: NOW };
}

export function revocation(storageKey: Buffer, changes: Partial<RevokeCommand> = {}): RevokeCommand {
  return { storageKey, ...anytime(), revokedAt: NOW, dirty: false, ...changes };
}

/** The update that leaves this record. */
export function write(record: SealedRecord): UpdateCommand {
  return { record, ...anytime(), dirty: false, aliveAt: NOW, replaces: null };
}

/** The regenerate that gives the session a new storage key. */
export function move(record: SealedRecord, changes: Partial<SealedRecord> = {}): RegenerateCommand {
  const next = successor(record, { storageKey: key(), ...changes });
  return { ...write(next), previousStorageKey: record.storageKey, regeneratedAt: NOW };
}

export function touchOf({ storageKey, lastSeenAt }: SealedRecord): TouchCommand {
  return { storageKey, lastSeenAt: lastSeenAt + 1, aliveAt: NOW, longestPauseMs: 0 };
}

export function revokeAll(changes: Partial<RevokeManyCommand>): RevokeManyCommand {
  return { of: [], except: null, after: START, limit: 100, ...anytime(), revokedAt: NOW, ...changes };
}

/** The rows of a `revokeMany` that was in time. */
export async function revokedRows(outcome: Promise<RevokeManyOutcome>): Promise<readonly RevokedRow[]> {
  const rows = await outcome;
  if (rows === 'late') throw new Error('revokeMany ran too late.');
  return rows;
}

export function inOrder<Row extends { readonly storageKey: Buffer }>(rows: readonly Row[]): Row[] {
  return [...rows].sort((a, b) => a.storageKey.compare(b.storageKey));
}

/** The storage keys of these, in order. */
export function keysIn(rows: readonly { readonly storageKey: Buffer }[]): Buffer[] {
  return inOrder(rows).map(({ storageKey }) => storageKey);
}

/** Regenerates a new session, and returns the storage keys that it had, the present one last. */
export async function regenerateRepeatedly(tier: DurableTier, times: number): Promise<Buffer[]> {
  let record = await insert(tier);
  const keys = [record.storageKey];
  for (let round = 0; round < times; round += 1) {
    const command = move(record);
    equal(await tier.sessions.regenerate(command), true);
    ({ record } = command);
    keys.push(record.storageKey);
  }
  return keys;
}

/** Finds by which of these keys the session at `present` is found. */
export async function keysRemembered(tier: DurableTier, keys: readonly Buffer[], present: Buffer): Promise<Buffer[]> {
  const found = await Promise.all(keys.map((candidate) => tier.sessions.findRegenerated(candidate, 0)));
  return keys.filter((_, index) => found[index]?.storageKey.equals(present));
}

export async function marks(tier: DurableTier, after: FeedPosition | number = 0): Promise<readonly DirtyRow[]> {
  return (await tier.feed.read(after, 1_000)).rows;
}

export async function markedKeys(tier: DurableTier, after: FeedPosition | number = 0): Promise<Buffer[]> {
  return (await marks(tier, after)).map(({ storageKey }) => storageKey);
}

/** A marked row of the feed as a record makes it, without the time of its mark. */
export function feedRow({ storageKey, revision, absoluteExpiresAt }: SealedRecord): Omit<DirtyRow, 'dirtyAt'> {
  return { storageKey, revision, absoluteExpiresAt, isRevoked: false, previousKeys: [] };
}

export function withoutTimes(rows: readonly DirtyRow[]): Omit<DirtyRow, 'dirtyAt'>[] {
  return rows.map(({ dirtyAt: _dirtyAt, ...row }) => row);
}

/** Waits for the database's clock: marks and deadlines have whole milliseconds, and a fast database does a lot within one. */
export async function whenItIsLater(tier: DurableTier, time: number): Promise<number> {
  for (;;) {
    const now = await tier.probe();
    if (now > time) return now;
  }
}
