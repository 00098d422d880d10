import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** An example, started by the command that its readers are given. */
export class ExampleProcess implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly url: string;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.url = url;
  }

  static async start(name: string, environment: Readonly<Record<string, string>> = {}): Promise<ExampleProcess> {
    const child = spawn('npm', ['run', '--silent', 'example', name], {
      cwd: root,
      env: { ...process.env, PORT: '0', NODE_ENV: 'development', ...environment },
      stdio: 'pipe',
      // A group of its own, so that npm's children end with it.
      detached: true,
    });
    // Express reports each error that it answers. What matters is what an example says that cannot start.
    const complaints: string[] = [];
    createInterface(child.stderr).on('line', (line) => complaints.push(line));
    for await (const line of createInterface(child.stdout)) {
      const url = /http:\/\/localhost:\d+/.exec(line)?.[0];
      if (url !== undefined) return new ExampleProcess(child, url);
    }
    throw new Error(`The example ${name} ended before it said where it listens:\n${complaints.join('\n')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { pid, exitCode } = this.#process;
    if (pid === undefined || exitCode !== null) return;
    const exited = once(this.#process, 'exit');
    process.kill(-pid, 'SIGTERM');
    await exited;
  }
}
