import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { PrismaLibSql } from '@prisma/adapter-libsql';
import { PrismaMariaDb } from '@prisma/adapter-mariadb';
import { PrismaPg } from '@prisma/adapter-pg';
import { Client } from 'pg';
import { PARTITIONED } from '../../../src/cli/commands/schema-partitions.ts';
import type { DatabaseName } from '../../../src/tiers/sql/tag.ts';
import type { PrismaClient } from '../generated/postgresql/client.ts';
import { connectMariadb, mariadbOptions } from './mariadb.ts';
import { mysqlFlavour } from './mysql-flavours.ts';
import { pgOptions } from './postgres.ts';

export type DatabaseProvider = DatabaseName;

export interface OpenOptions {
  /** After so long the server gives a statement up. */
  readonly statementMs?: number;
  /** How long the pool waits for a connection; for PostgreSQL only. @defaultValue 2 000 */
  readonly connectMs?: number;
  /** Prepares each statement under a name, once for a connection; for PostgreSQL only. @defaultValue false */
  readonly namesStatements?: boolean;
  /** PEM of the authority to trust; not for SQLite. */
  readonly ca?: string;
  /** Into how many `migrate` splits the table of the sessions; not for SQLite. @defaultValue one table */
  readonly partitions?: number;
  /** @defaultValue 10; not for SQLite */
  readonly connections?: number;
  /** Of every transaction; this and what follows is for MariaDB only. @defaultValue the server's, REPEATABLE READ */
  readonly isolation?: string;
  /** Whether a write counts the rows that it found, or only those that look different now. @defaultValue true */
  readonly foundRows?: boolean;
  readonly timeZone?: string;
  readonly useTextProtocol?: boolean;
}

export interface OpenedPrisma extends AsyncDisposable {
  /** The generated clients of all providers offer the same model, so one type serves for them. */
  readonly prisma: PrismaClient;
  close(): Promise<void>;
}

/** The numbered SQL that users copy, in the order in which they apply it; as `holdfast schema` prints it for partitions. */
export function migrations(provider: DatabaseProvider, partitions?: number): string[] {
  const root = new URL(`../../../prisma/${provider}/migrations/`, import.meta.url);
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => readFileSync(new URL(`${name}/migration.sql`, root), 'utf8'))
    .map((sql) => (partitions === undefined ? sql : (PARTITIONED[provider]?.(sql, partitions) ?? sql)));
}

/** Applies the migrations with the plain driver: no schema engine to download, and nothing but the checked-in SQL. */
export async function migrate(provider: DatabaseProvider, url: string, options: OpenOptions = {}): Promise<void> {
  await appliers[provider](migrations(provider, options.partitions), url, options.ca ?? '');
}

const appliers: Record<DatabaseProvider, (texts: readonly string[], url: string, ca: string) => Promise<void>> = {
  async mysql(texts, url, ca) {
    await using connection = await connectMariadb(url, ca);
    for (const sql of texts) await connection.query(sql);
  },
  async postgresql(texts, url, ca) {
    const client = new Client(pgOptions(url, ca));
    await client.connect();
    try {
      for (const sql of texts) await client.query(sql);
    } finally {
      await client.end();
    }
  },
  async sqlite(texts, url) {
    const database = new DatabaseSync(fileURLToPath(url));
    database.exec('PRAGMA journal_mode = WAL');
    for (const sql of texts) database.exec(sql);
    database.close();
  },
};

/** A real Prisma client as an application would make it, with every wait on a connection bounded. */
export async function openPrisma(
  provider: DatabaseProvider,
  url: string,
  options: OpenOptions = {},
): Promise<OpenedPrisma> {
  const prisma = await openers[provider](url, options);
  const close = (): Promise<void> => prisma.$disconnect();
  return { prisma, close, [Symbol.asyncDispose]: close };
}

const openers: Record<DatabaseProvider, (url: string, options: OpenOptions) => Promise<PrismaClient>> = {
  mysql: openMariadb,
  postgresql: openPostgres,
  sqlite: openSqlite,
};

async function openMariadb(url: string, options: OpenOptions): Promise<PrismaClient> {
  const {
    ca = '',
    connections = 10,
    foundRows = true,
    isolation,
    timeZone,
    useTextProtocol = false,
    statementMs,
  } = options;
  const { PrismaClient: Generated } = await import('../generated/mysql/client.ts');
  const first = [
    ...(isolation === undefined ? [] : [`SET SESSION TRANSACTION ISOLATION LEVEL ${isolation}`]),
    ...(timeZone === undefined ? [] : [`SET time_zone = '${timeZone}'`]),
    ...(statementMs === undefined ? [] : [mysqlFlavour().statementLimit(statementMs)]),
  ];
  const settings = {
    ...mariadbOptions(url, ca),
    connectionLimit: connections,
    foundRows,
    // Only as many as are wanted: the driver ends the process when it gives a connection up while that is being set up.
    minimumIdle: 1,
    ...(first.length > 0 && { initSql: first }),
    acquireTimeout: 1_000,
    initializationTimeout: first.length > 0 ? 3_000 : 500,
    // The server's limits are shorter, so that the outcome is known and not merely late.
    socketTimeout: 4_000,
  };
  return new Generated({ adapter: new PrismaMariaDb(settings, { useTextProtocol }) }) as unknown as PrismaClient;
}

async function openPostgres(url: string, options: OpenOptions): Promise<PrismaClient> {
  const { ca = '', connections = 10, connectMs = 2_000, statementMs = 3_000, namesStatements = false } = options;
  const { PrismaClient: Generated } = await import('../generated/postgresql/client.ts');
  const settings = {
    ...pgOptions(url, ca),
    max: connections,
    connectionTimeoutMillis: connectMs,
    // The server answers before the driver gives up, so that the outcome is known and not merely late.
    statement_timeout: statementMs,
    query_timeout: 4_000,
  };
  const nameOf = ({ sql }: { sql: string }): string => createHash('sha256').update(sql).digest('hex').slice(0, 32);
  const adapter = new PrismaPg(settings, namesStatements ? { statementNameGenerator: nameOf } : {});
  return new Generated({ adapter });
}

async function openSqlite(url: string): Promise<PrismaClient> {
  const { PrismaClient: Generated } = await import('../generated/sqlite/client.ts');
  return new Generated({ adapter: new PrismaLibSql({ url }) }) as unknown as PrismaClient;
}
