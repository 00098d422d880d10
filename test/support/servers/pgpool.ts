import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from './certificates.ts';
import { ACCOUNT, askOnce, handOver } from './pgbouncer.ts';
import { freePorts, whilePortsAreTaken } from './ports.ts';
import type { PostgresCoordinates } from './postgres.ts';
import { ServerProcess } from './server-process.ts';
import { until } from './until.ts';

const PROGRAM = ['/usr/sbin/pgpool', '/opt/homebrew/bin/pgpool', '/usr/local/bin/pgpool'].find(existsSync);

export function hasPgpool(): boolean {
  return PROGRAM !== undefined;
}

export interface Pgpool extends AsyncDisposable {
  /** Where the database of the primary is reached through Pgpool-II. */
  readonly url: string;
  readonly ca: string;
}

/** Starts Pgpool-II before a primary and its standby, which gets every read that may be sent there. */
export async function startPgpool(
  primary: PostgresCoordinates,
  standby: PostgresCoordinates,
  settings: Readonly<Record<string, string>> = {},
): Promise<Pgpool> {
  if (PROGRAM === undefined) throw new Error('Pgpool-II is not installed.');
  const program = PROGRAM;
  const { ca, certificate, privateKey } = await (await createAuthority()).issue();
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-pgpool-'));
  return whilePortsAreTaken(async (): Promise<Pgpool> => {
    const [port, control] = (await freePorts(2)) as [number, number];
    const files = {
      'pgpool.conf': configuration(dir, { port, control }, [primary, standby], settings),
      'pool_hba.conf': 'hostssl all all 127.0.0.1/32 scram-sha-256\n',
      pool_passwd: `${primary.user}:TEXT${primary.password}\n`,
      'pcp.conf': '',
      'server.crt': certificate,
      'server.key': privateKey,
      'ca.crt': primary.ca,
    };
    for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content, { mode: 0o600 });
    await handOver(dir, Object.keys(files));
    const at = (name: string): string => join(dir, name);
    const pool = new ServerProcess({
      file: program,
      args: ['-n', '-f', at('pgpool.conf'), '-F', at('pcp.conf'), '-a', at('pool_hba.conf')],
      cwd: dir,
      logFile: at('server.log'),
      user: ACCOUNT,
      deathSignal: 'INT',
    });
    const url = Object.assign(new URL(primary.url), { port: String(port) }).href;
    await pool.whenReady(until(() => askOnce(url, ca), { what: 'Pgpool-II to answer' }));
    return {
      url,
      ca,
      async [Symbol.asyncDispose]() {
        // Not SIGKILL, which leaves its shared memory behind.
        await pool.terminate('SIGINT');
        await rm(dir, { recursive: true, force: true });
      },
    };
  });
}

function configuration(
  dir: string,
  { port, control }: { readonly port: number; readonly control: number },
  backends: readonly PostgresCoordinates[],
  settings: Readonly<Record<string, string>>,
): string {
  const [{ user, password }] = backends as [PostgresCoordinates];
  const all = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: dir,
    pcp_listen_addresses: '127.0.0.1',
    pcp_port: String(control),
    pcp_socket_dir: dir,
    pid_file_name: join(dir, 'pgpool.pid'),
    work_dir: dir,
    logdir: dir,
    backend_clustering_mode: 'streaming_replication',
    ...Object.fromEntries(backends.flatMap(backend)),
    load_balance_mode: 'on',
    num_init_children: '30',
    max_pool: '2',
    enable_pool_hba: 'on',
    pool_passwd: join(dir, 'pool_passwd'),
    sr_check_user: user,
    sr_check_password: password,
    sr_check_database: new URL(backends[0]!.url).pathname.slice(1),
    health_check_period: '0',
    ssl: 'on',
    ssl_cert: join(dir, 'server.crt'),
    ssl_key: join(dir, 'server.key'),
    ssl_ca_cert: join(dir, 'ca.crt'),
    ...settings,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name} = '${value}'\n`)
    .join('');
}

/** The first one, the primary, gets no read that another may answer. */
function backend({ host, port }: PostgresCoordinates, at: number): [name: string, value: string][] {
  return [
    [`backend_hostname${at}`, host],
    [`backend_port${at}`, String(port)],
    [`backend_weight${at}`, at === 0 ? '0' : '1'],
    [`backend_flag${at}`, 'DISALLOW_TO_FAILOVER'],
  ];
}
