import { createServer, type AddressInfo } from 'node:net';

/** A port that was free a moment ago. Another process may take it first, so the caller retries with another. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Different ports, all free at the same moment. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

const ATTEMPTS = 4;

/** The first words are the operating system's, the second Docker's. */
export const isPortTaken = (error: unknown): boolean => /in use|already allocated/i.test(String(error));

/** Runs `start` on free ports until one of them was still free. A port that was asked for is tried once. */
export async function withFreePort<T>(wanted: number | undefined, start: (port: number) => Promise<T>): Promise<T> {
  return wanted === undefined ? whilePortsAreTaken(async () => start(await freePort())) : start(wanted);
}

/** Calls `start`, which draws free ports by itself, until nobody else took one of them meanwhile. */
export async function whilePortsAreTaken<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      if (attempt === ATTEMPTS || !isPortTaken(error)) throw error;
    }
  }
}
