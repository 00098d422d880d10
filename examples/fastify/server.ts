/*
 * A cart, a login and a list of devices with Fastify 5. Sessions live in memory, so a restart ends them.
 *
 *   npm run example fastify
 *   alias ada='curl -sb jar -c jar'
 *   ada -X POST localhost:3000/cart/tea
 *   ada localhost:3000/login --json '{ "name": "ada", "password": "lantern" }'
 *   ada localhost:3000/devices
 *   ada -X POST localhost:3000/logout
 */
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { generateKeyRing, SessionClient } from 'holdfast';
import { fastifySessions } from 'holdfast/fastify';
import { memoryDurableTier, memoryPrimaryTier } from 'holdfast/memory';

interface Shop {
  cart: string[];
}

const keys = await generateKeyRing();
const sessions = new SessionClient<Shop>({ keys, primary: memoryPrimaryTier(), durable: memoryDurableTier() });
const session = fastifySessions(sessions, { initial: () => ({ cart: [] }) });
const app = Fastify();
await app.register(session);

app.get('/cart', async (request) => {
  const mine = await session.of(request).get();
  return mine?.data.cart ?? [];
});

app.post<{ Params: { item: string } }>('/cart/:item', async (request) => {
  const mine = await session.of(request).update(({ cart }) => void cart.push(request.params.item));
  return mine.data.cart;
});

app.post<{ Body: { name?: string; password?: string } }>('/login', async (request, reply) => {
  const { name, password } = request.body;
  // An application compares hashes here (scrypt, argon2), or lets an identity provider do it.
  if (name !== 'ada' || password !== 'lantern') return reply.code(401).send();
  const mine = await session
    .of(request)
    .login(name, { label: request.headers['user-agent']?.slice(0, 200) ?? 'unknown' });
  return { user: mine.userId, cart: mine.data.cart };
});

app.get('/devices', (request) => session.of(request).devices());

app.delete<{ Params: { handle: string } }>('/devices/:handle', async (request, reply) => {
  const ended = await session.of(request).logoutDevice(request.params.handle);
  return reply.code(ended ? 204 : 404).send();
});

app.post('/logout', async (request, reply) => {
  await session.of(request).logout();
  return reply.code(204).send();
});

await app.listen({ port: Number(process.env['PORT'] ?? 3000) });
console.log(`http://localhost:${(app.server.address() as AddressInfo).port}`);
