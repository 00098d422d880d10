import { DURABLE_IN_FLIGHT_MAX, DURABLE_READ_LANES, DURABLE_WRITE_LANES } from '../../../../limits/durable-tier.ts';
import type { Dialect, LaneCounts } from '../../dialect.ts';
import { PostgresqlFleet } from './fleet.ts';
import { PostgresqlSchema } from './schema.ts';
import { PostgresqlShared } from './shared.ts';
import { PostgresqlSingle } from './single.ts';
import { PostgresqlSweep } from './sweep.ts';

/**
 * PostgreSQL, at READ COMMITTED. Every parameter is cast: the driver sends values without types, and what the server
 * infers for `$1` next to a function is not always what the column holds.
 */
export class Postgresql implements Dialect {
  readonly lanes: LaneCounts = {
    reads: DURABLE_READ_LANES,
    writes: DURABLE_WRITE_LANES,
    single: DURABLE_IN_FLIGHT_MAX - DURABLE_READ_LANES - DURABLE_WRITE_LANES,
  };
  readonly schema: PostgresqlSchema;
  readonly shared: PostgresqlShared;
  readonly single: PostgresqlSingle;
  readonly fleet: PostgresqlFleet;
  readonly sweep: PostgresqlSweep;

  constructor(table: string) {
    const quoted = `"${table}"`;
    this.schema = new PostgresqlSchema(table);
    this.shared = new PostgresqlShared(quoted);
    this.single = new PostgresqlSingle(quoted);
    this.fleet = new PostgresqlFleet(table);
    this.sweep = new PostgresqlSweep(table);
  }
}
