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
  // Pgpool-II sends a SELECT with a comment before it to the primary, and every other one to any server.
  prefix: '/*NO LOAD BALANCE*/ ',
  quote: (name) => `"${name}"`,
  placeholder: (number, type) => `$${number}::${TYPES[type]}`,
  sharesParameters: true,
};
