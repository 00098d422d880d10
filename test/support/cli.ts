import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KEK } from './ring-fixtures.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** How a command line ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  /** What is piped in. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with the process at once. */
  readonly onStart?: (child: ChildProcess) => void;
  /** Called with the process and all that it has said on stderr so far. */
  readonly onError?: (child: ChildProcess, stderr: string) => void;
  readonly onOutput?: (child: ChildProcess, stdout: string) => void;
}

/** What decides about rings and colours: `CI` means "no colours" to Node. */
const NOT_INHERITED: ReadonlySet<string> = new Set(['HOLDFAST_PASSPHRASE', 'HOLDFAST_RING', 'FORCE_COLOR', 'CI']);

const environment = (env: CliOptions['env']): NodeJS.ProcessEnv => {
  const inherited = Object.entries(process.env).filter(([name]) => !NOT_INHERITED.has(name));
  return { ...Object.fromEntries(inherited), NO_COLOR: '1', ...env };
};

/** The command line as its users run it, from the source. */
export function holdfast(args: readonly string[], options: CliOptions): Promise<Ended> {
  return run(process.execPath, [main, ...args], options);
}

/**
 * The same in a pseudo terminal of `script` (util-linux), with `columns`. What is typed is one line for each question, given when its
 * words appear.
 */
export function holdfastOnTerminal(
  args: readonly string[],
  {
    answers,
    columns = 80,
    ...options
  }: CliOptions & { readonly columns?: number; readonly answers: readonly [string, string][] },
): Promise<Ended> {
  const command = [process.execPath, main, ...args].map((word) => `'${word}'`).join(' ');
  const open = [...answers];
  let answered = 0;
  return run('script', ['-qec', `stty cols ${columns}; ${command}`, '/dev/null'], {
    ...options,
    onOutput(child, stdout) {
      const [question, answer] = open[0] ?? [];
      if (question === undefined || !stdout.slice(answered).includes(question)) return;
      answered = stdout.length;
      open.shift();
      child.stdin?.write(`${answer}\r`);
    },
  });
}

/** Runs any program in the environment of the command line. */
export function run(
  file: string,
  args: readonly string[],
  { cwd, input, env, onStart, onError, onOutput }: CliOptions,
): Promise<Ended> {
  const child = spawn(file, args, { cwd, env: environment(env), stdio: 'pipe' });
  onStart?.(child);
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
    onOutput?.(child, said.stdout);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
    onError?.(child, said.stderr);
  });
  if (onOutput === undefined) child.stdin.end(input ?? '');
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...said }));
  });
}

export interface Workshop extends AsyncDisposable {
  readonly cwd: string;
  /** Opens with the file `kek`; derives nothing, so it is fast. */
  readonly ring: readonly string[];
  path(name: string): string;
  keys(command: string, ...args: string[]): Promise<Ended>;
  /** The one JSON document that the command wrote. */
  json(command: string, ...args: string[]): Promise<Record<string, unknown> & { code: number | null }>;
}

/** A folder with a key-encryption key in it, and commands that use the ring `keys.json` there. */
export async function openWorkshop(): Promise<Workshop> {
  const cwd = await mkdtemp(join(tmpdir(), 'holdfast-cli-'));
  await writeFile(join(cwd, 'kek'), KEK, { mode: 0o600 });
  const ring = ['--ring', 'keys.json', '--kek-file', 'kek'];
  const keys: Workshop['keys'] = (command, ...args) => holdfast(['keys', command, ...args], { cwd });
  return {
    cwd,
    ring,
    path: (name) => join(cwd, name),
    keys,
    async json(command, ...args) {
      const { code, stdout } = await keys(command, ...args, '--json');
      return { ...(JSON.parse(stdout) as Record<string, unknown>), code };
    },
    [Symbol.asyncDispose]: () => rm(cwd, { recursive: true, force: true }),
  };
}
