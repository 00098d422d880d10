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
    image: imageOf(flavour),
    ports: { container: CONTAINER_PORT, host: port },
    script: `exec ${flavour}-server ${FILES_DIR}/server.conf`,
    files: files({ filesDir: FILES_DIR, dataDir: '/data', bind: '0.0.0.0', port: CONTAINER_PORT }),
  });
  return new RedisContainer(container);
}

/** A server that others find at the address that clients have: on the machine's own network, which takes Docker on Linux. */
export async function launchRedisPeer(
  flavour: RedisFlavour,
  port: number,
  files: FilesFor,
  options: readonly string[] = [],
): Promise<RedisMachine> {
  const container = await startContainer({
    image: imageOf(flavour),
    script: `cd /data; exec ${[`${flavour}-server`, `${FILES_DIR}/server.conf`, ...options].join(' ')}`,
    files: files({ filesDir: FILES_DIR, dataDir: '/data', bind: '127.0.0.1', port }),
  });
  return new RedisContainer(container);
}

const imageOf = (flavour: RedisFlavour): string => choiceOf('REDIS').image ?? IMAGES[flavour];

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
