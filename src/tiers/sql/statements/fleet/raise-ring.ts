import type { RingMark } from '../../../durable.ts';
import { GREATEST } from '../../phrases/functions.ts';
import { type StatementFor, thenRead, wordings } from '../../wording.ts';
import { bytes, integer, namespace, rings, sql } from '../../tag.ts';

const version = integer((ring: RingMark) => ring.version);
const fingerprint = bytes((ring: RingMark) => ring.fingerprint);

/** Writes the row even if it stays as it is, so that RETURNING has one, with what another statement just committed. */
const returning = sql<RingMark>`
  INSERT INTO ${rings} AS highest (namespace, version, fingerprint)
  VALUES (${namespace}, ${version}, ${fingerprint})
  ON CONFLICT (namespace) DO UPDATE SET
    version = ${GREATEST}(highest.version, excluded.version),
    fingerprint = CASE WHEN highest.version < excluded.version THEN excluded.fingerprint ELSE highest.fingerprint END
  RETURNING version, fingerprint`;

/** Stores the ring if it is higher than the stored one. Returns one row, the highest ring after it. */
export const raiseRing: StatementFor<RingMark> = wordings({
  postgresql: returning,
  sqlite: returning,
  // The stored version never decreases, so the read finds the ring that is the highest at its time.
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
