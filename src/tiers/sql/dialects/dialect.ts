import type { ClusterTime } from '../cluster/cluster-time.ts';
import type { DatabaseName, TableName, ValueType } from '../tag.ts';

/** The properties that every statement of one database shares. Differences of one statement stand in its own file. */
export interface Dialect {
  readonly name: DatabaseName;
  /** The number of statements at a time; null if the client has one connection, which runs them one after the other. */
  readonly lanes: LaneCounts | null;
  /** Returns what goes before a statement that begins with this text. */
  prefix(text: string): string;
  /** Quotes a name that holds no quotes. */
  quote(name: string): string;
  /** The placeholder of the parameter with this number. SQL counts from one. */
  placeholder(number: number, type: ValueType): string;
  /** True if a parameter that is needed twice is sent once. */
  readonly sharesParameters: boolean;
}

export interface LaneCounts {
  /** The statements at a time that many reads share. */
  readonly reads: number;
  /** The statements at a time that many inserts, updates or touches share. */
  readonly writes: number;
  /** The statements at a time that serve one call. */
  readonly single: number;
}

/** The database that statements are compiled for. */
export interface Database {
  readonly dialect: Dialect;
  readonly tables: Readonly<Record<TableName, string>>;
  /** The time of a database that has several servers; undefined where one server's clock is the time. */
  readonly time?: ClusterTime;
}
