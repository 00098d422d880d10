import { HoldfastStore } from 'holdfast/express-session';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { oldStores, type OpenedOldStore } from '../importing/old-stores.ts';
import { expressSite, type SiteOptions, type Values } from './express-site.ts';
import { realSessions, type RealSessions } from './real-sessions.ts';
import { Jar, serve } from './site.ts';

const OPTIONS: SiteOptions = { cookie: { maxAge: 3_600_000 } };

describe.each(oldStores)('HoldfastStore takes over from %s', (_name, open) => {
  let old: OpenedOldStore;
  let real: RealSessions;
  beforeAll(async () => {
    old = await open();
    real = await realSessions();
  });
  afterAll(async () => {
    await real?.[Symbol.asyncDispose]();
    await old?.close();
  });

  let jar: Jar;
  beforeEach(() => {
    jar = new Jar();
  });
  const serveOld = (): Promise<string> => serve(expressSite(old.store, OPTIONS).app);
  const serveNew = (importSince?: Date): Promise<string> => {
    const store = new HoldfastStore<never>(real.sessions, {
      importFrom: old.store,
      ...(importSince !== undefined && { importSince }),
    });
    return serve(expressSite(store, OPTIONS).app);
  };

  it('without logging anyone out: the cookie, the id and the data stay', async () => {
    const [before, after] = [await serveOld(), await serveNew()];
    await jar.send(`${before}/set/user/ada`);
    const id = await jar.json(`${before}/id`);
    const count = await old.count();
    expect(await jar.json(`${after}/set/cart/tea`)).toMatchObject({ user: 'ada', cart: 'tea' });
    expect(await jar.json(`${after}/id`)).toBe(id);
    // express-session reads an age off the clock, some milliseconds after it was set.
    const cookie = { originalMaxAge: expect.closeTo(3_600_000, -3) };
    expect(await jar.json(after)).toMatchObject({ user: 'ada', cart: 'tea', cookie });
    expect(await old.count()).toBe(count - 1);
  });

  it('and makes one session of five first requests at once', async () => {
    const [before, after] = [await serveOld(), await serveNew()];
    await jar.send(`${before}/set/user/ada`);
    const paths = ['', 'set/a/1', 'set/b/1', 'set/c/1', ''];
    const replies = await Promise.all(paths.map((path) => jar.copy().json<Values>(`${after}/${path}`)));
    expect(replies.map(({ user }) => user)).toEqual(paths.map(() => 'ada'));
    expect(await jar.json(after)).toMatchObject({ user: 'ada', a: '1', b: '1', c: '1' });
  });

  it('and ends a session in both when its user logs out, moved or not', async () => {
    const [before, after] = [await serveOld(), await serveNew()];
    await jar.send(`${before}/set/user/ada`);
    const stolen = jar.copy();
    await jar.send(`${after}/logout`);
    expect(await stolen.json(before)).not.toHaveProperty('user');
    expect(await stolen.json(after)).not.toHaveProperty('user');
  });

  it('but old instances do not find imported sessions without importSince', async () => {
    const [before, after] = [await serveOld(), await serveNew()];
    await jar.send(`${before}/set/user/ada`);
    await jar.send(after);
    expect(await jar.json(before)).not.toHaveProperty('user');
    // Nor is the browser's cookie lost by looking.
    expect(await jar.json(after)).toMatchObject({ user: 'ada' });
  });

  it('and until importSince old and new instances see each other’s writes, logins and logouts', async () => {
    const [before, after] = [await serveOld(), await serveNew(new Date(Date.now() + 600_000))];
    await jar.send(`${after}/set/user/ada`);
    expect(await jar.json(`${before}/set/cart/tea`)).toMatchObject({ user: 'ada' });
    expect(await jar.json(`${after}/set/cart/milk`)).toMatchObject({ user: 'ada', cart: 'milk' });
    expect(await jar.json(before)).toMatchObject({ user: 'ada', cart: 'milk' });
    await jar.send(`${after}/regenerate`);
    await jar.send(`${after}/set/user/eve`);
    expect(await jar.json(before)).toMatchObject({ user: 'eve' });
    const stolen = jar.copy();
    await jar.send(`${before}/logout`);
    expect(await stolen.json(after)).not.toHaveProperty('user');
    await jar.send(`${before}/set/user/bob`);
    await jar.copy().send(`${after}/logout`);
    expect(await jar.json(before)).not.toHaveProperty('user');
  });

  it('and moves them afterwards', async () => {
    const [during, after] = [
      await serveNew(new Date(Date.now() + 600_000)),
      await serveNew(new Date(Date.now() - 600_000)),
    ];
    await jar.send(`${during}/set/user/ada`);
    const count = await old.count();
    expect(await jar.json(after)).toMatchObject({ user: 'ada' });
    expect(await old.count()).toBe(count - 1);
  });
});
