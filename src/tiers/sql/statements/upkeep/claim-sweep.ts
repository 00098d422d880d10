import type { SweepClaim } from '../../../durable.ts';
import { clock } from '../../phrases/clock.ts';
import { type StatementFor, wordings } from '../../wording.ts';
import { bytes, integer, namespace, rings, sql } from '../../tag.ts';

const passId = bytes((claim: SweepClaim) => claim.passId);
const forMs = integer((claim: SweepClaim) => Math.round(claim.forMs));

const plain = sql<SweepClaim>`
  UPDATE ${rings} SET sweep_pass = ${passId}, sweep_until = ${clock} + ${forMs}
  WHERE namespace = ${namespace} AND (sweep_until IS NULL OR sweep_until <= ${clock} OR sweep_pass = ${passId})`;

/**
 * Claims the sweep for a pass: changes one row, or none if another pass has the claim. A statement that had to wait for
 * another pass's claim evaluates the condition again.
 */
export const claimSweep: StatementFor<SweepClaim> = wordings({
  postgresql: plain,
  sqlite: plain,
  // Always sets another time: some drivers count only rows that look different afterwards.
  mysql: sql`
    UPDATE ${rings}
    SET sweep_until = CASE WHEN sweep_until = ${clock} + ${forMs} THEN sweep_until + 1 ELSE ${clock} + ${forMs} END, sweep_pass = ${passId}
    WHERE namespace = ${namespace} AND (sweep_until IS NULL OR sweep_until <= ${clock} OR sweep_pass = ${passId})`,
});
