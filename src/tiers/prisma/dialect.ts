import type {
  FeedPosition,
  FindEndedCommand,
  InsertCommand,
  InsertOutcome,
  MovedRow,
  MoveUserKeyCommand,
  NodeMark,
  RegenerateCommand,
  RemoveEndedCommand,
  RevokeCommand,
  RevokeManyCommand,
  RingMark,
  SweepClaim,
  TouchCommand,
  UpdateCommand,
  WalkCommand,
} from '../durable.ts';
import type { RecordState, SealedRecord } from '../../session/sealed-record.ts';
import type { Answers } from './answers.ts';
import type { MovedRequest, ReadRequest, Row } from './rows.ts';
import type { ColumnType } from './table.ts';

type SqlScalar = Uint8Array | bigint | boolean | number | string | null;
export type SqlValue = SqlScalar | readonly SqlScalar[];

/** One atomic statement. Values never become part of its text. */
export interface Statement {
  readonly text: string;
  readonly values: readonly SqlValue[];
  /**
   * Where the database answers no rows of a write: what their count tells, or the read that finds them once the write is
   * committed. Others may have written in between, so it must ask for what they cannot make true or false.
   */
  readonly answer?: (count: number) => readonly Row[] | Statement;
  /**
   * Where rows are found by an index of what others change: the statement only finds them and locks nothing, and this is
   * the one that then locks them by their keys, in order, and looks again. Rows, where nothing is left to change.
   */
  readonly change?: (found: readonly Row[]) => readonly Row[] | Statement;
}

/** One statement for calls that arrived together. */
export interface SharedStatement<Answer> extends Statement {
  /** Throws what is true of the one call that is asked about. */
  readonly answers: Answers<Answer>;
}

/**
 * Everything that differs between databases: the wording of each statement, and nothing else. Each dialect is one folder
 * with the same files, and the same statements in the same order. Who runs a statement, and how often, is decided elsewhere.
 */
export interface Dialect {
  /** Statements at a time; null where the client has one connection, so that they go one after the other whatever we do. */
  readonly lanes: LaneCounts | null;
  readonly schema: SchemaStatements;
  readonly shared: SharedStatements;
  readonly single: SingleStatements;
  readonly fleet: FleetStatements;
  readonly sweep: SweepStatements;
}

export interface LaneCounts {
  /** For statements that many reads share. */
  readonly reads: number;
  /** For statements that many inserts, updates or touches share. */
  readonly writes: number;
  /** For statements that serve one call. */
  readonly single: number;
}

/** What is asked before the first user comes. */
export interface SchemaStatements {
  /** Run first on a connection where there is only one: they bound how long the database may keep us waiting. */
  readonly settings: readonly Statement[];
  /** Answers one row: `standby` is true on a server that only follows another, `now` is the server's clock. */
  readonly probe: Statement;
  /** The declared types that hold each kind of column. */
  readonly accepts: Readonly<Record<ColumnType, RegExp>>;
  /** In the order in which `open` looks at them, that of the sessions first. */
  readonly tables: readonly Inspected[];
  /** Changes nothing, and fails where rows of sessions may not be deleted. For those who will. */
  readonly sweepRehearsal: Statement;
}

/** A table as `open` looks at it. */
export interface Inspected {
  readonly table: string;
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** Answers one row a column: `name`, `type`, and `identifies` where a unique index covers this column alone. */
  readonly describe: Statement;
  /** Change nothing, and fail where the grants for the real ones, or the key that an upsert needs, are missing. */
  readonly rehearsals: readonly Statement[];
}

/** Calls that may share one statement. */
export type SharedKind = 'insert' | 'read' | 'touch' | 'update';

/**
 * One statement for many sessions, no two of them the same. It says which of them it found, inserted or changed; a session
 * of which it says nothing does not hurt its neighbours. Rows are
 * locked before anything is changed, and in the order of their keys, so that statements wait for each other and never in a
 * circle.
 */
export interface SharedStatements {
  /** How many sessions: one where the database does not tell which rows a statement changed. */
  readonly rowsMax: Readonly<Record<SharedKind, number>>;
  /** Where a row lock can be met, this may fail with `too-late`, and then it has changed nothing. */
  insert(namespace: string, commands: readonly InsertCommand[]): SharedStatement<boolean>;
  /** What stood in the way of inserts that stored nothing, in whatever namespace: a storage key is one session's everywhere. */
  holders(commands: readonly InsertCommand[]): SharedStatement<InsertOutcome>;
  read(namespace: string, requests: readonly ReadRequest[]): SharedStatement<SealedRecord | null>;
  readState(namespace: string, storageKeys: readonly Buffer[]): SharedStatement<RecordState | null>;
  /** Looks at every row that moved lately, so `SHARED_LOOKUPS_MAX` share it at most. */
  findRegenerated(namespace: string, requests: readonly MovedRequest[]): SharedStatement<MovedRow | null>;
  update(namespace: string, commands: readonly UpdateCommand[]): SharedStatement<boolean>;
  touch(namespace: string, commands: readonly TouchCommand[]): SharedStatement<RecordState | null>;
}

/** One statement for one caller. */
export interface SingleStatements {
  regenerate(namespace: string, command: RegenerateCommand): Statement;
  revoke(namespace: string, command: RevokeCommand): Statement;
  /**
   * Deadlines are null in a row that moved to another storage key, or was ended by others, before it could be revoked. Late, it
   * fails with `too-late`, or where the database has no such error, answers the rows that it left alone, with a true `is_late`.
   */
  revokeMany(namespace: string, command: RevokeManyCommand): Statement;
  markDirty(namespace: string, storageKey: Buffer): Statement;
  /** At least one row, which carries `now`; where there are no marks its other columns are null. */
  readFeed(namespace: string, after: FeedPosition | number, limit: number): Statement;
  clearFeed(namespace: string, before: number, limit: number): Statement;
  listByUser(namespace: string, userKeys: readonly Buffer[], after: Buffer, limit: number): Statement;
}

/**
 * What key rotation needs: over all sessions, and on the two tables of the fleet. None carries a deadline: run again or
 * late, a statement repeats what was true when it was sent, and at worst a node looks alive, or behind, until its next
 * heartbeat.
 */
export interface FleetStatements {
  /** Every row that was looked at, in order: `is_alive` is 1 for the living ones of this namespace. */
  walk(namespace: string, command: WalkCommand): Statement;
  moveUserKey(namespace: string, command: MoveUserKeyCommand): Statement;
  /** One row, the highest ring after it. */
  raiseRing(namespace: string, ring: RingMark): Statement;
  heartbeat(namespace: string, node: NodeMark): Statement;
  /** At least one row, which carries `now`; ring and node are null where there are none. */
  readFleet(namespace: string): Statement;
  forgetNodes(namespace: string, which: Buffer | number): Statement;
}

/** What takes away rows that have ended. Run again or late, a statement finds less to do. */
export interface SweepStatements {
  /** Changes one row if the claim holds, and none if not. */
  claimSweep(namespace: string, claim: SweepClaim): Statement;
  /** Every row that was looked at, in order: `is_ended` is 1 for those of this namespace that have ended. */
  findEnded(namespace: string, command: FindEndedCommand): Statement;
  /** Changes as many rows as it deletes. Where rows are locked, it passes over those that somebody holds. */
  removeEnded(namespace: string, command: RemoveEndedCommand): Statement;
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
