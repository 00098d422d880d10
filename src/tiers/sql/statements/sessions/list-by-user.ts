import { RECORD_COLUMNS } from '../../columns.ts';
import { columns } from '../../phrases/envelope.ts';
import { everywhere, type StatementFor } from '../../wording.ts';
import { bytes, integer, namespace, oneOf, sessions, sql } from '../../tag.ts';

export interface ListByUser {
  readonly userKeys: readonly Buffer[];
  readonly after: Buffer;
  readonly limit: number;
}

/** Reads the sessions of these user keys that are not revoked, in order of storage key. */
export const listByUser: StatementFor<ListByUser> = everywhere(sql<ListByUser>`
  SELECT ${columns(RECORD_COLUMNS)} FROM ${sessions}
  WHERE user_key ${oneOf((list) => list.userKeys)} AND namespace = ${namespace} AND revoked_at IS NULL AND storage_key > ${bytes((list) => list.after)}
  ORDER BY storage_key LIMIT ${integer((list) => list.limit)}`);
