/*
 * A cart, a login and a list of devices with Hono 4. Sessions live in memory, so a restart ends them.
 *
 *   npm run example hono
 *   alias ada='curl -sb jar -c jar'
 *   ada -X POST localhost:3000/cart/tea
 *   ada localhost:3000/login --json '{ "name": "ada", "password": "lantern" }'
 *   ada localhost:3000/devices
 *   ada -X POST localhost:3000/logout
 */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { generateKeyRing, SessionClient } from 'holdfast';
import { honoSessions } from 'holdfast/hono';
import { memoryDurableTier, memoryPrimaryTier } from 'holdfast/memory';

interface Shop {
  cart: string[];
}

const keys = await generateKeyRing();
const sessions = new SessionClient<Shop>({ keys, primary: memoryPrimaryTier(), durable: memoryDurableTier() });

// One chain of calls, so that c.var.session has its type.
const app = new Hono()
  .use(honoSessions(sessions, { initial: () => ({ cart: [] }) }))
  .get('/cart', async (c) => {
    const mine = await c.var.session.get();
    return c.json(mine?.data.cart ?? []);
  })
  .post('/cart/:item', async (c) => {
    const mine = await c.var.session.update(({ cart }) => void cart.push(c.req.param('item')));
    return c.json(mine.data.cart);
  })
  .post('/login', async (c) => {
    const { name, password } = await c.req.json();
    // An application compares hashes here (scrypt, argon2), or lets an identity provider do it.
    if (name !== 'ada' || password !== 'lantern') return c.body(null, 401);
    const mine = await c.var.session.login(name, { label: c.req.header('user-agent')?.slice(0, 200) ?? 'unknown' });
    return c.json({ user: mine.userId, cart: mine.data.cart });
  })
  .get('/devices', async (c) => c.json(await c.var.session.devices()))
  .delete('/devices/:handle', async (c) => {
    const ended = await c.var.session.logoutDevice(c.req.param('handle'));
    return c.body(null, ended ? 204 : 404);
  })
  .post('/logout', async (c) => {
    await c.var.session.logout();
    return c.body(null, 204);
  });

serve({ fetch: app.fetch, port: Number(process.env['PORT'] ?? 3000) }, ({ port }) => {
  console.log(`http://localhost:${port}`);
});
