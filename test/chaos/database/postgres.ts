import { Client } from 'pg';
import type { ServerCertificates } from '../../support/servers/certificates.ts';
import { migrate } from '../../support/servers/databases.ts';
import { FaultProxy } from '../../support/servers/fault-proxy.ts';
import { pgOptions, type PostgresServer, startPostgres } from '../../support/servers/postgres.ts';
import { StatementProxy } from '../../support/servers/statement-proxy.ts';
import type { Watched } from '../statement-watch.ts';
import { type DatabaseWire, type FleetDatabase, through } from './fleet-database.ts';

const ACTIVE = `SELECT application_name AS node, count(*)::int AS active FROM pg_stat_activity
  WHERE state = 'active' AND application_name LIKE 'node-%' GROUP BY 1`;
/** Writes a record of the log and waits until the disk has it, as each write of a session does. */
const COMMIT = `SELECT pg_logical_emit_message(true, 'watch', '')`;

/** One server, for all nodes. */
export class Postgres implements FleetDatabase {
  readonly name = 'postgresql';
  readonly server: PostgresServer;
  /** Every node's way to it. */
  readonly statements: StatementProxy;
  readonly watched = [() => this.#watch()];

  private constructor(server: PostgresServer, statements: StatementProxy) {
    this.server = server;
    this.statements = statements;
  }

  static async start(certificates: ServerCertificates): Promise<Postgres> {
    const server = await startPostgres({ certificates });
    const database = new Postgres(server, await StatementProxy.start(server.coordinates, certificates));
    await migrate('postgresql', server.url, { ca: server.ca });
    return database;
  }

  get mishaps(): number {
    return this.statements.hits;
  }

  async newWire(): Promise<DatabaseWire> {
    const proxy = await FaultProxy.start(this.statements.address);
    const { url, ca } = this.server;
    return { proxy, orders: { provider: 'postgresql', url: through(proxy, url), ca } };
  }

  async stop(): Promise<void> {
    await Promise.allSettled([this.server.resume()]);
    await this.statements.stop();
    await this.server.stop();
  }

  async #watch(): Promise<Watched> {
    const client = new Client(pgOptions(this.server.adminUrl, this.server.ca));
    // The next question fails.
    client.on('error', () => undefined);
    await client.connect();
    return {
      async ask() {
        await client.query(COMMIT);
        const { rows } = await client.query<{ node: string; active: number }>(ACTIVE);
        return new Map(rows.map(({ node, active }) => [node, active]));
      },
      close: () => client.end(),
    };
  }
}
