import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { firstStatements, type MariadbAccounts, type MariadbMachine } from './mariadb-machine.ts';
import { ProviderUnavailable } from './provider.ts';
import { ServerProcess } from './server-process.ts';

const run = promisify(execFile);

/** MariaDB refuses to run as root, so root hands it to the account that every distribution's package creates. */
const ACCOUNT = 'mysql';

/** How one start differs from the others of a server. */
export interface MariadbStart {
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether to make the administrator, which the node of a cluster has from the others. @defaultValue true */
  readonly makesAdmin?: boolean;
}

export async function launchMariadbProcess(port: number, accounts: MariadbAccounts): Promise<MariadbProcess> {
  const server = find('mariadbd');
  const installer = find('mariadb-install-db');
  const owner = accountForRoot();
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-mariadb-'));
  await writeFile(join(dir, 'server.crt'), accounts.certificates.certificate);
  await writeFile(join(dir, 'server.key'), accounts.certificates.privateKey, { mode: 0o600 });
  await writeFile(join(dir, 'first.sql'), firstStatements(accounts), { mode: 0o600 });
  await writeFile(join(dir, 'my.cnf'), configuration(dir, port, accounts.settings));
  if (owner) {
    for (const path of ['', 'server.crt', 'server.key', 'first.sql'])
      await chown(join(dir, path), owner.uid, owner.gid);
  }
  await chmod(dir, 0o700);
  const options = owner ? { uid: owner.uid, gid: owner.gid, cwd: dir } : { cwd: dir };
  const install = [
    `--defaults-file=${join(dir, 'my.cnf')}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    '--skip-name-resolve',
  ];
  await run(installer, install, options);
  return new MariadbProcess(server, dir, owner);
}

function configuration(dir: string, port: number, settings: Readonly<Record<string, string>>): string {
  const all = {
    datadir: join(dir, 'data'),
    // Not the one of the machine: a server that starts deletes temporary tables of others from it.
    tmpdir: dir,
    bind_address: '127.0.0.1',
    port: `${port}`,
    socket: join(dir, 'socket'),
    pid_file: join(dir, 'server.pid'),
    ssl_cert: join(dir, 'server.crt'),
    ssl_key: join(dir, 'server.key'),
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}\n`);
  // A node of a cluster that has a certificate copies its data through stunnel, which need not be here.
  return `[mariadbd]\n${lines.join('')}[sst]\nssl-mode = DISABLED\n`;
}

export class MariadbProcess implements MariadbMachine {
  readonly provider = 'local';
  readonly host = '127.0.0.1';
  readonly #binary: string;
  readonly #dir: string;
  readonly #owner: Account | undefined;
  #process: ServerProcess | undefined;

  constructor(binary: string, dir: string, owner: Account | undefined) {
    this.#binary = binary;
    this.#dir = dir;
    this.#owner = owner;
  }

  async launch({ args = [], environment = {}, makesAdmin = true }: MariadbStart = {}): Promise<void> {
    const first = makesAdmin ? [`--init-file=${join(this.#dir, 'first.sql')}`] : [];
    this.#process = new ServerProcess({
      file: this.#binary,
      args: [`--defaults-file=${join(this.#dir, 'my.cnf')}`, ...first, ...args],
      environment,
      cwd: this.#dir,
      logFile: join(this.#dir, 'server.log'),
      ...(this.#owner ? { user: ACCOUNT } : {}),
    });
  }

  /** Returns what a node of a cluster had when it was killed, as the service of a distribution asks before each start. */
  async recoveredPosition(): Promise<string> {
    const args = [`--defaults-file=${join(this.#dir, 'my.cnf')}`, '--wsrep-recover'];
    const { stderr } = await run(this.#binary, args, { ...this.#owner, cwd: this.#dir });
    const position = /Recovered position: (\S+)/.exec(stderr)?.[1];
    if (position === undefined) throw new Error(`The position of a killed node is not known:\n${stderr}`);
    return position;
  }

  get isRunning(): boolean {
    return this.#process?.running === true;
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

  async remove(): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Debian keeps the server out of the PATH of plain users, Homebrew out of everybody's. */
const HOMES = ['/usr/sbin', '/opt/homebrew/opt/mariadb/bin', '/usr/local/opt/mariadb/bin'];

function find(program: string): string {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), ...HOMES].map((place) => join(place, program));
  const found = places.find((place) => existsSync(place));
  if (!found) throw new ProviderUnavailable(`${program} is neither on PATH nor in ${HOMES.join(' or ')}`);
  return found;
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

function accountForRoot(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string): number => Number(spawnSync('id', [flag, ACCOUNT], { encoding: 'utf8' }).stdout.trim());
  const owner = { uid: id('-u'), gid: id('-g') };
  if (!owner.uid) throw new ProviderUnavailable(`running as root, and there is no account "${ACCOUNT}" to run it`);
  return owner;
}
