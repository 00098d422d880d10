import { TierFailure } from '../../errors.ts';
import { adviceFor } from './advice.ts';
import type { Inspected, SchemaStatements } from '../sql/schema.ts';
import type { Statement } from '../sql/statement.ts';
import type { PrismaProvider } from './prisma-options.ts';
import { integer, refuseConverted, refuseReadOnly, refuseStandby, type Row } from '../sql/rows/rows.ts';
import type { StatementRunner } from './statement-runner.ts';
import type { ColumnName } from '../sql/columns.ts';

/** Throws `misconfigured` with the first thing that a person has to mend, or the failure of the server to answer. */
export async function inspectDatabase(
  runner: StatementRunner,
  schema: SchemaStatements,
  { provider, sweeps }: { readonly provider: PrismaProvider; readonly sweeps: boolean },
): Promise<void> {
  try {
    await inspect(runner, schema, sweeps);
  } catch (error) {
    if (!(error instanceof TierFailure) || error.advice !== undefined) throw error;
    const { kind, reason } = error;
    // It is ambiguous for a write, which was executed before its answer was read; nothing here writes.
    if (kind !== 'misconfigured' && reason !== 'type-parser') throw error;
    throw new TierFailure('misconfigured', reason, adviceFor(reason, provider));
  }
}

async function inspect(runner: StatementRunner, schema: SchemaStatements, sweeps: boolean): Promise<void> {
  await runner.applySettings();
  // What else cannot be written is a setting, which the rehearsals find.
  await runner.rows(schema.probe, ([answer = {}]) => {
    refuseConverted(answer);
    refuseStandby(answer);
  });
  for (const inspected of schema.tables) {
    await runner.rows(inspected.describe, (rows) => inspectColumns(rows, inspected, schema.accepts));
    for (const rehearsal of inspected.rehearsals) await rehearse(runner, inspected.table, rehearsal);
  }
  const [sessions] = schema.tables;
  if (sweeps && sessions) await rehearse(runner, sessions.table, schema.sweepRehearsal);
}

/** Returns the milliseconds of the clock that decides on deadlines of writes. Refuses what cannot be written. */
export async function readClock(runner: StatementRunner, schema: SchemaStatements): Promise<number> {
  return runner.rows(schema.probe, ([answer = {}]) => {
    refuseConverted(answer);
    refuseStandby(answer);
    refuseReadOnly(answer);
    return integer(answer, 'now');
  });
}

function inspectColumns(
  rows: readonly Row[],
  { table, columns }: Inspected,
  accepts: SchemaStatements['accepts'],
): void {
  if (rows.length === 0) throw misconfigured(`table-missing:${table}`);
  const found = new Map(rows.map((row) => [row['name'], row]));
  for (const [name, type] of Object.entries(columns)) {
    const column = found.get(name);
    if (!column) throw misconfigured(`column-missing:${table}.${name}`);
    if (!accepts[type].test(String(column['type']))) throw misconfigured(`column-type:${table}.${name}`);
  }
  // Without the key, `ON CONFLICT DO NOTHING` would let one id have two sessions. The upserts of the fleet fail without
  // theirs.
  const key = found.get('storage_key' satisfies ColumnName);
  if (key && !key['identifies']) throw misconfigured(`primary-key-missing:${table}`);
}

/**
 * Rehearses a statement. While the server is in charge, a read-only transaction or file is a setting and not a failover
 * that will pass.
 */
async function rehearse(runner: StatementRunner, table: string, rehearsal: Statement): Promise<void> {
  try {
    await runner.count(rehearsal);
  } catch (error) {
    const reason = error instanceof TierFailure ? error.reason : '';
    if (reason === 'read-only') throw misconfigured(reason);
    if (reason === 'permission-denied' || reason === 'primary-key-missing') throw misconfigured(`${reason}:${table}`);
    throw error;
  }
}

function misconfigured(reason: string): TierFailure {
  return new TierFailure('misconfigured', reason);
}
