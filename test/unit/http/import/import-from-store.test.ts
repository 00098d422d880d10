import { HoldfastStore } from 'holdfast/express-session';
import { describe, expect, it } from 'vitest';
import { HttpSessions } from '../../../../src/http/http-sessions.ts';
import { ConfigurationError } from '../../../../src/index.ts';
import { Browser } from '../../../support/browser.ts';
import { CookieJar } from '../../../support/cookie-jar.ts';
import { memoryClient } from '../../../support/memory-client.ts';
import { signedSid } from '../../../support/old-store.ts';

const SECRET = 'keyboard cat';

async function fromStoreIn(namespace: string) {
  const { sessions, another } = await memoryClient<{ cart: string[] }>({ namespace: 'shop' });
  const store = new HoldfastStore(another({ namespace }) as never);
  const http = () =>
    new HttpSessions(sessions, {
      initial: () => ({ cart: [] }),
      importFrom: {
        store,
        secret: SECRET,
        toSession: ({ cart, user }: { cart: string[]; user: string }) => ({ data: { cart }, userId: user }),
      },
    });
  return { sessions, store, http };
}

describe('sessions of a HoldfastStore', () => {
  it('are imported from its namespace', async () => {
    const { sessions, store, http } = await fromStoreIn('before');
    const session = { cart: ['lamp'], user: 'ada', cookie: { originalMaxAge: null } };
    await new Promise((resolve) => store.set('old id', session, resolve));
    const jar = new CookieJar([['connect.sid', signedSid('old id', SECRET)]]);
    const mine = await new Browser(http(), jar).send((visit) => visit.get());
    expect(mine?.data).toEqual({ cart: ['lamp'] });
    expect(await sessions.listByUser('ada')).toHaveLength(1);
    expect(await new Promise((resolve) => store.length((_error, count) => resolve(count)))).toBe(0);
  });

  it('cannot move within one namespace, where deleting the old one would delete the new one', async () => {
    const { http } = await fromStoreIn('shop');
    expect(http).toThrow(ConfigurationError);
  });
});
