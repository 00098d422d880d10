import type { Platform } from '../../../../platform/platform.ts';
import { ClusterTime } from '../../cluster/cluster-time.ts';
import type { Statement } from '../../statement.ts';
import type { Database } from '../dialect.ts';

/**
 * The same database where it is a Galera cluster of MariaDB servers. Each statement waits, before it begins, until its server has applied
 * everything that was committed anywhere in the cluster by then, whatever `wsrep_sync_wait` the session has; and the clocks of the servers
 * are compared through the time that the cluster has committed.
 */
export function galeraOf(database: Database, platform: Platform): Database & { readonly time: ClusterTime } {
  const dialect = { ...database.dialect, prefix: () => CAUSALLY };
  return { ...database, dialect, time: new ClusterTime(platform) };
}

/** 1 for reads, 2 for UPDATE and DELETE, 4 for INSERT, 8 for SHOW. */
const CAUSALLY = 'SET STATEMENT wsrep_sync_wait = 15 FOR ';

/** Finds whether the server is in the part of the cluster that has a quorum. It answers this without one. */
export const quorum: Statement = {
  text: `SET STATEMENT wsrep_sync_wait = 0 FOR SHOW STATUS LIKE 'wsrep_cluster_status'`,
  values: [],
};
