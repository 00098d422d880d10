import type { DatabaseName } from '../tag.ts';
import type { Database, Dialect } from './dialect.ts';
import { mysql } from './mysql/mysql.ts';
import { postgresql } from './postgresql/postgresql.ts';
import { sqlite } from './sqlite/sqlite.ts';

const dialects: Readonly<Record<DatabaseName, Dialect>> = { mysql, postgresql, sqlite };

/** `table` holds the sessions; its name leaves room for the suffixes of the other two. */
export function databaseOf(name: DatabaseName, table: string): Database {
  return { dialect: dialects[name], tables: { sessions: table, rings: `${table}_ring`, nodes: `${table}_node` } };
}
