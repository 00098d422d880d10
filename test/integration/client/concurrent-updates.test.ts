import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { generateKeyRing } from '../../../src/index.ts';
import type { AppendOrders } from '../../support/append-worker.ts';
import { realClient } from '../../support/real-client.ts';
import { freshDatabase, sharedRedis, uniqueNamespace } from '../../support/shared.ts';

const PROCESSES = 4;
const UPDATES = 1_000;

function runWorker(orders: AppendOrders): Promise<{ acknowledged?: number; error?: string }> {
  const path = fileURLToPath(new URL('../../support/append-worker.ts', import.meta.url));
  return new Promise((resolve, reject) => {
    const worker = fork(path, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    worker.once('message', (message) => resolve(message as { acknowledged?: number; error?: string }));
    worker.once('exit', (code) => reject(new Error(`a worker ended with ${code}`)));
    worker.send(orders);
  });
}

it(
  '1 000 concurrent updates of one session from 4 processes are all there, at revision 1 001',
  { timeout: 120_000 },
  async () => {
    const redis = sharedRedis();
    const namespace = uniqueNamespace();
    const keys = await generateKeyRing();
    await using database = await freshDatabase('postgresql');
    await using sessions = await realClient({ redis, database, namespace, keys });
    const { id } = await sessions.create({ cart: [] });

    const items = Array.from({ length: UPDATES }, (_, n) => `item ${n}`);
    const share = UPDATES / PROCESSES;
    const answers = await Promise.all(
      Array.from({ length: PROCESSES }, (_, process) =>
        runWorker({
          jwks: keys.toJwks(),
          redis,
          databaseUrl: database.url,
          databaseCa: database.ca ?? '',
          namespace,
          sessionId: id,
          items: items.slice(process * share, (process + 1) * share),
        }),
      ),
    );

    expect(answers).toEqual(Array.from({ length: PROCESSES }, () => ({ acknowledged: share })));
    const session = await sessions.get(id, { consistency: 'strong' });
    expect(session?.revision).toBe(UPDATES + 1);
    expect(session?.data.cart.toSorted()).toEqual(items.toSorted());
  },
);
