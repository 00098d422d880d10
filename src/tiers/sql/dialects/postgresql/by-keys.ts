import { STORAGE_KEY_BYTES } from '../../../../limits/session.ts';
import type { AnswerColumn } from '../../columns.ts';
import { columns } from '../../phrases/envelope.ts';
import { bytes, constant, fixedBytes, type Fragment, join, namespace, type Part, sessions, sql } from '../../tag.ts';
import { count, endToEnd } from './input.ts';
import { packed } from './packed.ts';

/**
 * Selects the rows of many storage keys, which are sent end to end. Planning the common table expression `input` and taking
 * its numbers apart would cost the server a quarter of such a statement.
 */
export function selectByKeys<Request>(
  storageKeyOf: (request: Request) => Buffer,
  names: readonly AnswerColumn[],
  /** Comes last if it is asked for: each column after it would copy it once more. */
  envelope?: Part<readonly Request[]>,
): Fragment<readonly Request[]> {
  const storageKeys = bytes(endToEnd([fixedBytes(STORAGE_KEY_BYTES, storageKeyOf)]));
  const selected = join([constant('n'), columns(names), ...(envelope ? [envelope] : [])], ', ');
  const width = constant(STORAGE_KEY_BYTES);
  return sql<readonly Request[]>`
    SELECT ${packed(envelope ? [...names, 'envelope'] : names)}
    FROM (
      SELECT ${selected}
      FROM generate_series(0, ${count<Request>()} - 1) AS n
        JOIN ${sessions} AS session ON storage_key = substr(${storageKeys}, ${width} * n + 1, ${width})
      WHERE namespace = ${namespace} AND revoked_at IS NULL
    ) AS found`;
}
