import { TierFailure } from '../../errors.ts';
import type { SchemaStatements, Statement } from './dialect.ts';
import { integer, type Row } from './rows.ts';
import type { StatementRunner } from './statement-runner.ts';
import { type ColumnName, COLUMNS } from './table.ts';

/** Throws `misconfigured` with the first thing that a person has to mend, or how the server failed to answer. */
export async function inspectDatabase(runner: StatementRunner, schema: SchemaStatements): Promise<void> {
  await runner.applySettings();
  await readClock(runner, schema);
  await runner.rows(schema.describe, (rows) => inspectColumns(rows, schema));
  for (const rehearsal of schema.rehearsals) await rehearse(runner, rehearsal);
}

/**
 * Milliseconds of the clock that decides on deadlines of writes. Refuses a standby, which lags behind: what it does not
 * know is not absent, and it takes no writes. It may be promoted any moment.
 */
export async function readClock(runner: StatementRunner, schema: SchemaStatements): Promise<number> {
  return runner.rows(schema.probe, ([answer]) => {
    if (answer?.['standby'] === true) throw new TierFailure('rejected', 'standby');
    return integer(answer ?? {}, 'now');
  });
}

function inspectColumns(rows: readonly Row[], { accepts }: SchemaStatements): void {
  if (rows.length === 0) throw misconfigured('table-missing');
  const found = new Map(rows.map((row) => [row['name'], row]));
  for (const [name, type] of Object.entries(COLUMNS)) {
    const column = found.get(name);
    if (!column) throw misconfigured(`column-missing:${name}`);
    if (!accepts[type].test(String(column['type']))) throw misconfigured(`column-type:${name}`);
  }
  // Without it, `ON CONFLICT DO NOTHING` would let one id have two sessions.
  if (!found.get('storage_key' satisfies ColumnName)?.['identifies']) throw misconfigured('primary-key-missing');
}

/** While the server is in charge, a read-only transaction or file is a setting and not a fail-over that will pass. */
async function rehearse(runner: StatementRunner, rehearsal: Statement): Promise<void> {
  try {
    await runner.count(rehearsal);
  } catch (error) {
    if (error instanceof TierFailure && error.reason === 'read-only') throw misconfigured('read-only');
    throw error;
  }
}

function misconfigured(reason: string): TierFailure {
  return new TierFailure('misconfigured', reason);
}
