import { KeyRing, SessionClient, type KeySource, type SessionClientOptions } from '../../src/index.ts';
import { prismaTier } from '../../src/tiers/prisma/index.ts';
import { redisTierFor } from './real-client.ts';
import type { RotationOrders } from './rotation-messages.ts';
import { openPrisma } from './servers/databases.ts';

export interface Numbered {
  n: number;
  writes: number;
}

const RING_LOOKED_AT_MS = 500;
/** Several processes that work at full speed are slow on a busy machine, which is no outage. */
const TIMEOUTS = { connectMs: 10_000, durableTimeout: '5s' } as const;

/** A ring file that is looked at often, so that a test need not wait. */
function ringFile(path: string, kek: Uint8Array): KeySource {
  return {
    load: () => KeyRing.open(path, { kek }),
    watch(changed, platform) {
      let cancel = (): void => undefined;
      const look = (): void => {
        cancel = platform.after(RING_LOOKED_AT_MS, look, 'background');
        changed();
      };
      look();
      return () => cancel();
    },
  };
}

export async function openNode(
  orders: RotationOrders,
  options: Partial<SessionClientOptions<Numbered>> = {},
): Promise<AsyncDisposable & { readonly sessions: SessionClient<Numbered> }> {
  const { connectMs, durableTimeout } = TIMEOUTS;
  const { prisma, close } = await openPrisma('postgresql', orders.databaseUrl, { ca: orders.databaseCa, connectMs });
  const sessions = new SessionClient<Numbered>({
    keys: ringFile(orders.ringPath, Buffer.from(orders.kek, 'base64')),
    primary: redisTierFor(orders.redis),
    durable: prismaTier(prisma, { provider: 'postgresql' }),
    namespace: orders.namespace,
    durableTimeout,
    ...options,
  });
  await sessions.ready();
  return {
    sessions,
    async [Symbol.asyncDispose]() {
      await sessions.close();
      await close();
    },
  };
}
