import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { createAuthority } from '../servers/certificates.ts';
import type { DoctorBench } from './bench.ts';
import { NOBODY, onThisMachine, sql, variant, type Fault, type Planted } from './fault.ts';

/** Has the database show another certificate to new connections. */
async function shownByDatabase(
  bench: DoctorBench,
  options: { readonly expired?: true; readonly days?: number },
): Promise<Planted> {
  await bench.showFromDatabase(options);
  return { variant: { database: {} }, mend: () => bench.showFromDatabase({ days: 25 }) };
}

export const DATABASE_FAULTS: readonly Fault[] = [
  // The database: the connection
  [
    'nobody listens',
    'database-unreachable',
    variant((bench) => ({ database: { url: bench.databaseUrl.replace(/@[^/]+/, `@${NOBODY}`) } })),
  ],
  [
    'a wrong password',
    'database-access',
    variant((bench) => ({ database: { url: bench.databaseUrl.replace(/:[^:@]+@/, ':another@') } })),
  ],
  ['another authority', 'database-tls', variant(async () => ({ database: { ca: (await createAuthority()).ca } }))],
  [
    'a certificate from another authority',
    'database-certificate',
    async (bench) => {
      const ca = join(bench.folder, 'other.pem');
      await writeFile(ca, (await createAuthority()).ca);
      return { variant: { env: { HOLDFAST_DATABASE_CA_FILE: ca } } };
    },
  ],
  [
    'a certificate that ends in 3 days',
    'database-certificate-ends',
    onThisMachine((bench) => shownByDatabase(bench, { days: 3 })),
  ],
  [
    'an expired certificate',
    'database-certificate-expired',
    onThisMachine((bench) => shownByDatabase(bench, { expired: true })),
  ],
  [
    'an address that verifies nothing',
    'database-tls-unverified',
    variant((bench) => ({ env: { HOLDFAST_DATABASE_URL: bench.databaseUrl.replace('verify-full', 'no-verify') } })),
  ],
  [
    'a connection without TLS that stays on the machine',
    'database-plaintext-local',
    onThisMachine(async (bench) => {
      await bench.allowPlaintext(true);
      return { variant: { database: { isEncrypted: false } }, mend: () => bench.allowPlaintext(false) };
    }),
  ],
  // The database: the schema
  [
    'a column that is missing',
    'database-schema',
    sql(
      'ALTER TABLE holdfast_session RENAME rotated_at TO was_rotated_at',
      'ALTER TABLE holdfast_session RENAME was_rotated_at TO rotated_at',
    ),
  ],
  [
    'a table that is missing',
    'database-schema',
    sql('ALTER TABLE holdfast_session_node RENAME TO gone', 'ALTER TABLE gone RENAME TO holdfast_session_node'),
  ],
  [
    'an index that is missing',
    'database-index-missing',
    sql(
      'DROP INDEX holdfast_session_dirty_at_idx',
      'CREATE INDEX holdfast_session_dirty_at_idx ON holdfast_session (dirty_at, storage_key) WHERE dirty_at IS NOT NULL',
    ),
  ],
  [
    'an index on what a touch changes',
    'database-index-surplus',
    sql('CREATE INDEX seen ON holdfast_session (namespace, last_seen_at)', 'DROP INDEX seen'),
  ],
  [
    'an index whose condition changes',
    'database-index-surplus',
    sql('CREATE INDEX alive ON holdfast_session (created_at) WHERE revoked_at IS NULL', 'DROP INDEX alive'),
  ],
  [
    'full pages',
    'database-table',
    sql('ALTER TABLE holdfast_session RESET (fillfactor)', 'ALTER TABLE holdfast_session SET (fillfactor = 50)'),
  ],
  [
    'a table that a crash empties',
    'database-lossy',
    sql('ALTER TABLE holdfast_session_node SET UNLOGGED', 'ALTER TABLE holdfast_session_node SET LOGGED'),
  ],
  [
    'rows that are hidden',
    'database-hidden-rows',
    sql(
      'ALTER TABLE holdfast_session ENABLE ROW LEVEL SECURITY; CREATE POLICY all_rows ON holdfast_session USING (true)',
      'DROP POLICY all_rows ON holdfast_session; ALTER TABLE holdfast_session DISABLE ROW LEVEL SECURITY',
    ),
  ],
  [
    'a mark that nobody clears',
    'database-marks',
    sql('UPDATE holdfast_session SET dirty_at = 1700000000000', 'UPDATE holdfast_session SET dirty_at = NULL'),
  ],
  [
    'an engine that nobody has tried',
    'untried-engine',
    sql(
      `CREATE SCHEMA engine; GRANT USAGE ON SCHEMA engine TO sessions;
       CREATE FUNCTION engine.version() RETURNS text LANGUAGE sql AS $$ SELECT 'PostgreSQL 15.12-YB-2025.1.0.0-b0 on x86_64' $$;
       ALTER ROLE sessions SET search_path = engine, pg_catalog, public`,
      'ALTER ROLE sessions RESET ALL; DROP SCHEMA engine CASCADE',
      { database: {} },
    ),
  ],
  // The database: the role
  [
    'a grant that is missing',
    'database-grant-missing',
    sql('REVOKE DELETE ON holdfast_session FROM sessions', 'GRANT DELETE ON holdfast_session TO sessions'),
  ],
  ['a superuser', 'database-rights', sql('ALTER ROLE sessions SUPERUSER', 'ALTER ROLE sessions NOSUPERUSER')],
  [
    'a role that may make tables',
    'database-rights',
    sql('GRANT CREATE ON SCHEMA public TO sessions', 'REVOKE CREATE ON SCHEMA public FROM sessions'),
  ],
  [
    'a role that may only read',
    'database-read-only',
    sql('ALTER ROLE sessions SET default_transaction_read_only = on', 'ALTER ROLE sessions RESET ALL', {
      database: {},
    }),
  ],
  [
    'acknowledged before it is durable',
    'database-lossy',
    sql('ALTER ROLE sessions SET synchronous_commit = off', 'ALTER ROLE sessions RESET ALL', { database: {} }),
  ],
  [
    'another isolation',
    'database-isolation',
    sql("ALTER ROLE sessions SET default_transaction_isolation = 'repeatable read'", 'ALTER ROLE sessions RESET ALL', {
      database: {},
    }),
  ],
  [
    'a parser for the whole process',
    'database-misconfigured',
    () => {
      const parser = pg.types.getTypeParser(pg.types.builtins.INT8);
      pg.types.setTypeParser(pg.types.builtins.INT8, BigInt);
      return { mend: async () => pg.types.setTypeParser(pg.types.builtins.INT8, parser) };
    },
  ],
  ['statements without a limit', 'database-statement-timeout', variant(() => ({ database: { statementMs: 0 } }))],
  [
    'statements that outlive the call',
    'database-statement-timeout',
    variant(() => ({ database: { statementMs: 60_000 } })),
  ],
];
