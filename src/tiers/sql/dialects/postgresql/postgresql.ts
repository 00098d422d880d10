import { DURABLE_IN_FLIGHT_MAX, DURABLE_READ_LANES, DURABLE_WRITE_LANES } from '../../../../limits/durable-tier.ts';
import type { ValueType } from '../../tag.ts';
import type { Dialect } from '../dialect.ts';

const TYPES: Readonly<Record<ValueType, string>> = {
  bytes: 'bytea',
  'bytes[]': 'bytea[]',
  count: 'integer',
  flag: 'boolean',
  integer: 'bigint',
  'integer[]': 'bigint[]',
  text: 'text',
};

// Pgpool-II sends a SELECT to any server, and may answer it from a cache. It sends one with this comment to the primary,
// unless it ignores comments, and one that calls a volatile function too, which it does not answer from its cache either.
// PostgreSQL does not execute what nothing refers to.
const NOT_BALANCED = '/*NO LOAD BALANCE*/ ';
const AT_PRIMARY = `${NOT_BALANCED}WITH at_primary AS (SELECT random()) `;

/**
 * PostgreSQL, at READ COMMITTED. Every parameter is cast: the driver sends values without types, and the server does not
 * always infer the type of the column for a `$1` next to a function.
 */
export const postgresql: Dialect = {
  name: 'postgresql',
  lanes: {
    reads: DURABLE_READ_LANES,
    writes: DURABLE_WRITE_LANES,
    single: DURABLE_IN_FLIGHT_MAX - DURABLE_READ_LANES - DURABLE_WRITE_LANES,
  },
  prefix: (text) => (text.startsWith('SELECT') ? AT_PRIMARY : NOT_BALANCED),
  quote: (name) => `"${name}"`,
  placeholder: (number, type) => `$${number}::${TYPES[type]}`,
  sharesParameters: true,
};
