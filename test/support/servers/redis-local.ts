import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProviderUnavailable } from './provider.ts';
import type { RedisFlavour, RedisMachine, FilesFor } from './redis-machine.ts';
import { ServerProcess } from './server-process.ts';

/** The folder whose files are in memory, where a machine has one. */
const MEMORY_FOLDER = '/dev/shm';

export async function launchRedisProcess(flavour: RedisFlavour, port: number, files: FilesFor): Promise<RedisMachine> {
  return launchIn(tmpdir(), flavour, port, files, []);
}

/** Its files are in memory: a node of a cluster syncs them whenever a slot moves, and answers nobody until the disk has them. */
export async function launchRedisPeerProcess(
  flavour: RedisFlavour,
  port: number,
  files: FilesFor,
  options: readonly string[],
): Promise<RedisMachine> {
  return launchIn(existsSync(MEMORY_FOLDER) ? MEMORY_FOLDER : tmpdir(), flavour, port, files, options);
}

async function launchIn(
  folder: string,
  flavour: RedisFlavour,
  port: number,
  files: FilesFor,
  options: readonly string[],
): Promise<RedisMachine> {
  const binary = `${flavour}-server`;
  const { status } = spawnSync(binary, ['--version']);
  if (status !== 0) throw new ProviderUnavailable(`${binary} is not on PATH`);

  const dir = await mkdtemp(join(folder, 'holdfast-redis-'));
  const dataDir = join(dir, 'data');
  await mkdir(dataDir);
  for (const [name, text] of Object.entries(files({ filesDir: dir, dataDir, bind: '127.0.0.1', port }))) {
    await writeFile(join(dir, name), text, { mode: 0o600 });
  }
  return new RedisProcess([binary, join(dir, 'server.conf'), ...options], dir, dataDir);
}

class RedisProcess implements RedisMachine {
  readonly provider = 'local';
  readonly host = '127.0.0.1';
  readonly dir: string;
  readonly #command: readonly [string, ...string[]];
  readonly #dataDir: string;
  #process: ServerProcess | undefined;

  constructor(command: readonly [string, ...string[]], dir: string, dataDir: string) {
    this.#command = command;
    this.dir = dir;
    this.#dataDir = dataDir;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get #log(): string {
    return join(this.dir, 'server.log');
  }

  async launch({ wipe }: { wipe: boolean }): Promise<void> {
    if (wipe) {
      await rm(this.#dataDir, { recursive: true });
      await mkdir(this.#dataDir);
    }
    const [file, ...args] = this.#command;
    this.#process = new ServerProcess({
      file,
      args,
      cwd: this.#dataDir,
      logFile: this.#log,
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

  async dataFiles(): Promise<Buffer> {
    const names = await readdir(this.#dataDir, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    return Buffer.concat(await Promise.all([...files, this.#log].map((file) => readFile(file))));
  }

  async remove(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}
