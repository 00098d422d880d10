import { compile } from '../compile.ts';
import type { Database } from '../dialects/dialect.ts';
import type { Statement } from '../statement.ts';
import { type DatabaseName, namespace, rings, sessions, sql } from '../tag.ts';
import type { DatabaseDiagnosis } from './database-diagnosis.ts';
import { mysqlDiagnosis } from './mysql.ts';
import { postgresqlDiagnosis } from './postgresql.ts';
import { sqliteDiagnosis } from './sqlite.ts';

export const DIAGNOSES: Readonly<Record<DatabaseName, DatabaseDiagnosis>> = {
  mysql: mysqlDiagnosis,
  postgresql: postgresqlDiagnosis,
  sqlite: sqliteDiagnosis,
};

/** The statements that all databases word alike. */
export interface CommonStatements {
  /** Returns one row: `oldest`, the oldest mark of the namespace. */
  readonly backlog: Statement;
  /** Returns one row: how many namespaces have rings, and whether this one has. */
  readonly namespaces: Statement;
}

export function commonStatements(database: Database, name: string): CommonStatements {
  return {
    backlog: compile(backlog, database)(name, undefined),
    namespaces: compile(namespaces, database)(name, undefined),
  };
}

const backlog = sql`
  SELECT MIN(dirty_at) AS oldest FROM ${sessions} WHERE dirty_at IS NOT NULL AND namespace = ${namespace}`;

const namespaces = sql`
  SELECT COUNT(*) AS known, COUNT(CASE WHEN namespace = ${namespace} THEN 1 END) AS own FROM ${rings}`;
