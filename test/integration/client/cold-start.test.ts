import { fork, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { generateKeyRing } from '../../../src/index.ts';
import type { ColdStartNews, ColdStartOrders } from '../../support/cold-start-worker.ts';
import { FaultProxy } from '../../support/servers/fault-proxy.ts';
import { until } from '../../support/servers/until.ts';
import { freshDatabase, sharedRedis, uniqueNamespace } from '../../support/shared.ts';

const PROCESSES = 4;
const PASSPHRASE = 'four processes start at once';
const WORKER = fileURLToPath(new URL('../../support/cold-start-worker.ts', import.meta.url));
/** Each derives a key from the passphrase and makes its first connections, on a machine that may be busy. */
const STARTED_WITHIN_MS = 90_000;

let directory: string | undefined;
afterEach(async () => {
  if (directory !== undefined) await rm(directory, { recursive: true });
});

interface Worker {
  readonly process: ChildProcess;
  readonly news: ColdStartNews[];
}

function startWorker(orders: ColdStartOrders): Worker {
  const worker = {
    process: fork(WORKER, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
    news: [] as ColdStartNews[],
  };
  worker.process.on('message', (message) => worker.news.push(message as ColdStartNews));
  worker.process.send(orders);
  return worker;
}

it(
  'several cold processes, whose first attempts fail, all become ready once the database lets them in',
  { timeout: 2 * STARTED_WITHIN_MS },
  async () => {
    const redis = sharedRedis();
    await using database = await freshDatabase('postgresql');
    const url = new URL(database.url);
    await using proxy = await FaultProxy.start({ host: url.hostname, port: Number(url.port) });
    proxy.set({ refuse: true });
    url.port = String(proxy.port);
    directory = await mkdtemp(join(tmpdir(), 'holdfast-cold-'));
    const ringFile = join(directory, 'keys.json');
    await (await generateKeyRing()).save(ringFile, { passphrase: PASSPHRASE });
    const orders = { ringFile, passphrase: PASSPHRASE, redis, databaseUrl: url.href, databaseCa: database.ca ?? '' };
    const namespace = uniqueNamespace();

    const workers = Array.from({ length: PROCESSES }, () => startWorker({ ...orders, namespace }));
    const all = (last: ColdStartNews): Promise<unknown> =>
      until(() => workers.every(({ news }) => news.at(-1) === last || news.at(-1) === 'failed'), {
        what: `every process to be ${last}`,
        timeoutMs: STARTED_WITHIN_MS,
      });
    try {
      await all('not-ready-yet');
      proxy.heal();
      await all('ready');
      expect(workers.map(({ news }) => news)).toEqual(workers.map(() => ['not-ready-yet', 'ready']));
    } finally {
      for (const worker of workers) worker.process.kill('SIGKILL');
    }
  },
);
