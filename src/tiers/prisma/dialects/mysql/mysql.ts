import { DURABLE_IN_FLIGHT_MAX, DURABLE_READ_LANES, DURABLE_WRITE_LANES } from '../../../../limits/durable-tier.ts';
import type { Dialect, LaneCounts } from '../../dialect.ts';
import { MysqlFleet } from './fleet.ts';
import { MysqlSchema } from './schema.ts';
import { MysqlShared } from './shared.ts';
import { MysqlSingle } from './single.ts';
import { MysqlSweep } from './sweep.ts';

/**
 * MariaDB 10.6 and MySQL 8, at REPEATABLE READ or READ COMMITTED. Neither has `UPDATE … RETURNING`: one statement decides,
 * and where its count does not say enough, a read that nobody can falsify follows. Every write is committed by itself.
 */
export class Mysql implements Dialect {
  readonly lanes: LaneCounts = {
    reads: DURABLE_READ_LANES,
    writes: DURABLE_WRITE_LANES,
    single: DURABLE_IN_FLIGHT_MAX - DURABLE_READ_LANES - DURABLE_WRITE_LANES,
  };
  readonly schema: MysqlSchema;
  readonly shared: MysqlShared;
  readonly single: MysqlSingle;
  readonly fleet: MysqlFleet;
  readonly sweep: MysqlSweep;

  constructor(table: string) {
    const quoted = `\`${table}\``;
    this.schema = new MysqlSchema(table);
    this.shared = new MysqlShared(quoted);
    this.single = new MysqlSingle(quoted);
    this.fleet = new MysqlFleet(table);
    this.sweep = new MysqlSweep(table);
  }
}
