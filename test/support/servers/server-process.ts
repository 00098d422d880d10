import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';

export interface ServerCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly logFile: string;
  /** Run as this account when we are root (PostgreSQL refuses root). */
  readonly user?: string;
  /** What Linux sends it when we are killed. A parent that leaves its children behind when it is killed has to end them. @defaultValue SIGKILL */
  readonly deathSignal?: 'INT' | 'KILL';
  /** Of the server alone: a library that it preloads must not come to what changes the account. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** One server that we started: signals reach it and every process it forked, and it never outlives us. */
export class ServerProcess {
  readonly #command: ServerCommand;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #killOnExit = (): void => this.#signalAll('SIGKILL');

  constructor(command: ServerCommand) {
    this.#command = command;
    const log = openSync(command.logFile, 'a');
    const [file, ...args] = wrap(command);
    this.#child = spawn(file, args, { cwd: command.cwd, stdio: ['ignore', log, log] });
    closeSync(log);
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', () => resolve());
      this.#child.once('exit', () => resolve());
    });
    process.once('exit', this.#killOnExit);
    void this.#exited.then(() => process.off('exit', this.#killOnExit));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Freezes the parent first: a frozen parent cannot fork a child that we then miss. */
  pause(): void {
    this.#signal(this.pid, 'SIGSTOP');
    for (const child of childrenOf(this.pid)) this.#signal(child, 'SIGSTOP');
  }

  resume(): void {
    for (const child of childrenOf(this.pid)) this.#signal(child, 'SIGCONT');
    this.#signal(this.pid, 'SIGCONT');
  }

  /** As a power cut does it: no goodbye to clients, nothing flushed. */
  async kill(): Promise<void> {
    this.#signalAll('SIGKILL');
    await this.#exited;
  }

  async terminate(signal: NodeJS.Signals): Promise<void> {
    this.resume();
    this.#signal(this.pid, signal);
    await this.#exited;
  }

  /** Rejects with the end of the log when the server dies before `ready` resolves. */
  async whenReady(ready: Promise<unknown>): Promise<void> {
    const died = this.#exited.then(() => {
      throw new Error(`${this.#command.file} ended while starting:\n${tail(this.#command.logFile)}`);
    });
    await Promise.race([ready, died]);
  }

  #signalAll(signal: NodeJS.Signals): void {
    if (!this.running) return;
    this.#signal(this.pid, 'SIGSTOP');
    const children = childrenOf(this.pid);
    this.#signal(this.pid, signal);
    for (const child of children) this.#signal(child, signal);
  }

  #signal(pid: number, signal: NodeJS.Signals): void {
    if (!this.running) return;
    try {
      process.kill(pid, signal);
    } catch {
      // It was gone already, which is what a signal to the dead amounts to.
    }
  }
}

/** Changes the account, and asks Linux to take the server down even if we are killed ourselves. */
function wrap({ file, args, user, deathSignal = 'KILL', environment = {} }: ServerCommand): [string, ...string[]] {
  const own = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const command: [string, ...string[]] = own.length > 0 ? ['env', ...own, file, ...args] : [file, ...args];
  if (process.platform !== 'linux' || !onPath('setpriv', '--version')) return command;
  const account = user && process.getuid?.() === 0 ? [`--reuid=${user}`, `--regid=${user}`, '--init-groups'] : [];
  return ['setpriv', ...account, `--pdeathsig=${deathSignal}`, '--', ...command];
}

export function onPath(file: string, versionFlag = '--version'): boolean {
  return spawnSync(file, [versionFlag], { stdio: 'ignore' }).status === 0;
}

/** Sends a signal to a process that something else started, and to all that it forked. */
export function signalFamily(parent: number, signal: NodeJS.Signals): void {
  for (const pid of [parent, ...childrenOf(parent)]) {
    try {
      process.kill(pid, signal);
    } catch {
      // It was gone already.
    }
  }
}

/** The processes that `parent` forked. PostgreSQL gives each its own session, so a process group would miss them. */
function childrenOf(parent: number): number[] {
  return processTable().flatMap(([pid, parentPid]) => (parentPid === parent ? [pid] : []));
}

function processTable(): [pid: number, parentPid: number][] {
  if (process.platform !== 'linux') {
    const listing = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).stdout;
    return listing.split('\n').map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // "pid (name) state ppid …": the name may hold spaces and parentheses, so count from its end.
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        return [[Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])] as [number, number]];
      } catch {
        return []; // It ended between the listing and the look.
      }
    });
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').split('\n').slice(-15).join('\n').trim();
}
