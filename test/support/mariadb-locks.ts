import { connectMariadb, type MariadbCoordinates } from './servers/mariadb.ts';
import { mysqlFlavour } from './servers/mysql-flavours.ts';
import { until } from './servers/until.ts';
import type { FreshDatabase } from './shared.ts';

/** As `inTransaction` for PostgreSQL: a transaction of somebody else, left open after this statement. */
export async function inMariadbTransaction(
  database: FreshDatabase,
  server: MariadbCoordinates,
  sql: string,
  values: readonly unknown[] = [],
) {
  const connection = await connectMariadb(database.url, server.ca);
  const admin = await connectMariadb(server.adminUrl, server.ca);
  await connection.query('START TRANSACTION');
  await connection.query(sql, values);
  const name = new URL(database.url).pathname.slice(1);
  const waiting = async () => {
    // The list is a copy, which InnoDB makes anew only when nobody has looked at it for a tenth of a second.
    await admin.query('SELECT SLEEP(0.11)');
    return admin.query(mysqlFlavour().whoWaits, [name]);
  };
  return {
    untilSomebodyWaits: (count = 1) => until(async () => (await waiting()).length >= count),
    killWhoWaits: async (what: 'CONNECTION' | 'QUERY') => {
      for (const { id } of await waiting()) await admin.query(`KILL ${what} ${String(id)}`);
    },
    also: (more: string, itsValues: readonly unknown[]) => connection.query(more, itsValues),
    release: () => connection.query('COMMIT'),
    undo: () => connection.query('ROLLBACK'),
    async [Symbol.asyncDispose]() {
      await connection[Symbol.asyncDispose]();
      await admin[Symbol.asyncDispose]();
    },
  };
}
