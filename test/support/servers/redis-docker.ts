import { FILES_DIR, type ServerContainer, startContainer } from './docker.ts';
import { choiceOf } from './provider.ts';
import type { RedisFlavour, RedisMachine, FilesFor } from './redis-machine.ts';

const IMAGES: Record<RedisFlavour, string> = { redis: 'redis:8', valkey: 'valkey/valkey:8' };
const CONTAINER_PORT = 6380;

export async function launchRedisContainer(
  flavour: RedisFlavour,
  port: number,
  files: FilesFor,
): Promise<RedisMachine> {
  const container = await startContainer({
    image: choiceOf('REDIS').image ?? IMAGES[flavour],
    containerPort: CONTAINER_PORT,
    hostPort: port,
    script: `exec ${flavour}-server ${FILES_DIR}/server.conf`,
    files: files({ filesDir: FILES_DIR, dataDir: '/data', bind: '0.0.0.0', port: CONTAINER_PORT }),
  });
  return new RedisContainer(container);
}

class RedisContainer implements RedisMachine {
  readonly provider = 'docker';
  readonly dir = FILES_DIR;
  readonly pid = undefined;
  readonly #container: ServerContainer;

  constructor(container: ServerContainer) {
    this.#container = container;
  }

  get host(): string {
    return this.#container.host;
  }

  launch(options: { wipe: boolean }): Promise<void> {
    return this.#container.launch(options);
  }

  async whenReady(ready: Promise<unknown>): Promise<void> {
    await ready;
  }

  pause(): Promise<void> {
    return this.#container.pause();
  }

  resume(): Promise<void> {
    return this.#container.resume();
  }

  kill(): Promise<void> {
    return this.#container.kill();
  }

  async dataFiles(): Promise<Buffer> {
    return Buffer.concat([await this.#container.archive('/data'), await this.#container.logs()]);
  }

  remove(): Promise<void> {
    return this.#container.remove();
  }
}
