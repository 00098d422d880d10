import type {
  FeedPosition,
  InsertCommand,
  RegenerateCommand,
  RevokeCommand,
  RevokeManyCommand,
  TouchCommand,
  UpdateCommand,
} from '../tier.ts';
import type { ColumnName, ColumnType } from './table.ts';

export type SqlValue = Uint8Array | bigint | string | null | readonly Uint8Array[];

/** One atomic statement. Values never become part of its text. */
export interface Statement {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

/**
 * Everything that differs between databases: the wording of each statement, and nothing else. Each dialect is one file
 * with the same statements in the same order. Who runs a statement, and how often, is decided elsewhere.
 */
export interface Dialect {
  /** Whether the client has a single connection, so that statements go one after the other whatever we do. */
  readonly oneConnection: boolean;
  /** Run first on a connection where there is only one: they bound how long the database may keep us waiting. */
  readonly settings: readonly Statement[];
  /** Answers one row: `standby` is true on a server that only follows another, `now` is the server's clock. */
  readonly probe: Statement;
  /** Answers one row a column: `name`, `type`, and `identifies` where a unique index covers this column alone. */
  readonly describe: Statement;
  /** The declared types that hold each kind of column. */
  readonly accepts: Readonly<Record<ColumnType, RegExp>>;
  /** Change nothing, and fail where the grants for the real ones are missing. */
  readonly rehearsals: readonly Statement[];

  /** Where a row lock can be met, this may fail with `too-late`, and then it has changed nothing. */
  insert(namespace: string, command: InsertCommand): Statement;
  read(namespace: string, storageKey: Buffer, columns: readonly ColumnName[]): Statement;
  update(namespace: string, command: UpdateCommand): Statement;
  regenerate(namespace: string, command: RegenerateCommand): Statement;
  touch(namespace: string, command: TouchCommand): Statement;
  revoke(namespace: string, command: RevokeCommand): Statement;
  /** Deadlines are null in a row that moved to another storage key before it could be revoked. */
  revokeMany(namespace: string, command: RevokeManyCommand): Statement;
  markDirty(namespace: string, storageKey: Buffer): Statement;
  /** At least one row, which carries `now`; where there are no marks its other columns are null. */
  readFeed(namespace: string, after: FeedPosition | number, limit: number): Statement;
  clearFeed(namespace: string, before: number, limit: number): Statement;
  listByUser(namespace: string, userKeys: readonly Buffer[], after: Buffer, limit: number): Statement;
  /** Rows that may have had this key: `storage_key` and `previous_keys`. */
  findRegenerated(namespace: string, previousStorageKey: Buffer, since: number): Statement;
}

/** A table as `open` looks at it. */
export interface Inspected {
  readonly table: string;
  readonly columns: Readonly<Record<string, ColumnType>>;
  readonly describe: Statement;
  /** Change nothing, and fail where the grants for the real ones, or the key that an upsert needs, are missing. */
  readonly rehearsals: readonly Statement[];
}

/** The last millisecond at which a write may run. Clocks of databases show whole ones. */
export function lastMoment(validUntil: number | null): bigint {
  return BigInt(Math.floor(validUntil ?? Number.MAX_SAFE_INTEGER));
}

/** The first whole millisecond that is not before this time. */
export function firstMoment(time: number): bigint {
  return BigInt(Math.ceil(time));
}

/** A position right before every mark of this time: no storage key comes before the empty one. */
export function positionOf(after: FeedPosition | number): readonly [dirtyAt: bigint, storageKey: Buffer] {
  return typeof after === 'number' ? [firstMoment(after), Buffer.alloc(0)] : [BigInt(after.dirtyAt), after.storageKey];
}
