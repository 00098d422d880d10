import express from 'express';
import { expressSessions } from 'holdfast/express';
import { HoldfastStore } from 'holdfast/express-session';
import { expect, it, onTestFinished } from 'vitest';
import type { SessionClient } from '../../../src/index.ts';
import { systemPlatform } from '../../../src/platform/platform.ts';
import { memoryClient } from '../../support/memory-client.ts';
import { expressSite } from './express-site.ts';
import { Jar, memorySessions, serve } from './site.ts';

interface Shop {
  cart: string | null;
}

async function shopSessions(): Promise<SessionClient<Shop>> {
  const { sessions } = await memoryClient<Shop>({ platform: systemPlatform, namespace: 'native' });
  onTestFinished(() => sessions.close());
  return sessions;
}

it('moves its sessions to the native middleware without a logout', async () => {
  const store = new HoldfastStore<never>(await memorySessions());
  const before = await serve(expressSite(store).app);
  const session = expressSessions(await shopSessions(), {
    initial: (): Shop => ({ cart: null }),
    cookie: { insecure: true },
    importFrom: {
      store,
      secret: 'keyboard cat',
      toSession: ({ cart, user }) => ({ data: { cart: String(cart) }, userId: String(user) }),
    },
  });
  const app = express().use(session);
  app.get('/', async (request, response) => {
    const { data, userId } = await session.of(request).requireUser();
    response.json({ cart: data.cart, userId });
  });
  const after = await serve(app);

  const jar = new Jar();
  await jar.send(`${before}/set/cart/tea`);
  await jar.send(`${before}/set/user/ada`);
  expect(await jar.json(after)).toEqual({ cart: 'tea', userId: 'ada' });
  expect(await jar.json(after)).toEqual({ cart: 'tea', userId: 'ada' });
  expect(await jar.json(before)).not.toHaveProperty('cart');
});
