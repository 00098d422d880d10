import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { ClosingOrders } from '../../support/closing-worker.ts';
import { sharedRedis, uniqueNamespace } from '../../support/shared.ts';

const WORKER = fileURLToPath(new URL('../../support/closing-worker.ts', import.meta.url));

/** Returns what kept the process alive after the client was closed, and how it ended. */
function runWorker(orders: ClosingOrders): Promise<{ resources: unknown; exitCode: number | null }> {
  return new Promise((resolve) => {
    const worker = fork(WORKER, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    let resources: unknown;
    worker.once('message', (message) => (resources = message));
    worker.once('exit', (exitCode) => resolve({ resources, exitCode }));
    worker.send(orders);
  });
}

it('a process whose client is closed is kept alive by nothing of it, and exits by itself', async () => {
  const { resources, exitCode } = await runWorker({ redis: sharedRedis(), namespace: uniqueNamespace() });
  // The channel over which it says so, and its own output.
  const allowed = ['PipeWrap', 'TTYWrap', 'Immediate'];
  expect(resources).toBeInstanceOf(Array);
  expect((resources as string[]).filter((resource) => !allowed.includes(resource))).toEqual([]);
  expect(exitCode).toBe(0);
}, 60_000);
