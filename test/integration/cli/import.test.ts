import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { HoldfastStore } from 'holdfast/express-session';
import { expect, it } from 'vitest';
import { keyCensus, type SessionClient } from '../../../src/index.ts';
import { expressSite } from '../../http/store/express-site.ts';
import { expectNoneIn, openCliDesk } from '../../support/cli-desk.ts';
import { openOldStore, type OldStoreClient, type OldStoreOrders } from '../../support/old-store-client.ts';
import { signedSid } from '../../support/old-store.ts';
import { freshDatabase, sharedRedis, uniqueNamespace } from '../../support/shared.ts';

const TIMEOUT_MS = 120_000;
const SECRET = 'keyboard cat';
const COUNT = 2_000;
const LANES = 10;
const ITEM = 'canary-item-5f1d0c7be2';
const sidOf = (n: number): string => `canary-sid-${n}-9a4e77d103`;
const userOf = (n: number): string => `canary-user-${n % 500}`;

interface OpenedOrders extends AsyncDisposable {
  readonly orders: OldStoreOrders;
}

const stores: readonly (readonly [name: string, open: () => Promise<OpenedOrders>])[] = [
  [
    'connect-redis',
    async () => ({
      orders: { kind: 'connect-redis', redis: sharedRedis(), prefix: `${uniqueNamespace()}:` },
      [Symbol.asyncDispose]: async () => undefined,
    }),
  ],
  [
    'connect-pg-simple',
    async () => {
      const database = await freshDatabase('postgresql');
      const orders = { kind: 'connect-pg-simple', url: database.url, ca: database.ca ?? '' } as const;
      return { orders, [Symbol.asyncDispose]: () => database.close() };
    },
  ],
];

/** What an application exports for `--from`. */
async function writeSource(cwd: string, orders: OldStoreOrders, more: string): Promise<readonly string[]> {
  await writeFile(join(cwd, 'old.json'), JSON.stringify(orders));
  const module = `
    import { readFileSync } from 'node:fs';
    import { openOldStore } from '${new URL('../../support/old-store-client.ts', import.meta.url).href}';
    const orders: Parameters<typeof openOldStore>[0] = JSON.parse(readFileSync(new URL('old.json', import.meta.url), 'utf8'));
    export const importFrom = async () => ({ store: (await openOldStore(orders)).store, ${more} });`;
  await writeFile(join(cwd, 'old.ts'), module);
  return ['--from', './old.ts'];
}

async function fill({ store }: OldStoreClient): Promise<void> {
  const set = (n: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const cookie = {
        originalMaxAge: 3_600_000,
        expires: new Date(Date.now() + 3_600_000),
        httpOnly: true,
        path: '/',
      };
      const session = { cookie, passport: { user: userOf(n) }, cart: [ITEM, n] };
      store.set(sidOf(n), session, (error: unknown) => (error ? reject(error) : resolve()));
    });
  // No more at once than the pool of connect-pg-simple has connections.
  const lanes = Array.from({ length: LANES }, async (_, lane) => {
    for (let n = lane; n < COUNT; n += LANES) await set(n);
  });
  await Promise.all(lanes);
}

it.concurrent.each(stores)(
  '2 000 sessions of %s are imported, interrupted and gone on with, and Express finds them',
  { timeout: TIMEOUT_MS },
  async (_, open) => {
    await using desk = await openCliDesk();
    const { cwd, run, output, sessions } = desk;
    await using old = await open();
    const from = await writeSource(cwd, old.orders, 'userIdOf: (session) => session.passport?.user');
    const client = await openOldStore(old.orders);
    await using closing = new AsyncDisposableStack();
    closing.defer(() => client.close());
    await fill(client);

    const slowly = ['import', ...from, '--concurrency', '2', '--json', '--progress'];
    let isInterrupted = false;
    const first = await run(slowly, {
      onOutput(child) {
        if (!isInterrupted) child.kill('SIGINT');
        isInterrupted = true;
      },
    });
    const last = first.stdout.trimEnd().split('\n').at(-1) ?? '';
    const interrupted = JSON.parse(last) as { readonly imported: number };
    expect(first).toMatchObject({ code: 130, stderr: '' });
    expect(interrupted).toMatchObject({ interrupted: true, total: COUNT, failed: 0 });
    expect(interrupted.imported).toBeLessThan(COUNT);

    const rest = await run(['import', ...from, '--move']);
    expect(rest).toMatchObject({ code: 0, stderr: '' });
    const { imported } = interrupted;
    expect(rest.stdout).toMatch(
      new RegExp(`^${COUNT} sessions looked at .*: ${COUNT - imported} imported, ${imported} here already, 0 failed`),
    );
    expect((await keyCensus(sessions)).total).toBe(COUNT);
    expect(await client.count()).toBe(0);
    expect((await sessions.listByUser(userOf(7))).length).toBe(COUNT / 500);

    const app = expressSite(new HoldfastStore<never>(sessions as unknown as SessionClient), {
      cookie: { maxAge: 3_600_000 },
    });
    const server = app.app.listen(0, '127.0.0.1');
    closing.defer(() => void server.close());
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    for (const n of [0, 7, COUNT - 1]) {
      const response = await fetch(url, { headers: { cookie: `connect.sid=${signedSid(sidOf(n), SECRET)}` } });
      expect(await response.json()).toMatchObject({ cart: [ITEM, n], passport: { user: userOf(n) } });
    }
    expectNoneIn(output, [ITEM, 'canary-sid', 'canary-user']);
  },
);

it.concurrent('a dry run writes nothing, and names neither ids nor data', { timeout: TIMEOUT_MS }, async () => {
  await using desk = await openCliDesk();
  const { cwd, json, output, sessions } = desk;
  const module = `
    const entries = new Map([1, 2, 3].map((n) => ['canary-sid-' + n, { user: 'canary-user-' + n, cart: ['${ITEM}'.repeat(n === 3 ? 9_999 : 1)] }]));
    export const importFrom = {
      load: async (sid: string) => entries.get(sid),
      destroy: async (sid: string) => entries.delete(sid),
      sids: () => [...entries.keys(), 'canary-sid-gone'],
      toSession: ({ user, cart }: { user: string; cart: string[] }) =>
        user.endsWith('2') ? null : { data: { n: cart, writes: 0 }, userId: user },
    };`;
  await writeFile(join(cwd, 'own.ts'), module);
  const from = ['--from', './own.ts'];
  expect(await json(['import', ...from, '--dry-run'])).toMatchObject({ code: 0, imported: 2, skipped: 2, scanned: 4 });
  expect((await keyCensus(sessions)).total).toBe(0);
  expect(await json(['import', ...from])).toMatchObject({
    code: 1,
    imported: 1,
    skipped: 2,
    failed: 1,
    failures: { HOLDFAST_PAYLOAD: 1 },
  });
  const imported = await sessions.get(sessions.idFor('canary-sid-1'));
  expect(imported).toMatchObject({ userId: 'canary-user-1', authenticatedAt: undefined, data: { n: [ITEM] } });
  expectNoneIn(output, [ITEM, 'canary-sid', 'canary-user']);
});
