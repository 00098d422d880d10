import type { Dialect } from '../../dialect.ts';
import { SqliteFleet } from './fleet.ts';
import { SqliteSchema } from './schema.ts';
import { SqliteShared } from './shared.ts';
import { SqliteSingle } from './single.ts';
import { SqliteSweep } from './sweep.ts';

/**
 * SQLite 3.35 and later (`RETURNING`). One writer at a time, so there are no rows to lock. Parameters are plain `?`,
 * in order and repeated where needed: `better-sqlite3` takes `?1` for a named one.
 */
export class Sqlite implements Dialect {
  readonly lanes = null;
  readonly schema: SqliteSchema;
  readonly shared: SqliteShared;
  readonly single: SqliteSingle;
  readonly fleet: SqliteFleet;
  readonly sweep: SqliteSweep;

  constructor(table: string) {
    const quoted = `"${table}"`;
    this.schema = new SqliteSchema(table);
    this.shared = new SqliteShared(quoted);
    this.single = new SqliteSingle(quoted);
    this.fleet = new SqliteFleet(table);
    this.sweep = new SqliteSweep(table);
  }
}
