import { pgOptions } from '../../test/support/servers/postgres.ts';

/** The connections of a pool: the default of the driver and of Prisma's adapter, the same for every store. */
const CONNECTIONS = 10;

/** Keeps connections open however long a store waits for its turn, so that no slice begins with handshakes. */
export function poolOptions(url: string, ca: string) {
  return { ...pgOptions(url, ca), max: CONNECTIONS, idleTimeoutMillis: 0 };
}
