import { DURABLE_IN_FLIGHT_MAX, DURABLE_READ_LANES, DURABLE_WRITE_LANES } from '../../../../limits/durable-tier.ts';
import type { Dialect } from '../dialect.ts';

/**
 * MariaDB 10.6 and MySQL 8, at REPEATABLE READ or READ COMMITTED. Neither has `UPDATE … RETURNING`: one statement decides,
 * and where its count does not say enough, a read follows whose answer no other write can falsify. Every write is committed
 * by itself. In a SET list each expression sees the values that are set before it, so a column that others read is set last.
 */
export const mysql: Dialect = {
  name: 'mysql',
  lanes: {
    reads: DURABLE_READ_LANES,
    writes: DURABLE_WRITE_LANES,
    single: DURABLE_IN_FLIGHT_MAX - DURABLE_READ_LANES - DURABLE_WRITE_LANES,
  },
  prefix: () => '',
  quote: (name) => `\`${name}\``,
  placeholder: () => '?',
  sharesParameters: false,
};
