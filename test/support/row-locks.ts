import { Client } from 'pg';
import { pgOptions } from './servers/postgres.ts';
import { until } from './servers/until.ts';
import type { FreshDatabase } from './shared.ts';

/** A transaction of somebody else, left open after this statement, so that what it locks stays locked. */
export async function inTransaction(
  database: Pick<FreshDatabase, 'ca' | 'prisma' | 'url'>,
  sql: string,
  values: readonly unknown[] = [],
) {
  const client = new Client(pgOptions(database.url, database.ca ?? ''));
  client.on('error', () => {});
  await client.connect();
  await client.query('BEGIN');
  await client.query(sql, [...values]);
  const waiting = `FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  const ask = async (question: string) => database.prisma.$queryRawUnsafe<unknown[]>(question);
  const whoWaits = async () => (await ask(`SELECT pid ${waiting}`)).length;
  return {
    whoWaits,
    untilSomebodyWaits: (count = 1) => until(async () => (await whoWaits()) >= count),
    killWhoWaits: () => ask(`SELECT pg_terminate_backend(pid) ${waiting}`),
    release: () => client.query('COMMIT'),
    undo: () => client.query('ROLLBACK'),
    [Symbol.asyncDispose]: () => client.end(),
  };
}
