import { pgOptions } from '../../test/support/servers/postgres.ts';

/** The driver's default, and that of Prisma's adapter; the same for everybody. */
const CONNECTIONS = 10;

/** Connections stay open however long their store has to wait for its turn, so that no slice begins with handshakes. */
export function poolOptions(url: string, ca: string) {
  return { ...pgOptions(url, ca), max: CONNECTIONS, idleTimeoutMillis: 0 };
}
