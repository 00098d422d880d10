import type { Marks } from './marks.ts';

interface StaleReads {
  readonly isSet: (marks: Marks) => boolean;
  /** The cause and the cure. A text without a full stop. */
  readonly advice: string;
}

/**
 * The settings by which a server that takes writes answers reads from the past. Of the levels of group replication only these two make a
 * member wait before it reads. `AFTER` makes the writer wait, but not for a member that was given up: one that was frozen meanwhile
 * answers with what it had.
 */
const STALE_READS: readonly StaleReads[] = [
  {
    isSet: (marks) =>
      (marks.get('group_replication_group_name') ?? '') !== '' &&
      !/^(?:BEFORE|BEFORE_AND_AFTER)$/.test(marks.get('group_replication_consistency') ?? ''),
    advice:
      "a member of the group may answer without what another one has acknowledged: SET PERSIST group_replication_consistency = 'BEFORE' on every member, and connect anew",
  },
  {
    isSet: (marks) =>
      !['', '0'].includes(marks.get('tidb_read_staleness') ?? '') || (marks.get('tidb_snapshot') ?? '') !== '',
    advice:
      'the session reads the past: take tidb_read_staleness and tidb_snapshot from what the client sets on a new connection',
  },
  {
    // Only MariaDB can make one statement wait, and shows a cluster by `is_cluster`.
    isSet: (marks) => marks.get('wsrep_on') === 'ON' && !/mariadb/i.test(marks.get('version') ?? ''),
    advice:
      'a node of Galera on MySQL (Percona XtraDB Cluster) has no SET STATEMENT and may answer from the past: use MariaDB Galera or group replication',
  },
];

/** Returns the advice for the first setting that lets the server answer from the past; null if there is none. */
export function staleReadsIn(marks: Marks): string | null {
  return STALE_READS.find(({ isSet }) => isSet(marks))?.advice ?? null;
}
