import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Logger, type INestApplication } from '@nestjs/common';
import express from 'express';
import passport from 'passport';
import { Strategy } from 'passport-local';
import { expect, it } from 'vitest';
import { expressSessions } from 'holdfast/express';
import { type SessionClient } from '../../src/index.ts';
import { TierFailure } from '../../src/errors.ts';
import { memoryDurableTier, memoryPrimaryTier } from '../../src/tiers/memory/index.ts';
import { interceptDurable, interceptPrimary } from '../support/intercepted-tiers.ts';
import { memoryClient } from '../support/memory-client.ts';
import { SiteBrowser } from '../support/site-browser.ts';

/** What docs/guides/nestjs-and-passport.md says, done. */
const page = new URL('../../docs/guides/nestjs-and-passport.md', import.meta.url);

interface Shop {
  cart: string[];
}

/** Runs the code for NestJS of the page itself, which takes `sessions` for granted, on a free port. */
async function runGuide(sessions: SessionClient<Shop>): Promise<INestApplication> {
  const [setUp = '', site = ''] = [...readFileSync(page, 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map(
    ([, code]) => code,
  );
  const folder = fileURLToPath(new URL('../../.cache/guides/nestjs', import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { experimentalDecorators: true } }));
  writeFileSync(join(folder, 'site.ts'), `${setUp}${site.replace('listen(3000)', 'listen(0)')}export { app };\n`);
  Object.assign(globalThis, { sessions });
  Logger.overrideLogger(false);
  const { app } = (await import(join(folder, 'site.ts'))) as { app: INestApplication };
  return app;
}

it('NestJS hands the session to controllers, guards routes, and answers with the headers of an error', async () => {
  const tiers = { primary: interceptPrimary(memoryPrimaryTier()), durable: interceptDurable(memoryDurableTier()) };
  const { sessions } = await memoryClient<Shop>({ primary: tiers.primary.tier, durable: tiers.durable.tier });
  const app = await runGuide(sessions);
  const { port } = app.getHttpServer().address() as AddressInfo;
  const browser = new SiteBrowser(`http://localhost:${port}`, 'laptop');

  expect(await browser.json('POST', '/cart/tea')).toEqual(['tea']);
  const refused = await browser.request('GET', '/account');
  expect([refused.status, await refused.json()]).toEqual([401, { statusCode: 401, code: 'HOLDFAST_LOGIN_REQUIRED' }]);
  expect(await browser.json('POST', '/login/ada')).toEqual(['tea']);
  expect(await (await browser.request('GET', '/account')).text()).toBe('ada');

  const away = (): never => {
    throw new TierFailure('not-sent', 'test');
  };
  tiers.primary.hook.before = away;
  tiers.durable.hook.before = away;
  const failed = await browser.request('GET', '/account');
  expect([failed.status, failed.headers.get('retry-after'), failed.headers.get('cache-control')]).toEqual([
    503,
    '2',
    'no-store',
  ]);
  await app.close();
});

it('Passport checks the password without a session of its own, and the login keeps the cart', async () => {
  const { sessions } = await memoryClient<Shop>();
  const session = expressSessions(sessions, { initial: () => ({ cart: [] }) });
  const local = new Strategy((name, password, done) => done(null, password === 'lantern' && { id: name }));
  const authenticator = new passport.Passport().use(local);
  const app = express().use(express.json(), session);
  app.post('/cart/:item', async (req, res) => {
    res.json((await session.of(req).update(({ cart }) => void cart.push(req.params.item))).data.cart);
  });
  app.post('/login', authenticator.authenticate('local', { session: false }), async (req, res) => {
    const mine = await session.of(req).login((req.user as { id: string }).id);
    res.json({ user: mine.userId, cart: mine.data.cart });
  });
  const server = app.listen(0);
  await once(server, 'listening');
  const browser = new SiteBrowser(`http://localhost:${(server.address() as AddressInfo).port}`, 'laptop');

  await browser.json('POST', '/cart/tea');
  expect((await browser.request('POST', '/login', { username: 'ada', password: 'wrong' })).status).toBe(401);
  expect(await browser.json('POST', '/login', { username: 'ada', password: 'lantern' })).toEqual({
    user: 'ada',
    cart: ['tea'],
  });
  server.closeAllConnections();
  server.close();
});
