import { TierFailure } from '../../errors.ts';
import type { Platform } from '../../platform/platform.ts';
import type { DurableFacts } from '../diagnosis.ts';
import type { Database } from '../sql/dialects/dialect.ts';
import { numberOf } from '../sql/diagnosis/row-values.ts';
import type { Ask } from '../sql/diagnosis/database-diagnosis.ts';
import { commonStatements, DIAGNOSES } from '../sql/diagnosis/statements.ts';
import type { SchemaStatements } from '../sql/schema.ts';
import { readClock } from './inspection.ts';
import type { StatementRunner } from './statement-runner.ts';

export interface DiagnosisOptions {
  readonly runner: StatementRunner;
  readonly database: Database;
  readonly schema: SchemaStatements;
  readonly namespace: string;
  readonly platform: Platform;
}

/** Collects facts with statements that change nothing. Rejects if the database does not answer, or is no primary. */
export async function diagnoseDatabase(options: DiagnosisOptions): Promise<DurableFacts> {
  const { runner, database, schema, namespace, platform } = options;
  const sentAt = platform.monotonic();
  const { now: clock } = await readClock({ runner, schema, time: undefined });
  const clockAheadMs = clock + (platform.monotonic() - sentAt) / 2 - platform.now();
  const ask: Ask = (text) => runner.rows({ text, values: [] }, (rows) => rows).catch(nullIfRefused);
  const { sessions, rings, nodes } = database.tables;
  const tables = [sessions, rings, nodes];
  const diagnosis = DIAGNOSES[database.dialect.name];
  const { backlog, namespaces } = commonStatements(database, namespace);
  const [ofServer, ofSchema, oldestMarkAt, known] = await Promise.all([
    diagnosis.server(ask, tables),
    diagnosis.schema(ask, tables),
    runner.rows(backlog, ([row = {}]) => numberOf(row, 'oldest')).catch(nullIfRefused),
    runner.rows(namespaces, ([row = {}]) => row).catch(nullIfRefused),
  ]);
  const own = numberOf(known ?? {}, 'own') ?? 0;
  return {
    ...ofServer,
    ...ofSchema,
    clockAheadMs,
    oldestMarkAt,
    hasNamespace: own > 0,
    otherNamespaces: (numberOf(known ?? {}, 'known') ?? 0) - own,
  };
}

/**
 * A server of another version lacks a setting, or a table is not there, which `open` reports. These statements only read, so an error
 * that the tier does not know is a refusal too.
 */
function nullIfRefused(error: unknown): null {
  if (error instanceof TierFailure && (error.kind !== 'ambiguous' || error.reason === 'unknown')) return null;
  throw error;
}
