import { generateKeyRing, SessionClient } from 'holdfast';
import { expressSessions } from 'holdfast/express';
import { memoryDurableTier, memoryPrimaryTier } from 'holdfast/memory';
import express from 'express';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.useRealTimers();
});

it('lets an application test expiry by moving Date alone, as the guide on testing says', async () => {
  const sessions = new SessionClient<{ cart: string[] }>({
    keys: await generateKeyRing(),
    primary: memoryPrimaryTier(),
    durable: memoryDurableTier(),
    lifetime: { idle: '30m', absolute: '12h' },
  });
  const session = expressSessions(sessions, { initial: () => ({ cart: [] }) });
  const app = express().use(session);
  app.post('/login', async (request, response) => {
    await session.of(request).login('ada');
    response.sendStatus(204);
  });
  app.get('/me', async (request, response) => {
    response.json((await session.of(request).get())?.userId ?? null);
  });
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const [cookie = ''] = (await fetch(`${origin}/login`, { method: 'POST' })).headers.getSetCookie();
  const headers = { cookie: cookie.split(';', 1)[0] ?? '' };
  const who = async (): Promise<unknown> => (await fetch(`${origin}/me`, { headers })).json();
  expect(await who()).toBe('ada');

  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(Date.now() + 29 * 60_000);
  expect(await who()).toBe('ada');
  vi.setSystemTime(Date.now() + 31 * 60_000);
  expect(await who()).toBeNull();

  server.close();
  server.closeAllConnections();
  await sessions.close();
});
