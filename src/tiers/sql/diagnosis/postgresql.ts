import type { IndexFacts, TableFacts } from '../../diagnosis.ts';
import { isLoopback } from '../../loopback.ts';
import type { Row } from '../rows/rows.ts';
import { flagOf, listOf, numberOf, textOf, wordsFor } from './row-values.ts';
import type { DatabaseDiagnosis } from './database-diagnosis.ts';

/** The free room of a page that the migrations leave for the next version of a row; more rows a page cost heap-only updates. */
const FILLFACTOR_MAX = 70;

export const postgresqlDiagnosis: DatabaseDiagnosis = {
  async server(ask, tables) {
    const [answer] = (await ask(server(tables))) ?? [];
    const row = answer ?? {};
    const isSuperuser = flagOf(row, 'superuser');
    return {
      isEncrypted: answer === undefined || flagOf(row, 'by_socket') ? null : flagOf(row, 'encrypted'),
      isLocal: isLoopback(textOf(row, 'client')),
      statementMs: numberOf(row, 'statement_ms'),
      lockMs: numberOf(row, 'lock_ms'),
      lossy: wordsFor([
        [textOf(row, 'fsync') === 'off', 'fsync = off'],
        [textOf(row, 'full_page_writes') === 'off', 'full_page_writes = off'],
        [textOf(row, 'synchronous_commit') === 'off', 'synchronous_commit = off'],
      ]),
      isolation: textOf(row, 'isolation'),
      // A superuser is all the rest, too.
      surplus: isSuperuser
        ? ['superuser']
        : wordsFor([
            [flagOf(row, 'creates_roles'), 'CREATEROLE'],
            [flagOf(row, 'creates_databases'), 'CREATEDB'],
            [flagOf(row, 'owns'), 'owner of the tables'],
            [flagOf(row, 'creates'), 'CREATE in the schema'],
            [flagOf(row, 'truncates') && !flagOf(row, 'owns'), 'TRUNCATE'],
          ]),
    };
  },

  async schema(ask, tables) {
    const [found, indexes] = await Promise.all([ask(describeTables(tables)), ask(describeIndexes(tables))]);
    const [sessions] = tables;
    return {
      tables: (found ?? []).map((row) => toTable(row, sessions)),
      indexes: (indexes ?? []).map(toIndex),
    };
  },
};

/** Names of tables are letters, digits and underscores, as the option `table` is checked. */
const values = (tables: readonly string[]): string => tables.map((name) => `('${name}')`).join(', ');

const server = (tables: readonly string[]): string => `
SELECT COALESCE((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted,
  inet_client_addr() IS NULL AS by_socket, host(inet_client_addr()) AS client,
  (SELECT setting::bigint FROM pg_settings WHERE name = 'statement_timeout') AS statement_ms,
  (SELECT setting::bigint FROM pg_settings WHERE name = 'lock_timeout') AS lock_ms,
  current_setting('fsync') AS fsync,
  current_setting('full_page_writes') AS full_page_writes,
  current_setting('synchronous_commit') AS synchronous_commit,
  current_setting('default_transaction_isolation') AS isolation,
  role.rolsuper AS superuser, role.rolcreaterole AS creates_roles, role.rolcreatedb AS creates_databases,
  COALESCE(pg_has_role(session.relowner, 'USAGE'), false) AS owns,
  COALESCE(has_schema_privilege(session.relnamespace, 'CREATE'), false) AS creates,
  COALESCE(has_table_privilege(session.oid, 'TRUNCATE'), false) AS truncates
FROM pg_roles AS role LEFT JOIN pg_class AS session ON session.oid = to_regclass('"${tables[0] ?? ''}"')
WHERE role.rolname = current_user`;

/** A partitioned table keeps no rows: what is said of storage is said of its partitions, and true of the table if it is of one of them. */
const describeTables = (tables: readonly string[]): string => `
SELECT described.name AS name, row_security_active(class.oid) AS hides,
  EXISTS (SELECT FROM pg_trigger WHERE tgrelid = class.oid AND NOT tgisinternal) AS has_trigger,
  (SELECT sum(1.0 / substring(pg_get_expr(relpartbound, oid) FROM 'modulus (\\d+)')::int) FROM pg_class
   WHERE oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = class.oid)) < 0.9999 AS has_gap,
  stored.*
FROM (VALUES ${values(tables)}) AS described (name)
JOIN pg_class AS class ON class.oid = to_regclass('"' || described.name || '"')
CROSS JOIN LATERAL (
  SELECT COALESCE(bool_or(part.relpersistence <> 'p'), class.relpersistence <> 'p') AS lossy,
    max(COALESCE((SELECT option_value FROM pg_options_to_table(part.reloptions) WHERE option_name = 'fillfactor'), '100')::int) AS fillfactor,
    bool_or((SELECT NOT option_value::bool FROM pg_options_to_table(part.reloptions) WHERE option_name = 'autovacuum_enabled')) AS unvacuumed
  FROM pg_class AS part
  WHERE part.relkind = 'r' AND (part.oid = class.oid OR part.oid IN (SELECT relid FROM pg_partition_tree(class.oid)))
) AS stored`;

const describeIndexes = (tables: readonly string[]): string => `
SELECT described.name AS "table", index.relname::text AS name, part.indisvalid AS usable,
  (SELECT string_agg(attname::text, ',' ORDER BY place) FROM unnest(part.indkey::int2[]) WITH ORDINALITY AS key (number, place)
   JOIN pg_attribute ON attrelid = part.indrelid AND attnum = number) AS columns,
  (SELECT string_agg(DISTINCT attname::text, ',') FROM pg_depend
   JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
   WHERE classid = 'pg_class'::regclass AND objid = part.indexrelid AND refobjid = part.indrelid AND refobjsubid > 0) AS depends
FROM (VALUES ${values(tables)}) AS described (name)
JOIN pg_index AS part ON part.indrelid = to_regclass('"' || described.name || '"')
JOIN pg_class AS index ON index.oid = part.indexrelid`;

function toTable(row: Row, sessions: string | undefined): TableFacts {
  const name = textOf(row, 'name') ?? '';
  const isSessions = name === sessions;
  return {
    name,
    hidesRows: flagOf(row, 'hides'),
    isLossy: flagOf(row, 'lossy'),
    odd: wordsFor([
      [isSessions && !((numberOf(row, 'fillfactor') ?? 100) <= FILLFACTOR_MAX), 'fillfactor'],
      [flagOf(row, 'unvacuumed'), 'autovacuum_enabled = false'],
      [flagOf(row, 'has_trigger'), 'a trigger'],
      [flagOf(row, 'has_gap'), 'a partition is missing'],
    ]),
  };
}

function toIndex(row: Row): IndexFacts {
  const columns = listOf(row, 'columns');
  return {
    table: textOf(row, 'table') ?? '',
    name: textOf(row, 'name') ?? '',
    columns,
    dependsOn: [...new Set([...columns, ...listOf(row, 'depends')])],
    isUsable: flagOf(row, 'usable'),
  };
}
