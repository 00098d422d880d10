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

const ATTEMPTS = 4;

/** The first words are the operating system's, the second Docker's. */
export const isPortTaken = (error: unknown): boolean => /in use|already allocated/i.test(String(error));

/** Runs `start` on free ports until one of them was still free. A port that was asked for is tried once. */
export async function withFreePort<T>(wanted: number | undefined, start: (port: number) => Promise<T>): Promise<T> {
  if (wanted !== undefined) return start(wanted);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (attempt === ATTEMPTS || !isPortTaken(error)) throw error;
    }
  }
}
