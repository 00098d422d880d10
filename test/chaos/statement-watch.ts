import { Client } from 'pg';
import { machineTime } from './clock.ts';
import { STALL_MS, type Stall } from './stalls.ts';
import { pgOptions, type PostgresServer } from '../support/servers/postgres.ts';

const EVERY_MS = 100;
const ACTIVE = `SELECT application_name AS node, count(*)::int AS active FROM pg_stat_activity
  WHERE state = 'active' AND application_name LIKE 'node-%' GROUP BY 1`;
/** Writes a record of the log and waits until the disk has it, as each write of a session does. */
const COMMIT = `SELECT pg_logical_emit_message(true, 'watch', '')`;

/** Asks the server, over and over, how many statements of each node it runs; and notes when that, or a commit, took long. */
export class StatementWatch {
  readonly #postgres: PostgresServer;
  readonly #most = new Map<string, number>();
  readonly slow: Stall[] = [];
  #client: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(postgres: PostgresServer) {
    this.#postgres = postgres;
    void this.#sample();
  }

  get most(): ReadonlyMap<string, number> {
    return this.#most;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#client?.end().catch(() => undefined);
  }

  async #sample(): Promise<void> {
    const from = machineTime();
    try {
      this.#client ??= await this.#connect();
      await this.#client.query(COMMIT);
      const { rows } = await this.#client.query<{ node: string; active: number }>(ACTIVE);
      const to = machineTime();
      if (to - from > STALL_MS) this.slow.push({ from, to });
      for (const { node, active } of rows) this.#most.set(node, Math.max(active, this.#most.get(node) ?? 0));
    } catch {
      // The server is down or frozen, which is what this run is about.
      this.#client = undefined;
    }
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.#sample(), EVERY_MS);
  }

  async #connect(): Promise<Client> {
    const client = new Client(pgOptions(this.#postgres.adminUrl, this.#postgres.ca));
    client.on('error', () => (this.#client = undefined));
    await client.connect();
    return client;
  }
}
