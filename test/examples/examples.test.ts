import { describe, expect, test } from 'vitest';
import { ExampleProcess } from '../support/example-process.ts';
import { SiteBrowser } from '../support/site-browser.ts';

const ADA = { name: 'ada', password: 'lantern' };

interface Device {
  readonly handle: string;
  readonly label: string;
  readonly current: boolean;
}

/** All of them have the same routes, so that a reader can lay one beside the other. */
describe.each(['express', 'fastify', 'hono'])('the example %s', (name) => {
  test('keeps a cart through the login, lists the devices, ends another one, and logs out', async () => {
    await using example = await ExampleProcess.start(name);
    // Longer than a label may be, as the names of some browsers inside of applications are.
    const laptop = new SiteBrowser(example.url, 'laptop '.repeat(100));
    const phone = new SiteBrowser(example.url, 'phone');

    expect(await laptop.json('GET', '/cart')).toEqual([]);
    expect(laptop.setCookie).toEqual([]);
    expect(await laptop.json('POST', '/cart/tea')).toEqual(['tea']);
    expect(await laptop.json('POST', '/cart/jam')).toEqual(['tea', 'jam']);

    expect((await laptop.request('POST', '/login', { ...ADA, password: 'wrong' })).status).toBe(401);
    expect((await laptop.request('POST', '/login', {})).status).toBe(401);
    expect((await laptop.request('GET', '/devices')).status).toBe(401);
    expect(await laptop.json('POST', '/login', ADA)).toEqual({ user: 'ada', cart: ['tea', 'jam'] });
    expect(await phone.json('POST', '/login', ADA)).toEqual({ user: 'ada', cart: [] });

    const devices = (await laptop.json('GET', '/devices')) as Device[];
    expect(devices).toHaveLength(2);
    expect(devices.find(({ current }) => current)).toMatchObject({
      label: expect.stringMatching(/^laptop laptop/) as unknown,
    });
    const other = devices.find(({ current }) => !current);
    expect(other).toMatchObject({ label: 'phone' });
    const handle = other?.handle;
    expect((await laptop.request('DELETE', `/devices/${handle}`)).status).toBe(204);
    expect((await laptop.request('DELETE', `/devices/${handle}`)).status).toBe(404);
    expect((await phone.request('GET', '/devices')).status).toBe(401);

    expect((await laptop.request('POST', '/logout')).status).toBe(204);
    expect(await laptop.json('GET', '/cart')).toEqual([]);
    expect((await laptop.request('GET', '/devices')).status).toBe(401);
  });
});

test('the example express-session keeps a cart through the login, logs out, and logs out everywhere', async () => {
  await using example = await ExampleProcess.start('express-session');
  const laptop = new SiteBrowser(example.url, 'laptop');
  const phone = new SiteBrowser(example.url, 'phone');

  expect(await laptop.json('GET', '/cart')).toEqual([]);
  expect(laptop.setCookie).toEqual([]);
  expect(await laptop.json('POST', '/cart/tea')).toEqual(['tea']);
  expect((await laptop.request('POST', '/login', { ...ADA, password: 'wrong' })).status).toBe(401);
  expect(await laptop.json('POST', '/login', ADA)).toEqual({ user: 'ada', cart: ['tea'] });
  expect(laptop.setCookie).toHaveLength(1);
  expect((await laptop.request('POST', '/logout')).status).toBe(204);
  expect(await laptop.json('GET', '/cart')).toEqual([]);

  await laptop.json('POST', '/login', ADA);
  await laptop.json('POST', '/cart/jam');
  await phone.json('POST', '/login', ADA);
  expect(await phone.json('POST', '/logout-everywhere')).toEqual({ ended: 2 });
  expect(await laptop.json('GET', '/cart')).toEqual([]);
});
