import 'reflect-metadata';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Catch, Controller, createParamDecorator, Get, Module, Param, Post, UseGuards } from '@nestjs/common';
import type { ArgumentsHost, ExecutionContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import express, { type Response } from 'express';
import passport from 'passport';
import { Strategy } from 'passport-local';
import { expect, it } from 'vitest';
import { expressSessions, type RequestSession } from '../../src/adapters/express/index.ts';
import { HoldfastError, TierFailure } from '../../src/index.ts';
import { memoryDurableTier, memoryPrimaryTier } from '../../src/tiers/memory/index.ts';
import { interceptDurable, interceptPrimary } from '../support/intercepted-tiers.ts';
import { memoryClient } from '../support/memory-client.ts';
import { SiteBrowser } from '../support/site-browser.ts';

/** What docs/guides/nestjs-and-passport.md says, done. */

interface Shop {
  cart: string[];
}

it('NestJS hands the session to controllers, guards routes, and answers with the headers of an error', async () => {
  const tiers = { primary: interceptPrimary(memoryPrimaryTier()), durable: interceptDurable(memoryDurableTier()) };
  const { sessions } = await memoryClient<Shop>({ primary: tiers.primary.tier, durable: tiers.durable.tier });
  const session = expressSessions(sessions, { initial: () => ({ cart: [] }) });
  const sessionIn = (context: ExecutionContext) => session.of(context.switchToHttp().getRequest());
  const Mine = createParamDecorator((_: unknown, context: ExecutionContext) => sessionIn(context));

  class SignedIn {
    async canActivate(context: ExecutionContext): Promise<boolean> {
      await sessionIn(context).requireUser();
      return true;
    }
  }
  class CartController {
    async add(mine: RequestSession<Shop>, item: string) {
      return (await mine.update(({ cart }) => void cart.push(item))).data.cart;
    }
    async login(mine: RequestSession<Shop>) {
      return (await mine.login('ada')).data.cart;
    }
    async account(mine: RequestSession<Shop>) {
      return (await mine.requireUser()).userId;
    }
  }
  class SessionErrors {
    catch({ code, status }: HoldfastError, host: ArgumentsHost) {
      const response: Response = host.switchToHttp().getResponse();
      if (status === 503) response.set('Retry-After', '2');
      response.status(status).json({ statusCode: status, code });
    }
  }
  class AppModule {}
  // Node runs TypeScript without decorators: what `@` does, by hand.
  const decorate = (name: keyof CartController, ...decorators: MethodDecorator[]) => {
    Mine()(CartController.prototype, name, 0);
    for (const each of decorators) {
      each(CartController.prototype, name, Object.getOwnPropertyDescriptor(CartController.prototype, name)!);
    }
  };
  decorate('add', Post('cart/:item'));
  Param('item')(CartController.prototype, 'add', 1);
  decorate('login', Post('login'));
  decorate('account', Get('account'), UseGuards(SignedIn));
  Controller()(CartController);
  Catch(HoldfastError)(SessionErrors);
  Module({ controllers: [CartController] })(AppModule);

  const app = await NestFactory.create(AppModule, { logger: false });
  app.use(session);
  app.useGlobalFilters(new SessionErrors());
  await app.listen(0);
  const { port } = app.getHttpServer().address() as AddressInfo;
  const browser = new SiteBrowser(`http://localhost:${port}`, 'laptop');

  expect(await browser.json('POST', '/cart/tea')).toEqual(['tea']);
  const refused = await browser.request('GET', '/account');
  expect([refused.status, await refused.json()]).toEqual([401, { statusCode: 401, code: 'HOLDFAST_LOGIN_REQUIRED' }]);
  expect(await browser.json('POST', '/login')).toEqual(['tea']);
  expect(await (await browser.request('GET', '/account')).text()).toBe('ada');

  const away = (): never => {
    throw new TierFailure('not-sent', 'test');
  };
  tiers.primary.hook.before = away;
  tiers.durable.hook.before = away;
  const failed = await browser.request('GET', '/account');
  expect([failed.status, failed.headers.get('retry-after')]).toEqual([503, '2']);
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
