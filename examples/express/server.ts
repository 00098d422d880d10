/*
 * A cart, a login and a list of devices with Express 5. Sessions live in memory, so a restart ends them.
 *
 *   npm run example express
 *   alias ada='curl -sb jar -c jar'
 *   ada -X POST localhost:3000/cart/tea
 *   ada localhost:3000/login --json '{ "name": "ada", "password": "lantern" }'
 *   ada localhost:3000/devices
 *   ada -X POST localhost:3000/logout
 */
import type { AddressInfo } from 'node:net';
import express from 'express';
import { generateKeyRing, SessionClient } from 'holdfast';
import { expressSessions } from 'holdfast/express';
import { memoryDurableTier, memoryPrimaryTier } from 'holdfast/memory';

interface Shop {
  cart: string[];
}

const keys = await generateKeyRing();
const sessions = new SessionClient<Shop>({ keys, primary: memoryPrimaryTier(), durable: memoryDurableTier() });
const session = expressSessions(sessions, { initial: () => ({ cart: [] }) });
const app = express().use(express.json(), session);

app.get('/cart', async (req, res) => {
  const mine = await session.of(req).get();
  res.json(mine?.data.cart ?? []);
});

app.post('/cart/:item', async (req, res) => {
  const mine = await session.of(req).update(({ cart }) => void cart.push(req.params.item));
  res.json(mine.data.cart);
});

app.post('/login', async (req, res) => {
  const { name, password } = req.body ?? {};
  // An application compares hashes here (scrypt, argon2), or lets an identity provider do it.
  if (name === 'ada' && password === 'lantern') {
    const mine = await session.of(req).login(name, { label: req.get('user-agent')?.slice(0, 200) ?? 'unknown' });
    res.json({ user: mine.userId, cart: mine.data.cart });
  } else res.sendStatus(401);
});

app.get('/devices', async (req, res) => void res.json(await session.of(req).devices()));

app.delete('/devices/:handle', async (req, res) => {
  res.sendStatus((await session.of(req).logoutDevice(req.params.handle)) ? 204 : 404);
});

app.post('/logout', async (req, res) => {
  await session.of(req).logout();
  res.sendStatus(204);
});

const server = app.listen(Number(process.env['PORT'] ?? 3000), () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
