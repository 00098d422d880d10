import { TierFailure } from '../../errors.ts';
import { adviceFor } from './advice.ts';
import type { Inspected, SchemaStatements } from '../sql/schema.ts';
import type { Statement } from '../sql/statement.ts';
import type { PrismaProvider } from './prisma-options.ts';
import { untriedEngine } from '../sql/engines.ts';
import { type Marks, toMarks } from '../sql/marks.ts';
import { isTrue, presentOf, refuseConverted, refuseReadOnly, refuseStandby, type Row } from '../sql/rows/rows.ts';
import { staleReadsIn } from '../sql/stale-reads.ts';
import type { OpenTier } from './parts/open-tier.ts';
import type { StatementRunner } from './statement-runner.ts';
import type { ColumnName } from '../sql/columns.ts';
import { warnOfUntried } from './untried.ts';

interface Inspection {
  readonly provider: PrismaProvider;
  readonly sweeps: boolean;
}

/** The parts of an open tier that ask before the first call. */
type Asked = Pick<OpenTier, 'runner' | 'schema' | 'time'>;

/**
 * Throws `misconfigured` with the first thing that a person has to mend, or the failure of the server to answer. Returns false, and has
 * inspected nothing, where the statements are for one server and this is one of a cluster.
 */
export async function inspectDatabase(asked: Asked, { provider, sweeps }: Inspection): Promise<boolean> {
  try {
    return await inspect(asked, { provider, sweeps });
  } catch (error) {
    if (!(error instanceof TierFailure) || error.advice !== undefined) throw error;
    const { kind, reason } = error;
    // It is ambiguous for a write, which was executed before its answer was read; nothing here writes.
    if (kind !== 'misconfigured' && reason !== 'type-parser') throw error;
    throw new TierFailure('misconfigured', reason, adviceFor(reason, provider));
  }
}

async function inspect({ runner, schema, time }: Asked, { provider, sweeps }: Inspection): Promise<boolean> {
  await runner.applySettings();
  // At the same time: both are of the server, and neither needs a table. The engine is named even where its answer to the other is refused.
  const [isCluster] = await Promise.all([
    // What else cannot be written is a setting, which the rehearsals find.
    runner.rows(schema.probe, ([answer = {}]) => {
      refuseConverted(answer);
      refuseStandby(answer);
      return isTrue(answer, 'is_cluster');
    }),
    readMarks(runner, schema).then((marks) => inspectMarks(marks, provider)),
  ]);
  if (isCluster && time === undefined) return false;
  for (const inspected of schema.tables) {
    await runner.rows(inspected.describe, (rows) => inspectColumns(rows, inspected, schema.accepts));
    for (const rehearsal of inspected.rehearsals) await rehearse(runner, inspected.table, rehearsal);
  }
  const [sessions] = schema.tables;
  if (sweeps && sessions) await rehearse(runner, sessions.table, schema.sweepRehearsal);
  return true;
}

/** Reads the milliseconds of the clock that decides on deadlines of writes. Refuses what cannot be written. */
export async function readClock({ runner, schema, time }: Asked): Promise<{ now: number; isCluster: boolean }> {
  return runner.rows(schema.probe, ([answer = {}]) => {
    refuseConverted(answer);
    refuseStandby(answer);
    refuseReadOnly(answer);
    return { now: presentOf(answer, time), isCluster: isTrue(answer, 'is_cluster') };
  });
}

/** Learns the time of a cluster, after it has begun or was set forward. Does nothing where one server's clock is the time. */
export async function beginTime({ namespace, runner, schema, statements, time }: OpenTier): Promise<void> {
  if (time === undefined || statements.time === null) return;
  await runner.count(statements.time.begin(namespace, undefined));
  await readClock({ runner, schema, time });
}

/** Returns the marks of the server; none of a question that it refuses, as an engine that nobody knows may. */
export async function readMarks(runner: StatementRunner, { marks }: SchemaStatements): Promise<Marks> {
  const answers = await Promise.all(marks.map((statement) => runner.rows(statement, toMarks).catch(noneIfRefused)));
  return new Map(answers.flatMap((answer) => [...answer]));
}

function noneIfRefused(error: unknown): Marks {
  if (error instanceof TierFailure && (error.kind === 'misconfigured' || error.reason === 'unknown')) return new Map();
  throw error;
}

function inspectMarks(marks: Marks, provider: PrismaProvider): void {
  const engine = untriedEngine(provider, marks);
  if (engine !== null) warnOfUntried(engine);
  const advice = staleReadsIn(marks);
  if (advice !== null) throw new TierFailure('misconfigured', 'stale-reads', advice);
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
