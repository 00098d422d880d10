import type { RingMark } from '../../../durable.ts';
import { GREATEST } from '../../phrases/functions.ts';
import { type StatementFor, thenRead, wordings } from '../../wording.ts';
import { bytes, integer, namespace, rings, sql } from '../../tag.ts';

const version = integer((ring: RingMark) => ring.version);
const fingerprint = bytes((ring: RingMark) => ring.fingerprint);

/** Writes the row in any case, so that RETURNING has one, which is then what another statement has just committed. */
const returning = sql<RingMark>`
  INSERT INTO ${rings} AS highest (namespace, version, fingerprint)
  VALUES (${namespace}, ${version}, ${fingerprint})
  ON CONFLICT (namespace) DO UPDATE SET
    version = ${GREATEST}(highest.version, excluded.version),
    fingerprint = CASE WHEN highest.version < excluded.version THEN excluded.fingerprint ELSE highest.fingerprint END
  RETURNING version, fingerprint`;

/** Stores the ring if it is higher than the one that is there. Answers one row, the highest ring after it. */
export const raiseRing: StatementFor<RingMark> = wordings({
  postgresql: returning,
  sqlite: returning,
  // The highest ring never sinks, so one that is read afterwards is the highest, or was when the read came.
  mysql: thenRead(
    sql`
      INSERT INTO ${rings} (namespace, version, fingerprint)
      VALUES (${namespace}, ${version}, ${fingerprint})
      ON DUPLICATE KEY UPDATE
        fingerprint = CASE WHEN version < VALUES(version) THEN VALUES(fingerprint) ELSE fingerprint END,
        version = GREATEST(version, VALUES(version))`,
    sql`SELECT version, fingerprint FROM ${rings} WHERE namespace = ${namespace}`,
  ),
});
