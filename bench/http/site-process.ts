// A process that is one server. Its parent names the site, and asks for its usage.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { SiteMessage, SiteOrders } from './orders.ts';
import { openSite } from './sites/sites.ts';
import { statementsSoFar } from './statements.ts';

/** Connections stay open while other servers have their turn; the same for all. */
const KEEP_ALIVE_MS = 10 * 60_000;

const resources = new AsyncDisposableStack();

async function serve(orders: SiteOrders): Promise<void> {
  const server = await openSite(orders, resources);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send?.({ port: (server.address() as AddressInfo).port });
}

function sendUsage(): void {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpu: user + system, statements: statementsSoFar() });
}

process.on('message', (message: SiteMessage) => {
  if (message === 'usage') sendUsage();
  else void serve(message);
});
// The parent needs it no more, or has ended. Its connections end with the process.
process.once('disconnect', () => process.exit(0));
