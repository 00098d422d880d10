import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

interface Stoppable<Coordinates> {
  readonly coordinates: Coordinates;
  stop(): Promise<void>;
}

export interface LazyServer {
  /** For `askFor`, in whatever process. */
  readonly address: string;
  stop(): Promise<void>;
}

/** A server that only some tests need: the first of them starts it, in the process that outlives them all. */
export async function startLazily(start: () => Promise<Stoppable<object>>): Promise<LazyServer> {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-lazy-'));
  const address = join(dir, 'socket');
  let started: Promise<Stoppable<object>> | undefined;
  const office = createServer((socket) => {
    started ??= start();
    started.then(
      ({ coordinates }) => socket.end(JSON.stringify({ coordinates })),
      (error: unknown) => socket.end(JSON.stringify({ error: String(error) })),
    );
  });
  await new Promise<void>((resolve) => office.listen(address, resolve));
  return {
    address,
    async stop() {
      office.close();
      await started?.then((server) => server.stop()).catch(() => {});
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export async function askFor<Coordinates>(address: string): Promise<Coordinates> {
  const { coordinates, error } = JSON.parse(await text(connect(address))) as {
    coordinates?: Coordinates;
    error?: string;
  };
  if (!coordinates) throw new Error(error);
  return coordinates;
}
