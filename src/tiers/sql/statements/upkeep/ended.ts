import type { EndedBounds } from '../../../durable.ts';
import { firstMoment } from '../../moments.ts';
import { LEAST } from '../../phrases/functions.ts';
import { type Fragment, integer, namespace, sql } from '../../tag.ts';

const endedBefore = integer((bounds: EndedBounds) => firstMoment(bounds.endedBefore));
const revokedBefore = integer((bounds: EndedBounds) => firstMoment(bounds.revokedBefore));

/**
 * A row of this namespace that has ended for good. Both deadlines are compared: the idle one is never later than the absolute
 * one, but a row may have been mended by hand.
 */
export const hasEnded: Fragment<EndedBounds> = sql`namespace = ${namespace} AND dirty_at IS NULL AND rotated_at IS NULL
  AND CASE WHEN revoked_at IS NULL
    THEN ${LEAST}(idle_expires_at, absolute_expires_at) < ${endedBefore} ELSE revoked_at < ${revokedBefore} END`;
