import { PREVIOUS_KEYS_MAX } from '../../../../limits/durable-tier.ts';
import { STORAGE_KEY_BYTES } from '../../../../limits/session.ts';
import type { MovedRow } from '../../../durable.ts';
import { byEarlierKey, earliestOf } from '../../rows/answers.ts';
import { firstMoment } from '../../moments.ts';
import type { MovedRequest } from '../../rows/rows.ts';
import { type Answered, shared, type SharedFor } from '../../wording.ts';
import {
  bytes,
  constant,
  each,
  type Fragment,
  integer,
  join,
  namespace,
  oneOf,
  type Part,
  sessions,
  sql,
} from '../../tag.ts';

type Requests = readonly MovedRequest[];

const select = (hadOneOfTheKeys: Part<Requests>): Answered<MovedRequest, Requests, MovedRow | null> => ({
  wording: sql<Requests>`
    SELECT storage_key, previous_keys, revoked_at, rotated_at FROM ${sessions}
    WHERE rotated_at >= ${integer((requests) => firstMoment(earliestOf(requests)))} AND namespace = ${namespace} AND (${hadOneOfTheKeys})`,
  answers: byEarlierKey,
});

const previousKey = bytes((request: MovedRequest) => request.previousStorageKey);
const isOneOfThem = oneOf((requests: Requests) => requests.map(({ previousStorageKey }) => previousStorageKey));

/** Looks up each earlier key of a row in a hash of the keys that are sought. Most rows have one or two. */
const anyPlace = join(
  Array.from({ length: PREVIOUS_KEYS_MAX }, (_, n): Fragment<Requests> => {
    const before = n * STORAGE_KEY_BYTES;
    const [start, width] = [constant(before + 1), constant(STORAGE_KEY_BYTES)];
    return sql`(octet_length(previous_keys) > ${constant(before)} AND substr(previous_keys, ${start}, ${width}) ${isOneOfThem})`;
  }),
  '\n  OR ',
);

/**
 * Finds rows that may have had one of these keys before a regenerate. It looks at every row that moved lately, so at most
 * `SHARED_LOOKUPS_MAX` calls share it. `byEarlierKey` drops a match across two keys.
 */
export const findRegenerated: SharedFor<MovedRequest, MovedRow | null> = shared({
  postgresql: { many: select(anyPlace) },
  mysql: { many: select(each((requests) => requests, sql`LOCATE(${previousKey}, previous_keys) > 0`, ' OR ')) },
  sqlite: { many: select(each((requests) => requests, sql`instr(previous_keys, ${previousKey}) > 0`, ' OR ')) },
});
