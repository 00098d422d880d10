import { randomBytes } from 'node:crypto';
import { isPortTaken } from './ports.ts';
import { ProviderUnavailable } from './provider.ts';

type Testcontainers = typeof import('testcontainers');
type Runtime = Awaited<ReturnType<Testcontainers['getContainerRuntimeClient']>>;
type RawContainer = ReturnType<Runtime['container']['getById']>;

export interface ContainerSpec {
  readonly image: string;
  /** Ends on the machine at a port that is fixed, so that a restarted container keeps its address. None: it has the machine's own network. */
  readonly ports?: { readonly container: number; readonly host: number };
  readonly environment?: Record<string, string>;
  /** Shell text that prepares the container and then `exec`s the server. */
  readonly script: string;
  /** Files under `/holdfast`. */
  readonly files: Readonly<Record<string, string>>;
  /** For {@link removeLeftContainers}. @defaultValue the run of the tests */
  readonly run?: string;
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
/** The machine that runs Docker, as its containers know it: their own loopback leads to themselves. */
export const HOST_INSIDE = 'host.docker.internal';
const WIPE_MARK = `${FILES_DIR}/wipe`;
const UNAVAILABLE = /server error|pull|no such (host|image)|registry|manifest|denied/i;
/** Marks the containers of one run of the tests, in whatever process they were started. */
const RUN_LABEL = 'holdfast.run';
const thisRun = process.env['HOLDFAST_TEST_RUN'] ?? String(process.pid);
const STATES = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead'] as const;

/**
 * Starts a container through testcontainers, which is imported only here: most machines have the binaries.
 * `wipe` cannot reach into a dead container, so it leaves a mark that the start script acts upon.
 */
export async function startContainer(spec: ContainerSpec): Promise<ServerContainer> {
  const { testcontainers, runtime } = await connect();
  const script = `if [ -e ${WIPE_MARK} ]; then rm -rf ${WIPE_MARK} /data; fi; mkdir -p /data; ${spec.script}`;
  const name = `holdfast-${randomBytes(6).toString('hex')}`;
  const raw = runtime.container.getById(name);
  const listening = untilListening(testcontainers);
  const prepared = new testcontainers.GenericContainer(spec.image);
  if (spec.ports)
    prepared.withExposedPorts(spec.ports).withExtraHosts([{ host: HOST_INSIDE, ipAddress: 'host-gateway' }]);
  else prepared.withNetworkMode('host');
  const container = await prepared
    .withName(name)
    .withLabels({ [RUN_LABEL]: spec.run ?? thisRun })
    .withEnvironment(spec.environment ?? {})
    .withEntrypoint(['sh', '-c', script])
    .withCopyContentToContainer(
      Object.entries(spec.files).map(([file, content]) => ({ target: `${FILES_DIR}/${file}`, content, mode: 0o600 })),
    )
    .withWaitStrategy(listening.strategy)
    .withStartupTimeout(60_000)
    .start()
    .catch(async (error: unknown) => {
      // testcontainers leaves behind what it created and could not start, also a server that ended before it looked.
      const lastWords = listening.lastWords() ?? (await lastWordsOf(raw).catch(() => ''));
      await raw.remove({ force: true, v: true }).catch(() => {});
      throw explain(error, spec.image, lastWords);
    });

  return {
    host: container.getHost() === 'localhost' ? '127.0.0.1' : container.getHost(),
    async launch({ wipe }) {
      if (wipe) await container.copyContentToContainer([{ target: WIPE_MARK, content: '' }]);
      if (!(await isRunning(raw))) await raw.start();
    },
    pause: async () => void (await raw.pause()),
    // Like SIGCONT, it may be said to a process that is not stopped.
    resume: async () => {
      if ((await raw.inspect()).State.Paused) await raw.unpause();
    },
    async kill(signal = 'SIGKILL') {
      // A frozen server dies without having executed what it was sent meanwhile.
      if (!(await isRunning(raw))) return;
      const gone = raw.wait();
      await raw.kill({ signal });
      await gone;
    },
    archive: async (path) => collect(await container.copyArchiveFromContainer(path)),
    logs: async () => raw.logs({ stdout: true, stderr: true }),
    remove: async () => {
      if (await exists(raw)) await raw.remove({ force: true, v: true });
    },
  };
}

/** Waits for the ports, and keeps what a server wrote that never listened: testcontainers removes it at once. */
function untilListening({ Wait }: Testcontainers) {
  const strategy = Wait.forListeningPorts();
  const wait = strategy.waitUntilReady.bind(strategy);
  let lastWords: string | undefined;
  strategy.waitUntilReady = async (container, ...rest) => {
    try {
      await wait(container, ...rest);
    } catch (error) {
      lastWords = await lastWordsOf(container);
      throw error;
    }
  };
  return { strategy, lastWords: () => lastWords };
}

async function lastWordsOf(container: RawContainer): Promise<string> {
  const frames = await container.logs({ stdout: true, stderr: true, tail: 20 });
  return frames.toString().replaceAll(/[^\n -~]/g, '');
}

function explain(error: unknown, image: string, said: string): Error {
  const reason = `${image}: ${String(error)}${said && `\n${said}`}`;
  return !isPortTaken(error) && UNAVAILABLE.test(String(error)) ? new ProviderUnavailable(reason) : new Error(reason);
}

/** Removes the containers of a run that are still there, and returns their names. */
export async function removeLeftContainers(run = thisRun): Promise<string[]> {
  const { runtime } = await connect();
  const names: string[] = [];
  for (;;) {
    const left = await runtime.container.fetchByLabel(RUN_LABEL, run, { status: [...STATES] });
    if (!left) return names;
    const { Name: name, Config: config } = await left.inspect();
    names.push(`${config.Image} (${name})`);
    await left.remove({ force: true, v: true });
  }
}

async function connect(): Promise<{ testcontainers: Testcontainers; runtime: Runtime }> {
  try {
    const testcontainers = await import('testcontainers');
    return { testcontainers, runtime: await testcontainers.getContainerRuntimeClient() };
  } catch (error) {
    throw new ProviderUnavailable(String(error));
  }
}

const exists = (raw: RawContainer): Promise<boolean> =>
  raw.inspect().then(
    () => true,
    () => false,
  );

/** Also a server that was stopped for good may be stopped once more. */
const isRunning = async (raw: RawContainer): Promise<boolean> =>
  (await exists(raw)) && (await raw.inspect()).State.Running;

async function collect(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
