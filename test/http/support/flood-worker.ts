import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';

/** What a process of its own sends to a site, as fast as asked. */
export interface FloodOrders {
  readonly origin: string;
  readonly path: string;
  readonly perSecond: number;
  readonly durationMs: number;
  /** Whether each request carries a cookie of the right shape that nobody signed. */
  readonly withCookies: boolean;
}

export interface FloodReport {
  readonly sent: number;
  /** Answered with 200. */
  readonly answered: number;
}

const TICK_MS = 5;
const CONNECTIONS = 64;
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

/** More than the connections can carry is not sent: a site that answers slowly is not drowned in requests that nobody waits for. */
async function flood({ origin, path, perSecond, durationMs, withCookies }: FloodOrders): Promise<FloodReport> {
  const start = performance.now();
  const open = new Set<Promise<void>>();
  let [sent, answered] = [0, 0];
  for (let at = 0; at < durationMs; at = performance.now() - start) {
    while (sent < (at / 1_000) * perSecond && open.size < CONNECTIONS) {
      sent += 1;
      const one = statusOf(`${origin}${path}`, withCookies).then((status) => {
        if (status === 200) answered += 1;
        open.delete(one);
      });
      open.add(one);
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  await Promise.all(open);
  return { sent, answered };
}

function statusOf(url: string, withCookies: boolean): Promise<number | undefined> {
  const cookie = `__Host-sid=${randomBytes(32).toString('base64url')}.${randomBytes(32).toString('base64url')}`;
  const headers = withCookies ? { cookie } : {};
  return new Promise((resolve) => {
    const outgoing = request(url, { agent, headers }, (incoming) => {
      incoming.resume().on('end', () => resolve(incoming.statusCode));
    });
    outgoing.on('error', () => resolve(undefined)).end();
  });
}

process.on('message', (orders: FloodOrders) => {
  void flood(orders).then((report) => process.send?.(report));
});
process.on('disconnect', () => process.exit(0));
