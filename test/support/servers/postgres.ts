import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { createAuthority, type ServerCertificates } from './certificates.ts';
import { withFreePort } from './ports.ts';
import { launchPostgresContainer } from './postgres-docker.ts';
import { launchPostgresProcess } from './postgres-local.ts';
import type { PostgresMachine } from './postgres-machine.ts';
import { choiceOf, firstAvailable, type Provider } from './provider.ts';
import { until } from './until.ts';

export interface PostgresOptions {
  readonly certificates?: ServerCertificates;
  /** More settings for postgresql.conf, such as `{ max_connections: '20' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** All that a client needs, as plain data that can cross a process boundary. */
export interface PostgresCoordinates {
  readonly provider: Provider;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** `postgresql://…?sslmode=verify-full`; the CA is not part of it. */
  readonly url: string;
  /** PEM of the authority that vouches for the server. */
  readonly ca: string;
  /** May create databases. Tests hand the application the plain user. */
  readonly adminUrl: string;
}

const ADMIN = 'harness';
const APPLICATION = 'shop';

/** Small, but as durable as the default: `fsync` stays on, since tests kill the server and count what is left. */
const SETTINGS = {
  shared_buffers: '64MB',
  max_connections: '200',
  // A test must see the server's answer to a lock or a slow statement, not wait for it.
  deadlock_timeout: '200ms',
  log_min_messages: 'warning',
};

/** On a busy machine a process of a killed server may live a moment longer than its parent; the server does not start before it is gone. */
const MEMORY_IN_USE = 'pre-existing shared memory block';
const MEMORY_FREE_MS_MAX = 30_000;

/** False where servers run in Docker, which has no standby for the tests. */
export function hasStandbys(): boolean {
  return choiceOf('POSTGRES').image === undefined && process.env['HOLDFAST_TEST_PROVIDER'] !== 'docker';
}

/** Starts a PostgreSQL cluster of our own, with an application user that owns nothing but its databases. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const adminPassword = randomBytes(18).toString('base64url');
  const password = randomBytes(18).toString('base64url');
  const certificates = options.certificates ?? (await (await createAuthority()).issue());
  const accounts = { admin: ADMIN, adminPassword, certificates, settings: { ...SETTINGS, ...options.settings } };

  return withFreePort(undefined, async (port) => {
    const machine = await firstAvailable<PostgresMachine>(
      'PostgreSQL',
      {
        local: () => launchPostgresProcess(port, accounts),
        docker: () => launchPostgresContainer(port, accounts),
      },
      choiceOf('POSTGRES'),
    );
    const url = (user: string, secret: string, database: string): string =>
      `postgresql://${user}:${secret}@${machine.host}:${port}/${database}?sslmode=verify-full`;
    const server = new PostgresServer(machine, {
      provider: machine.provider,
      host: machine.host,
      port,
      user: APPLICATION,
      password,
      database: APPLICATION,
      url: url(APPLICATION, password, APPLICATION),
      ca: certificates.ca,
      adminUrl: url(ADMIN, adminPassword, 'postgres'),
    });
    try {
      await server.start();
      await asPostgresAdmin(server, `CREATE ROLE ${APPLICATION} LOGIN PASSWORD '${password}'`);
      await createDatabase(server, APPLICATION);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  });
}

/** Creates an empty database that belongs to the application's user; answers its url. */
export async function createDatabase(server: PostgresCoordinates, name: string): Promise<string> {
  await asPostgresAdmin(server, `CREATE DATABASE "${name}" OWNER ${server.user} TEMPLATE template0`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return url.href;
}

export async function dropDatabase(server: PostgresCoordinates, name: string): Promise<void> {
  await asPostgresAdmin(server, `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
}

/** One statement as the administrator, over a connection of its own. */
export async function asPostgresAdmin(server: PostgresCoordinates, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client(pgOptions(server.adminUrl, server.ca));
  client.on('error', () => {}); // A killed server also fails the statement; the event says nothing more.
  try {
    await client.connect();
    return (await client.query(sql)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * Options for `pg` with the authority as PEM text. An `sslmode` inside the connection string would replace our `ssl`
 * object, CA and all, so it is taken out once it has been understood. The drivers' defaults wait for ever; these do not.
 */
export function pgOptions(url: string, ca: string) {
  const target = new URL(url);
  target.search = '';
  return {
    connectionString: target.href,
    ssl: { ca, rejectUnauthorized: true },
    connectionTimeoutMillis: 5_000,
    statement_timeout: 10_000,
    query_timeout: 12_000,
    keepAlive: true,
  };
}

export class PostgresServer implements PostgresCoordinates, AsyncDisposable {
  readonly #machine: PostgresMachine;
  readonly coordinates: PostgresCoordinates;

  constructor(machine: PostgresMachine, coordinates: PostgresCoordinates) {
    this.#machine = machine;
    this.coordinates = coordinates;
  }

  get provider(): Provider {
    return this.coordinates.provider;
  }
  get host(): string {
    return this.coordinates.host;
  }
  get port(): number {
    return this.coordinates.port;
  }
  get user(): string {
    return this.coordinates.user;
  }
  get password(): string {
    return this.coordinates.password;
  }
  get database(): string {
    return this.coordinates.database;
  }
  get url(): string {
    return this.coordinates.url;
  }
  get ca(): string {
    return this.coordinates.ca;
  }
  get adminUrl(): string {
    return this.coordinates.adminUrl;
  }
  /** Undefined in a container. */
  get pid(): number | undefined {
    return this.#machine.pid;
  }

  createDatabase(name: string): Promise<string> {
    return createDatabase(this, name);
  }

  /** Freezes the postmaster and every backend: sockets stay open, nothing is answered. */
  pause(): Promise<void> {
    return this.#machine.pause();
  }

  resume(): Promise<void> {
    return this.#machine.resume();
  }

  /** SIGKILL to all of it: the next start recovers from the write-ahead log. */
  kill(): Promise<void> {
    return this.#machine.kill();
  }

  /** Restarts as planned: every connection is notified that the server stops, and closed. */
  shutDown(): Promise<void> {
    return this.#machine.shutDown();
  }

  /** Kills the server if it runs, and starts it again on the same port with its data. */
  async restart(): Promise<void> {
    await this.#machine.kill();
    await this.start();
  }

  async start(): Promise<void> {
    const giveUpAt = performance.now() + MEMORY_FREE_MS_MAX;
    for (;;) {
      await this.#machine.launch();
      const ready = until(() => asPostgresAdmin(this, 'SELECT 1'), { what: 'PostgreSQL to answer', timeoutMs: 60_000 });
      try {
        return await this.#machine.whenReady(ready);
      } catch (error) {
        if (!String(error).includes(MEMORY_IN_USE) || performance.now() > giveUpAt) throw error;
        await pause(100);
      }
    }
  }

  /** A hot standby of this server, which is restarted for it. Local servers only. */
  async startStandby(): Promise<PostgresServer> {
    await this.shutDown();
    const { port, standby } = await withFreePort(undefined, async (free) => {
      return { port: free, standby: await this.#machine.copy(free) };
    });
    const at = (url: string): string => Object.assign(new URL(url), { port: String(port) }).href;
    const { url, adminUrl } = this.coordinates;
    const server = new PostgresServer(standby, { ...this.coordinates, port, url: at(url), adminUrl: at(adminUrl) });
    await this.start();
    await server.becomeStandby(this);
    await server.start();
    return server;
  }

  /** Starts in recovery from now on, and can only be read: follows `primary`, or nobody. Local servers only. */
  becomeStandby(primary: PostgresServer | null): Promise<void> {
    if (!primary) return this.#machine.becomeStandby(null);
    const { hostname, port, username, password } = new URL(primary.adminUrl);
    const at = `host=${hostname} port=${port} user=${username} password=${password}`;
    // No certificate of a client: libpq would look for one in the home folder of the account that runs the tests.
    return this.#machine.becomeStandby(`${at} sslmode=require sslcert=none`);
  }

  async stop(): Promise<void> {
    await this.#machine.kill();
    await this.#machine.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
