import type { TierFailure } from '../errors.ts';

/**
 * The facts that a primary tier collects for `holdfast doctor`. No fact is secret, and none is an address, a name of
 * a user, or a key.
 */
export interface PrimaryFacts {
  /** The servers that were looked at: one, or some nodes of a cluster. */
  readonly servers: readonly PrimaryServerFacts[];
}

export interface PrimaryServerFacts {
  /** Distinguishes the servers in the report: `Redis`, or `node 2`. */
  readonly name: string;
  /** The reason why nothing else could be learnt; null if it could. */
  readonly failure: TierFailure | null;
  readonly isEncrypted: boolean;
  /** True if the connection does not leave the machine. */
  readonly isLocal: boolean;
  /** The end of the certificate that the server shows, in milliseconds since the epoch; null without TLS. */
  readonly certificateUntil: number | null;
  /** True if the user is the one that every server has from the beginning. */
  readonly isDefaultUser: boolean;
  /** True if the server serves those that give no password. */
  readonly isOpen: boolean;
  /** The commands that the tier sends and the user may not. */
  readonly missing: readonly string[];
  /** True if the user may not touch the keys of the namespace. */
  readonly lacksKeys: boolean;
  /** The commands that the user may send, though the tier never does. */
  readonly surplus: readonly string[];
  /** True if the user may read keys of others. */
  readonly readsOtherKeys: boolean;
  /** The fields of INFO. */
  readonly info: ReadonlyMap<string, string>;
  /** The settings of the server, as far as the user may read them. */
  readonly settings: ReadonlyMap<string, string>;
  /** The lead of the server's clock over this process's, in milliseconds; null if it was not read. */
  readonly clockAheadMs: number | null;
  /** The time of one command and its answer, in milliseconds. */
  readonly roundTripMs: number;
}

/** The facts that a durable tier collects for `holdfast doctor`. Those that its database does not know are null. */
export interface DurableFacts {
  readonly clockAheadMs: number;
  /** The name of the engine, if it only speaks the protocol of the database and nobody has tried it; else null. */
  readonly untriedEngine: string | null;
  /** Null where the connection is a socket of the file system, or the database does not say. */
  readonly isEncrypted: boolean | null;
  /** True if the database sees a TCP connection come from its own machine. */
  readonly isLocal: boolean;
  /** The rights of the user beyond its work, each a few words. */
  readonly surplus: readonly string[];
  /** The time after which the server gives up a statement, and the wait for a lock, in milliseconds; 0 is never. */
  readonly statementMs: number | null;
  readonly lockMs: number | null;
  /** The settings for which the server may lose what it has confirmed, each as `name = value`. */
  readonly lossy: readonly string[];
  readonly isolation: string | null;
  readonly tables: readonly TableFacts[];
  readonly indexes: readonly IndexFacts[];
  /** The time of the oldest mark of the dirty feed, by the database's clock; null if there is none. */
  readonly oldestMarkAt: number | null;
  /** The number of other namespaces that have rings in the database, and whether this one has. */
  readonly otherNamespaces: number;
  readonly hasNamespace: boolean;
}

export interface TableFacts {
  readonly name: string;
  /** True if a crash of the server may take its rows. */
  readonly isLossy: boolean;
  /** The properties that are not as the migrations make them, each a few words. */
  readonly odd: readonly string[];
  /** True if rows may be hidden from this user. */
  readonly hidesRows: boolean;
}

export interface IndexFacts {
  readonly table: string;
  readonly name: string;
  /** The columns in order. */
  readonly columns: readonly string[];
  /** Every column that the index depends on: those of its condition too. */
  readonly dependsOn: readonly string[];
  readonly isUsable: boolean;
}
