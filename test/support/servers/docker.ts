import { ProviderUnavailable } from './provider.ts';

type Testcontainers = typeof import('testcontainers');
type Runtime = Awaited<ReturnType<Testcontainers['getContainerRuntimeClient']>>;
type RawContainer = ReturnType<Runtime['container']['getById']>;

export interface ContainerSpec {
  readonly image: string;
  readonly containerPort: number;
  /** Fixed, so that a restarted container keeps its address. */
  readonly hostPort: number;
  readonly environment?: Record<string, string>;
  /** Shell text that prepares the container and then `exec`s the server. */
  readonly script: string;
  /** Files under `/holdfast`. */
  readonly files: Readonly<Record<string, string>>;
}

export interface ServerContainer {
  readonly host: string;
  launch(options: { wipe: boolean }): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** @defaultValue SIGKILL */
  kill(signal?: NodeJS.Signals): Promise<void>;
  archive(path: string): Promise<Buffer>;
  logs(): Promise<Buffer>;
  remove(): Promise<void>;
}

export const FILES_DIR = '/holdfast';
const WIPE_MARK = `${FILES_DIR}/wipe`;
const UNAVAILABLE = /server error|pull|no such (host|image)|registry|manifest|denied/i;

/**
 * Starts a container through testcontainers, which is imported only here: most machines have the binaries.
 * `wipe` cannot reach into a dead container, so it leaves a mark that the start script acts upon.
 */
export async function startContainer(spec: ContainerSpec): Promise<ServerContainer> {
  const { testcontainers, runtime } = await connect();
  const script = `if [ -e ${WIPE_MARK} ]; then rm -rf ${WIPE_MARK} /data; fi; mkdir -p /data; ${spec.script}`;
  const container = await new testcontainers.GenericContainer(spec.image)
    .withExposedPorts({ container: spec.containerPort, host: spec.hostPort })
    .withEnvironment(spec.environment ?? {})
    .withEntrypoint(['sh', '-c', script])
    .withCopyContentToContainer(
      Object.entries(spec.files).map(([name, content]) => ({ target: `${FILES_DIR}/${name}`, content, mode: 0o600 })),
    )
    .withWaitStrategy(testcontainers.Wait.forListeningPorts())
    .withStartupTimeout(60_000)
    .start()
    .catch((error: unknown) => {
      if (UNAVAILABLE.test(String(error))) throw new ProviderUnavailable(`image ${spec.image}: ${String(error)}`);
      throw error;
    });
  const raw = runtime.container.getById(container.getId());

  return {
    host: container.getHost() === 'localhost' ? '127.0.0.1' : container.getHost(),
    async launch({ wipe }) {
      if (wipe) await container.copyContentToContainer([{ target: WIPE_MARK, content: '' }]);
      if (!(await isRunning(raw))) await raw.start();
    },
    pause: async () => void (await raw.pause()),
    resume: async () => void (await raw.unpause()),
    async kill(signal = 'SIGKILL') {
      const { State: state } = await raw.inspect();
      if (state.Paused) await raw.unpause();
      if (!state.Running) return;
      const gone = raw.wait();
      await raw.kill({ signal });
      await gone;
    },
    archive: async (path) => collect(await container.copyArchiveFromContainer(path)),
    logs: async () => raw.logs({ stdout: true, stderr: true }),
    remove: async () => void (await raw.remove({ force: true, v: true })),
  };
}

async function connect(): Promise<{ testcontainers: Testcontainers; runtime: Runtime }> {
  try {
    const testcontainers = await import('testcontainers');
    return { testcontainers, runtime: await testcontainers.getContainerRuntimeClient() };
  } catch (error) {
    throw new ProviderUnavailable(String(error));
  }
}

const isRunning = async (raw: RawContainer): Promise<boolean> => (await raw.inspect()).State.Running;

async function collect(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
