import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { createAuthority } from './certificates.ts';
import { withFreePort } from './ports.ts';
import { pgOptions, type PostgresCoordinates } from './postgres.ts';
import { ServerProcess } from './server-process.ts';
import { until } from './until.ts';

/** PgBouncer refuses to run as root. */
export const ACCOUNT = 'postgres';
const PROGRAM = ['/usr/sbin/pgbouncer', '/opt/homebrew/bin/pgbouncer', '/usr/local/bin/pgbouncer'].find(existsSync);

export function hasPgbouncer(): boolean {
  return PROGRAM !== undefined;
}

export interface Pgbouncer extends AsyncDisposable {
  readonly ca: string;
  /** Where a database of the server is reached through PgBouncer. */
  urlOf(url: string): string;
}

/** Starts PgBouncer in transaction mode before a server, over TLS on both sides, with fewer connections than its clients have. */
export async function startPgbouncer(server: PostgresCoordinates, settings: Readonly<Record<string, string>> = {}) {
  if (PROGRAM === undefined) throw new Error('PgBouncer is not installed.');
  const program = PROGRAM;
  const { ca, certificate, privateKey } = await (await createAuthority()).issue();
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-pgbouncer-'));
  return withFreePort(undefined, async (port): Promise<Pgbouncer> => {
    const files = {
      'pgbouncer.ini': configuration(dir, port, server, settings),
      'users.txt': `"${server.user}" "${server.password}"\n`,
      'server.crt': certificate,
      'server.key': privateKey,
      'ca.crt': server.ca,
    };
    for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content);
    await handOver(dir, Object.keys(files));
    const bouncer = new ServerProcess({
      file: program,
      args: [join(dir, 'pgbouncer.ini')],
      cwd: dir,
      logFile: join(dir, 'server.log'),
      user: ACCOUNT,
    });
    const urlOf = (url: string): string => Object.assign(new URL(url), { port: String(port) }).href;
    await bouncer.whenReady(until(() => askOnce(urlOf(server.url), ca), { what: 'PgBouncer to answer' }));
    return {
      ca,
      urlOf,
      async [Symbol.asyncDispose]() {
        await bouncer.kill();
        await rm(dir, { recursive: true, force: true });
      },
    };
  });
}

function configuration(
  dir: string,
  port: number,
  server: PostgresCoordinates,
  settings: Readonly<Record<string, string>>,
): string {
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    pool_mode: 'transaction',
    default_pool_size: '4',
    max_client_conn: '200',
    auth_type: 'scram-sha-256',
    auth_file: join(dir, 'users.txt'),
    client_tls_sslmode: 'require',
    client_tls_cert_file: join(dir, 'server.crt'),
    client_tls_key_file: join(dir, 'server.key'),
    server_tls_sslmode: 'verify-full',
    server_tls_ca_file: join(dir, 'ca.crt'),
    // Which the clients of the tests send; without this line PgBouncer refuses them.
    ignore_startup_parameters: 'statement_timeout',
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}\n`);
  return `[databases]\n* = host=${server.host} port=${server.port}\n[pgbouncer]\n${lines.join('')}`;
}

/** Gives the folder to the account that a proxy runs as when we are root. */
export async function handOver(dir: string, names: readonly string[]): Promise<void> {
  await chmod(dir, 0o700);
  if (process.getuid?.() !== 0) return;
  const id = (flag: string): number => Number(spawnSync('id', [flag, ACCOUNT], { encoding: 'utf8' }).stdout.trim());
  for (const name of ['', ...names]) await chown(join(dir, name), id('-u'), id('-g'));
}

/** Asks through a proxy, which may refuse settings of a client. */
export async function askOnce(url: string, ca: string): Promise<boolean> {
  const { statement_timeout: _refused, ...options } = pgOptions(url, ca);
  const client = new Client(options);
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } finally {
    await client.end().catch(() => {});
  }
}
