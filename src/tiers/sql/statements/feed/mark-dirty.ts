import { locked } from '../../dialects/postgresql/phrases.ts';
import { mark } from '../../phrases/clock.ts';
import { type StatementFor, wordings } from '../../wording.ts';
import { bytes, namespace, sessions, sql } from '../../tag.ts';

const storageKey = bytes((key: Buffer) => key);

const plain = sql<Buffer>`
  UPDATE ${sessions} SET ${mark}
  WHERE storage_key = ${storageKey} AND namespace = ${namespace}`;

/** Marks a row dirty, revoked or not, at the database's present time. */
export const markDirty: StatementFor<Buffer> = wordings({
  postgresql: sql`
    WITH ${locked(sql`
      SELECT storage_key, false AS is_repeat FROM ${sessions}
      WHERE storage_key = ${storageKey} AND namespace = ${namespace}
      FOR NO KEY UPDATE`)}
    UPDATE ${sessions} AS session SET ${mark}
    FROM locked
    WHERE session.storage_key = locked.storage_key`,
  mysql: plain,
  sqlite: plain,
});
