import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { appendFile, chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { HOST_RULES, type PostgresAccounts, type PostgresMachine } from './postgres-machine.ts';
import { choiceOf, ProviderUnavailable } from './provider.ts';
import { ServerProcess } from './server-process.ts';

const run = promisify(execFile);
const FOLDERS = join(tmpdir(), 'holdfast-postgres-');

/** PostgreSQL refuses to run as root, so root hands it to the account that every distribution's package creates. */
export const ACCOUNT = 'postgres';

export async function launchPostgresProcess(port: number, accounts: PostgresAccounts): Promise<PostgresMachine> {
  const bin = findBinaries();
  const owner = accountForRoot();
  const dir = await mkdtemp(FOLDERS);
  const data = join(dir, 'data');
  const sockets = join(dir, 'sockets');
  await mkdir(sockets);
  await writeFile(join(dir, 'password'), accounts.adminPassword, { mode: 0o600 });
  await writeFile(join(dir, 'server.crt'), accounts.certificates.certificate);
  await writeFile(join(dir, 'server.key'), accounts.certificates.privateKey, { mode: 0o600 });
  if (owner) {
    for (const path of ['', 'sockets', 'password', 'server.crt', 'server.key']) {
      await chown(join(dir, path), owner.uid, owner.gid);
    }
  }

  const initdb = [
    `--pgdata=${data}`,
    `--username=${accounts.admin}`,
    `--pwfile=${join(dir, 'password')}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--no-sync', // Nobody mourns an empty cluster that a power cut takes; the server itself still syncs.
    '--no-instructions',
  ];
  const options = owner ? { uid: owner.uid, gid: owner.gid, cwd: dir } : { cwd: dir };
  await run(join(bin, 'initdb'), initdb, options);
  await rm(join(dir, 'password'));
  await writeFile(join(data, 'pg_hba.conf'), HOST_RULES);
  await appendFile(join(data, 'postgresql.conf'), configuration(dir, port, accounts.settings));
  await chmod(dir, 0o700);
  return new PostgresProcess(join(bin, 'postgres'), dir, owner !== undefined);
}

function configuration(dir: string, port: number, settings: Readonly<Record<string, string>>): string {
  const all = {
    listen_addresses: '127.0.0.1',
    port: `${port}`,
    unix_socket_directories: join(dir, 'sockets'),
    ssl: 'on',
    ssl_cert_file: join(dir, 'server.crt'),
    ssl_key_file: join(dir, 'server.key'),
    ...settings,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name} = '${value}'\n`)
    .join('');
}

class PostgresProcess implements PostgresMachine {
  readonly provider = 'local';
  readonly host = '127.0.0.1';
  readonly #binary: string;
  readonly #dir: string;
  readonly #asRoot: boolean;
  #process: ServerProcess | undefined;

  constructor(binary: string, dir: string, asRoot: boolean) {
    this.#binary = binary;
    this.#dir = dir;
    this.#asRoot = asRoot;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  async launch(): Promise<void> {
    this.#process = new ServerProcess({
      file: this.#binary,
      args: ['-D', join(this.#dir, 'data')],
      cwd: this.#dir,
      logFile: join(this.#dir, 'server.log'),
      ...(this.#asRoot ? { user: ACCOUNT } : {}),
    });
  }

  async whenReady(ready: Promise<unknown>): Promise<void> {
    await this.#process?.whenReady(ready);
  }

  async pause(): Promise<void> {
    this.#process?.pause();
  }

  async resume(): Promise<void> {
    this.#process?.resume();
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  async shutDown(): Promise<void> {
    await this.#process?.terminate('SIGINT');
  }

  async remove(): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true, maxRetries: 3 });
  }

  async copy(port: number): Promise<PostgresMachine> {
    const dir = await mkdtemp(FOLDERS);
    await run('cp', ['-a', `${this.#dir}/.`, dir]);
    await appendFile(join(dir, 'data', 'postgresql.conf'), configuration(dir, port, {}));
    return new PostgresProcess(this.#binary, dir, this.#asRoot);
  }

  async becomeStandby(conninfo: string | null): Promise<void> {
    const data = join(this.#dir, 'data');
    await writeFile(join(data, 'standby.signal'), '');
    const setting = `primary_conninfo = '${conninfo ?? ''}'\n`;
    await appendFile(join(data, 'postgresql.conf'), setting);
  }
}

/** Debian and Homebrew keep the server's programs out of PATH, one folder per version; the newest wins unless one is chosen. */
const HOMES = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt'];

/** The folder with the programs of the server. */
export function findBinaries(): string {
  const { folder } = choiceOf('POSTGRES');
  const versions = HOMES.filter((home) => existsSync(home)).flatMap((home) =>
    readdirSync(home)
      .sort((a, b) => Number.parseInt(b.replace(/\D/g, '')) - Number.parseInt(a.replace(/\D/g, '')))
      .map((version) => join(home, version, 'bin')),
  );
  const search = (process.env['PATH'] ?? '').split(delimiter);
  const found = (folder === undefined ? [...versions, ...search] : [folder]).find(
    (bin) => existsSync(join(bin, 'initdb')) && existsSync(join(bin, 'postgres')),
  );
  if (!found) {
    const places = folder ?? `PATH, ${HOMES.join(', ')}`;
    throw new ProviderUnavailable(`postgres and initdb are not in ${places}`);
  }
  return found;
}

/** The account that the server runs as when we are root. */
export function accountForRoot(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string): number => Number(spawnSync('id', [flag, ACCOUNT], { encoding: 'utf8' }).stdout.trim());
  const owner = { uid: id('-u'), gid: id('-g') };
  if (!owner.uid) throw new ProviderUnavailable(`running as root, and there is no account "${ACCOUNT}" to run it`);
  return owner;
}
