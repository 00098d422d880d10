import { randomBytes } from 'node:crypto';
import { PrismaMariaDb } from '@prisma/adapter-mariadb';
import { createAuthority } from './certificates.ts';
import { launchMariadbContainer } from './mariadb-docker.ts';
import { launchMariadbProcess } from './mariadb-local.ts';
import type { MariadbMachine } from './mariadb-machine.ts';
import { mysqlFlavour } from './mysql-flavours.ts';
import { withFreePort } from './ports.ts';
import { choiceOf, firstAvailable, type Provider } from './provider.ts';
import { until } from './until.ts';

/** All that a client needs, as plain data that can cross a process boundary. */
export interface MariadbCoordinates {
  readonly provider: Provider;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** `mysql://…`; the CA is not part of it. */
  readonly url: string;
  /** PEM of the authority that vouches for the server. */
  readonly ca: string;
  /** May do everything. Tests hand the application the plain user. */
  readonly adminUrl: string;
}

const ADMIN = 'harness';
const APPLICATION = 'shop';

/** Small, but as durable as the default: tests kill the server and count what is left. */
const SETTINGS = {
  innodb_buffer_pool_size: '64M',
  max_connections: '200',
  require_secure_transport: 'ON',
  skip_name_resolve: 'ON',
  // Not a setting of the client: a connection that is lost while it sends its settings ends the process (mariadb 3.4.5).
  innodb_lock_wait_timeout: '2',
};

/** Starts a MariaDB server of our own, or the MySQL server that `HOLDFAST_TEST_MYSQL` names, with an application user that may use nothing but its databases. */
export async function startMariadb(settings: Readonly<Record<string, string>> = {}): Promise<MariadbServer> {
  const adminPassword = randomBytes(18).toString('base64url');
  const password = randomBytes(18).toString('base64url');
  const certificates = await (await createAuthority()).issue();
  const flavour = mysqlFlavour();
  const allSettings = { ...SETTINGS, ...flavour.settings, ...settings };
  const accounts = { admin: ADMIN, adminPassword, certificates, settings: allSettings };

  return withFreePort(undefined, async (port) => {
    const machine = await firstAvailable<MariadbMachine>(
      flavour.name,
      {
        local: () => launchMariadbProcess(port, accounts),
        docker: () => launchMariadbContainer(port, accounts),
      },
      choiceOf('MYSQL'),
    );
    const url = (user: string, secret: string, database: string): string =>
      `mysql://${user}:${secret}@${machine.host}:${port}/${database}`;
    const server = new MariadbServer(machine, {
      provider: machine.provider,
      host: machine.host,
      port,
      user: APPLICATION,
      password,
      database: APPLICATION,
      url: url(APPLICATION, password, APPLICATION),
      ca: certificates.ca,
      adminUrl: url(ADMIN, adminPassword, 'mysql'),
    });
    try {
      await server.start();
      await asMariadbAdmin(
        server,
        `CREATE USER '${APPLICATION}'@'%' IDENTIFIED BY '${password}' ${flavour.userLimits}`,
      );
      await createMariadbDatabase(server.coordinates, APPLICATION);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  });
}

/** Creates an empty database that the application's user owns; answers its url. */
export async function createMariadbDatabase(server: MariadbCoordinates, name: string): Promise<string> {
  await asMariadbAdmin(server, `CREATE DATABASE \`${name}\``);
  await asMariadbAdmin(server, `GRANT ALL ON \`${name}\`.* TO '${server.user}'@'%'`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return url.href;
}

export async function dropMariadbDatabase(server: MariadbCoordinates, name: string): Promise<void> {
  await asMariadbAdmin(server, `DROP DATABASE IF EXISTS \`${name}\``);
}

/** One statement as the administrator, over a connection of its own. */
export async function asMariadbAdmin(
  server: Pick<MariadbCoordinates, 'adminUrl' | 'ca'>,
  sql: string,
): Promise<Record<string, unknown>[]> {
  await using connection = await connectMariadb(server.adminUrl, server.ca);
  return await connection.query(sql);
}

/** One connection of the plain driver, which the adapter brings along. */
export async function connectMariadb(url: string, ca: string) {
  const factory = new PrismaMariaDb({ ...mariadbOptions(url, ca), connectionLimit: 1, multipleStatements: true });
  const adapter = await factory.connect();
  const pool = adapter.underlyingDriver();
  return {
    query: async (sql: string, values: readonly unknown[] = []): Promise<Record<string, unknown>[]> =>
      pool.query(sql, [...values]),
    [Symbol.asyncDispose]: () => adapter.dispose(),
  };
}

/** Options for the driver. Its defaults wait for a silent server for ever; these do not. */
export function mariadbOptions(url: string, ca: string) {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    host: hostname,
    port: Number(port),
    user: username,
    password,
    database: pathname.slice(1),
    ssl: { ca, rejectUnauthorized: true },
    // Named, so that a new connection needs no command of its own.
    collation: 'UTF8MB4_BIN',
    connectTimeout: 2_000,
    acquireTimeout: 3_000,
    initializationTimeout: 2_000,
    socketTimeout: 12_000,
  };
}

export class MariadbServer implements AsyncDisposable {
  readonly #machine: MariadbMachine;
  readonly coordinates: MariadbCoordinates;

  constructor(machine: MariadbMachine, coordinates: MariadbCoordinates) {
    this.#machine = machine;
    this.coordinates = coordinates;
  }

  get ca(): string {
    return this.coordinates.ca;
  }

  get url(): string {
    return this.coordinates.url;
  }

  get adminUrl(): string {
    return this.coordinates.adminUrl;
  }

  get port(): number {
    return this.coordinates.port;
  }

  /** Freezes the server: sockets stay open, nothing is answered. */
  pause(): Promise<void> {
    return this.#machine.pause();
  }

  resume(): Promise<void> {
    return this.#machine.resume();
  }

  /** SIGKILL: the next start recovers from the redo log. */
  kill(): Promise<void> {
    return this.#machine.kill();
  }

  /** On the same port with its data. */
  async start(): Promise<void> {
    await this.#machine.launch();
    const ready = until(() => asMariadbAdmin(this, 'SELECT 1'), {
      what: `${mysqlFlavour().name} to answer`,
      timeoutMs: 60_000,
    });
    await this.#machine.whenReady(ready);
  }

  async stop(): Promise<void> {
    await this.#machine.kill();
    await this.#machine.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
