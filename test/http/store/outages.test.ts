import { HoldfastStore } from 'holdfast/express-session';
import { expect, it } from 'vitest';
import { TierFailure } from '../../../src/errors.ts';
import { startRedis } from '../../support/servers/redis.ts';
import { until } from '../../support/servers/until.ts';
import { expressSite, type Values } from './express-site.ts';
import { realSessions, type RealSessions } from './real-sessions.ts';
import { Jar, serve } from './site.ts';

function cutDatabase({ durable }: RealSessions): () => void {
  durable.hook.before = () => {
    throw new TierFailure('not-sent', 'ECONNREFUSED');
  };
  return () => (durable.hook.before = () => undefined);
}

it('serves pages and keeps writes while Redis is killed, and after', async () => {
  await using redis = await startRedis({ namespace: '*' });
  await using real = await realSessions({}, redis);
  const { app, errors } = expressSite(new HoldfastStore<never>(real.sessions), { resave: true });
  const origin = await serve(app);
  const jar = new Jar();
  await jar.send(`${origin}/set/user/ada`);
  await redis.kill();
  for (let n = 0; n < 10; n += 1) {
    expect((await jar.send(`${origin}/set/n${n}/1`)).status).toBe(200);
    expect(await jar.json(origin)).toMatchObject({ user: 'ada', [`n${n}`]: '1' });
  }
  await redis.start();
  await until(async () => (await real.sessions.health()).primary.state === 'up');
  expect(await jar.json(origin)).toMatchObject({ user: 'ada', n0: '1', n9: '1' });
  expect(errors).toEqual([]);
});

it('answers 503 while it is unknown whether there is a session, never "no session", and the user stays signed in', async () => {
  await using redis = await startRedis({ namespace: '*' });
  await using real = await realSessions({}, redis);
  const { app, errors } = expressSite(new HoldfastStore<never>(real.sessions));
  const origin = await serve(app);
  const jar = new Jar();
  await jar.send(`${origin}/set/user/ada`);
  const heal = cutDatabase(real);
  await redis.kill();
  const down = await jar.send(origin);
  expect(down).toMatchObject({ status: 503, cookies: [] });
  expect(JSON.parse(down.body)).toEqual({ code: 'HOLDFAST_TIER_UNAVAILABLE' });
  expect(down.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(down.headers.get('cache-control')).toBe('no-store');
  expect((await new Jar().send(origin)).status).toBe(200);
  heal();
  await until(async () => (await jar.send(origin)).status === 200);
  expect(await jar.json(origin)).toMatchObject({ user: 'ada' });
  expect(errors.length).toBeGreaterThan(0);
});

it('shows pages while the database is away, and no touch of them reaches the response', async () => {
  await using real = await realSessions({ touchInterval: 0 });
  const { app, errors } = expressSite(new HoldfastStore<never>(real.sessions), { cookie: { maxAge: 600_000 } });
  const origin = await serve(app);
  const jar = new Jar();
  await jar.send(`${origin}/set/user/ada`);
  await until(async () => (await real.costOf(() => jar.send(origin))).startsWith('Redis read'));
  const heal = cutDatabase(real);
  for (let page = 0; page < 10; page += 1) expect(await jar.json(origin)).toMatchObject({ user: 'ada' });
  heal();
  expect(errors).toEqual([]);
});

it('passes the failure of a save to its callback, and to the error handler at the end of the response', async () => {
  await using real = await realSessions();
  const { app, errors } = expressSite(new HoldfastStore<never>(real.sessions));
  const origin = await serve(app);
  const jar = new Jar();
  await jar.send(`${origin}/set/user/ada`);
  await jar.send(origin);
  const heal = cutDatabase(real);
  expect((await jar.send(`${origin}/save`)).status).toBe(503);
  // What no store can mend: the answer has left, and its user believes it.
  expect(await jar.send(`${origin}/set/cart/tea`)).toMatchObject({ status: 200 });
  expect(errors.at(-1)).toMatchObject({ headersSent: true, error: { status: 503 } });
  heal();
  await until(async () => (await jar.send(origin)).status === 200);
  expect(await jar.json<Values>(origin)).not.toHaveProperty('cart');
});

it('keeps thirty writes that overlap, on two nodes, and a logout during a slow one', async () => {
  await using real = await realSessions();
  const sites = [0, 1].map(() => expressSite(new HoldfastStore<never>(real.sessions)));
  const origins = await Promise.all(sites.map(({ app }) => serve(app)));
  const jar = new Jar();
  await jar.send(`${origins[0]}/set/cart/tea`);
  const names = Array.from({ length: 30 }, (_, at) => `n${at}`);
  await Promise.all(names.map((name, at) => jar.send(`${origins[at % 2]}/set/${name}/1`)));
  expect(Object.keys(await jar.json<Values>(`${origins[0]}/`))).toEqual(expect.arrayContaining([...names, 'cart']));
  const writes = names.map((name, at) => jar.copy().send(`${origins[at % 2]}/set/${name}/2`));
  await jar.send(`${origins[0]}/logout`);
  await Promise.all(writes);
  expect(await jar.json(`${origins[1]}/`)).not.toHaveProperty('cart');
});
