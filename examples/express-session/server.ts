/*
 * An application of express-session with our store: `req.session` as ever. Sessions live in memory, so a restart ends them.
 *   npm run example express-session
 *   alias ada='curl -sb jar -c jar'
 *   ada -X POST localhost:3000/cart/tea
 *   ada localhost:3000/login --json '{ "name": "ada", "password": "lantern" }'
 *   ada -X POST localhost:3000/logout-everywhere
 */
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import express from 'express';
import session, { type SessionData } from 'express-session';
import { generateKeyRing, SessionClient } from 'holdfast';
import { HoldfastStore } from 'holdfast/express-session';
import { memoryDurableTier, memoryPrimaryTier } from 'holdfast/memory';

declare module 'express-session' {
  interface SessionData {
    user: string;
    cart: string[];
  }
}

const keys = await generateKeyRing();
const sessions = new SessionClient({ keys, primary: memoryPrimaryTier(), durable: memoryDurableTier() });
const store = new HoldfastStore(sessions, { userIdOf: ({ user }: Partial<SessionData>) => user });
const secret = randomBytes(32).toString('hex');
const app = express().use(express.json(), session({ store, secret, resave: false, saveUninitialized: false }));

app.get('/cart', (req, res) => void res.json(req.session.cart ?? []));

app.post('/cart/:item', (req, res) => {
  req.session.cart = [...(req.session.cart ?? []), req.params.item];
  res.json(req.session.cart);
});

app.post('/login', async (req, res) => {
  const { name, password } = req.body ?? {};
  if (name !== 'ada' || password !== 'lantern') return res.sendStatus(401);
  const { cart = [] } = req.session;
  await promisify(req.session.regenerate.bind(req.session))(); // a new id, and an empty session
  Object.assign(req.session, { user: name, cart });
  return res.json({ user: name, cart });
});

app.post('/logout', async (req, res) => {
  await promisify(req.session.destroy.bind(req.session))();
  res.sendStatus(204);
});

// What express-session has no call for, the client has.
app.post('/logout-everywhere', async (req, res) => {
  const { user } = req.session;
  res.json({ ended: user === undefined ? 0 : await sessions.destroyByUser(user) });
});

const server = app.listen(Number(process.env['PORT'] ?? 3000), () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
