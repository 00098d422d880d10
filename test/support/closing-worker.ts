import { systemPlatform } from '../../src/platform/platform.ts';
import { memoryDurableTier } from '../../src/tiers/memory/index.ts';
import { generateKeyRing, SessionClient } from '../../src/index.ts';
import { redisTierFor, type Shop } from './real-client.ts';
import type { RedisCoordinates } from './servers/redis.ts';

/** What a process is given that uses a client for a moment and closes it. Sent over IPC: it holds secrets. */
export interface ClosingOrders {
  readonly redis: RedisCoordinates;
  readonly namespace: string;
}

/** A timer that was started before the closing ends within one tick of `CoarseTimeouts`. */
const LAST_TICK_MS = 20;

/** What still keeps the process alive once the client is closed: `Timeout` and the like, as Node names them. */
async function useAndClose({ redis, namespace }: ClosingOrders): Promise<string[]> {
  const sessions = new SessionClient<Shop>({
    keys: await generateKeyRing(),
    primary: redisTierFor(redis),
    durable: memoryDurableTier(),
    namespace,
  });
  await sessions.ready();
  const { id } = await sessions.create({ cart: [] });
  await sessions.get(id);
  await sessions.update(id, ({ cart }) => void cart.push('A1'));
  await sessions.destroy(id);
  await sessions.close();
  await new Promise<void>((resolve) => void systemPlatform.after(LAST_TICK_MS, resolve));
  return process.getActiveResourcesInfo();
}

process.once('message', (orders: ClosingOrders) => {
  useAndClose(orders).then(
    (resources) => process.send?.(resources, () => process.disconnect()),
    () => process.exit(1),
  );
});
