import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/servers/until.ts';
import { Browser, type Reply } from './support/browser.ts';
import type { Alive, Seen } from './support/shop.ts';
import { openStand, type Stand } from './support/stand.ts';
import type { Subject } from './support/subject.ts';
import { http1, http1Over } from './support/transport.ts';
import { OTHER_TABS, runTrials, seenBy, travel, twoTabs } from './support/trials.ts';

const PARALLEL = 30;
/** They look for the last and the first moment of an end by turns. */
const POLLERS = 4;

/** `__Host-sid=<43 characters>.<43 characters>`, forgotten when the browser is closed. */
const SESSION_COOKIE = /^__Host-sid=[\w-]{43}\.[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/;
const CLEARED_COOKIE = '__Host-sid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure';

/** Looks as one of ours, and nobody signed it. */
const MADE_UP = `${'A'.repeat(43)}.${'A'.repeat(43)}`;
const PUBLIC = 'public, max-age=60';

const seenIn = ({ body }: Reply): Seen => JSON.parse(body) as Seen;

interface Effort {
  /** How many times as often as with other subjects two tabs race, and a login redirects. @defaultValue 1 */
  readonly times?: number;
}

/** How often a login redirects, and how often two tabs race, over all kinds of races; the soak does more. */
const TRIALS = Number(process.env['HTTP_TRIALS'] ?? 24);

/** What every entry point has to do over real HTTP, on two nodes with one Redis and one PostgreSQL. */
export function httpContract(subject: Subject, { times = 1 }: Effort = {}): void {
  const redirects = TRIALS * times;
  const races = Math.ceil(redirects / OTHER_TABS.length);
  /** A trial takes about 10 ms of a processor. */
  const timeoutMs = 30_000 + redirects * 60;

  describe(`with ${subject.name}`, () => {
    let stand: Stand;
    let browser: Browser;

    beforeAll(async () => {
      stand = await openStand(subject);
    });
    afterAll(() => stand?.close());

    const newBrowser = (): Browser => (browser = stand.browser());

    async function signedIn(user = 'u_42'): Promise<Browser> {
      newBrowser();
      expect((await browser.post(`/login?user=${user}`)).status).toBe(200);
      return browser;
    }

    describe('the cookie', () => {
      it('is not given to a visitor who stores nothing, and his pages may be cached', async () => {
        newBrowser();
        const replies = [await browser.get('/'), await browser.head('/'), await browser.get('/me')];
        expect(replies.map(({ status, cookies }) => [status, cookies])).toEqual([200, 200, 200].map((ok) => [ok, []]));
        expect(replies.map(({ headers }) => headers['cache-control'])).toEqual([PUBLIC, PUBLIC, undefined]);
        expect(replies[2]?.body).toBe('null');
      });

      it('comes with the first write, on a no-store response, whatever the application set', async () => {
        const reply = await newBrowser().get('/begin');
        expect(reply.cookies).toEqual([expect.stringMatching(SESSION_COOKIE)]);
        expect(reply.headers['cache-control']).toBe('no-store');
        const next = await browser.get('/begin');
        expect(next.cookies).toEqual([]);
        expect((await seenBy(browser))?.data.count).toBe(2);
      });

      it('makes a page private that shows a session, unless the application says otherwise', async () => {
        await signedIn();
        expect((await browser.get('/me')).headers['cache-control']).toBe('private');
        expect((await browser.get('/begin')).headers['cache-control']).toBe(PUBLIC);
        expect((await browser.get('/')).headers['cache-control']).toBe(PUBLIC);
      });

      it("leaves with the application's own cookies", async () => {
        const reply = await newBrowser().post('/login-with-cookies?user=u_42');
        expect(reply.cookies.toSorted()).toEqual([expect.stringMatching(SESSION_COOKIE), 'theme=dark; Path=/']);
        expect(reply.headers['cache-control']).toBe('no-store');
        expect((await seenBy(browser))?.user).toBe('u_42');
      });

      it('is cleared by a logout', async () => {
        await signedIn();
        const reply = await browser.post('/logout');
        expect([reply.status, reply.cookies]).toEqual([204, [CLEARED_COOKIE]]);
        expect(reply.headers['cache-control']).toBe('no-store');
        expect(browser.cookie()).toBeUndefined();
      });

      it('is neither cleared nor renewed by reads, be it dead or made up', async () => {
        await signedIn();
        const old = browser.copy();
        await browser.post('/logout');
        const madeUp = { cookie: `__Host-sid=${MADE_UP}` };
        for (const reply of [await old.get('/me'), await newBrowser().get('/me', { headers: madeUp })]) {
          expect([reply.status, reply.body, reply.cookies]).toEqual([200, 'null', []]);
        }
      });

      it('is found behind a planted one of the same name', async () => {
        await signedIn();
        const planted = `__Host-sid=planted; __Host-sid=${MADE_UP}`;
        const cookie = `${planted}; theme=dark; __Host-sid=${browser.cookie()}`;
        const reply = await stand.browser().get('/me', { headers: { cookie } });
        expect(seenIn(reply).user).toBe('u_42');
      });

      it('is not one whose name a browser takes for another one', async () => {
        await signedIn();
        // Chromium takes it over plain HTTP, with any path and domain, and sends it as it is.
        const cookie = `\u00a0__Host-sid=${browser.cookie()}`;
        expect((await stand.browser().get('/me', { headers: { cookie } })).body).toBe('null');
      });

      it('is not replaced by a write that a page of another site sent', async () => {
        const reply = await newBrowser().post('/cart?item=A1', { headers: { 'sec-fetch-site': 'cross-site' } });
        expect([reply.status, reply.cookies]).toEqual([403, []]);
      });
    });

    describe('one browser with many requests', () => {
      it(`keeps ${PARALLEL} parallel writes of different fields`, async () => {
        await newBrowser().post('/cart?item=A1');
        const names = Array.from({ length: PARALLEL }, (_, n) => `field ${n}`);
        const replies = await Promise.all(
          names.map((name) => browser.post(`/field?name=${name.replace(' ', '%20')}&value=x`)),
        );
        expect(replies.map(({ status }) => status)).toEqual(names.map(() => 200));
        expect(Object.keys((await seenBy(browser))?.data.fields ?? {}).toSorted()).toEqual(names.toSorted());
      });

      it(`counts ${PARALLEL} parallel increments of one field`, async () => {
        await newBrowser().post('/cart?item=A1');
        const replies = await Promise.all(Array.from({ length: PARALLEL }, () => browser.post('/count')));
        expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
        expect((await seenBy(browser))?.data).toEqual({ cart: ['A1'], fields: {}, count: PARALLEL });
      });

      it('keeps a logout that comes during a slow write', async () => {
        await signedIn();
        const old = browser.copy();
        const gate = `${subject.name} slow write`;
        const name = encodeURIComponent(gate);
        const write = browser.post(`/slow-write?item=A1&gate=${name}`, { node: 0 });
        await until(async () => (await browser.get(`/gate?gate=${name}`, { node: 0 })).body !== '0', {
          what: 'the write to be under way',
        });
        expect((await browser.post('/logout', { node: 1 })).status).toBe(204);
        await browser.post(`/gate?gate=${name}`, { node: 0 });
        const { status, cookies } = await write;
        expect([status, cookies]).toEqual([409, []]);
        expect(await seenBy(browser)).toBeNull();
        expect(await seenBy(old)).toBeNull();
      });

      it.each(OTHER_TABS)(
        `with a login in one tab and %s in the other, never ends with the user wrongly signed out or the old id alive`,
        async (other) => {
          expect(await runTrials(races, (n) => twoTabs(stand.trialBrowser(), other, n))).toEqual([]);
        },
        timeoutMs,
      );
    });

    describe('a login', () => {
      it('that is sent twice at once signs the user in', async () => {
        const wrongs = await runTrials(Math.ceil(races / 2), async (n) => {
          const twice = stand.trialBrowser();
          await twice.post('/cart?item=A1');
          const old = twice.copy();
          const logins = await Promise.all([0, 1].map(() => twice.post(`/login?user=twice_${n}`, travel())));
          const [seen, before] = await Promise.all([seenBy(twice), seenBy(old)]);
          const statuses = logins.map(({ status }) => status).join();
          return statuses === '200,200' && seen?.user === `twice_${n}` && before === null
            ? undefined
            : `${n}: ${statuses}`;
        });
        expect(wrongs).toEqual([]);
      });

      it('changes the id, keeps the cart, and leaves the old id dead', async () => {
        const before = seenIn(await newBrowser().post('/cart?item=A1'));
        const old = browser.copy();
        const after = seenIn(await browser.post('/login?user=u_42'));
        expect(browser.cookie()).not.toBe(old.cookie());
        expect(after.handle).not.toBe(before.handle);
        expect(await seenBy(browser)).toMatchObject({ user: 'u_42', data: { cart: ['A1'] } });
        expect(await seenBy(old)).toBeNull();
      });

      it("over another user's session ends that, and keeps nothing of it", async () => {
        await signedIn('u_1');
        await browser.post('/cart?item=A1');
        const old = browser.copy();
        await browser.post('/login?user=u_2');
        expect(await seenBy(browser)).toMatchObject({ user: 'u_2', data: { cart: [] } });
        expect(await seenBy(old)).toBeNull();
      });

      it(
        'is found by the page that it redirects to, every time',
        async () => {
          const wrongs = await runTrials(redirects, async (n) => {
            const visitor = stand.trialBrowser();
            if (n % 2 === 0) await visitor.get('/begin');
            const page = await visitor.follow(await visitor.post(`/login-and-redirect?user=redirected_${n}`));
            return seenIn(page)?.user === `redirected_${n}` ? undefined : `${n}: ${page.status} ${page.body}`;
          });
          expect(wrongs).toEqual([]);
        },
        timeoutMs,
      );

      it('keeps its cookie though the handler fails after it', async () => {
        const reply = await newBrowser().post('/login-and-fail?user=u_42');
        expect([reply.status, reply.cookies]).toEqual([500, [expect.stringMatching(SESSION_COOKIE)]]);
        expect((await seenBy(browser))?.user).toBe('u_42');
      });

      const name = `${subject.name} not awaited`;
      const outcome = async () => (await browser.get(`/outcome?name=${encodeURIComponent(name)}`, { node: 0 })).body;
      const floating = `/login-not-awaited?user=u_7&name=${encodeURIComponent(name)}`;
      it.runIf(subject.waits)('that the handler did not await is waited for', async () => {
        const reply = await newBrowser().post(floating, { node: 0 });
        expect([reply.status, reply.cookies]).toEqual([200, [expect.stringMatching(SESSION_COOKIE)]]);
        expect(await outcome()).toBe('"done"');
        expect((await seenBy(browser))?.user).toBe('u_7');
      });

      it.skipIf(subject.waits)('that the handler did not await is refused, and leaves no session behind', async () => {
        const reply = await newBrowser().post(floating, { node: 0 });
        expect([reply.status, reply.cookies]).toEqual([200, []]);
        expect(await outcome()).toBe('"HOLDFAST_RESPONSE_STARTED"');
        expect(await stand.sessions.listByUser('u_7')).toEqual([]);
      });
    });

    describe('the user', () => {
      it('is required: without one, the framework itself answers 401', async () => {
        for (const path of ['/account', '/payment', '/devices']) {
          const reply = await newBrowser().get(path);
          expect([reply.status, reply.cookies]).toEqual([401, []]);
          expect(reply.headers['cache-control']).toBe('no-store');
        }
        await signedIn();
        expect(seenIn(await browser.get('/account')).user).toBe('u_42');
        expect(seenIn(await browser.get('/payment')).user).toBe('u_42');
      });

      it('sees his devices, and ends the others or all of them', async () => {
        const others = [await signedIn('u_9'), await signedIn('u_9')];
        await signedIn('u_9');
        const devices = JSON.parse((await browser.get('/devices')).body) as { current: boolean }[];
        expect([devices.length, devices.filter(({ current }) => current).length]).toEqual([3, 1]);
        expect((await browser.post('/logout-everywhere?keep')).body).toBe('2');
        for (const other of others) expect(await seenBy(other)).toBeNull();
        expect((await seenBy(browser))?.user).toBe('u_9');
        const last = await browser.post('/logout-everywhere');
        expect([last.body, last.cookies]).toEqual(['1', [CLEARED_COOKIE]]);
      });
    });

    describe('a session of half a second', () => {
      it('ends at its absolute deadline, neither earlier nor later', async () => {
        const { absoluteExpiresAt: end } = seenIn(await newBrowser().post('/login?user=u_42&lifetime=500ms'));
        const answers = (await Promise.all(Array.from({ length: POLLERS }, () => pollUntil(end + 20)))).flat();
        for (const { askedAt, answeredAt, isAlive } of answers) {
          if (answeredAt < end) expect(isAlive, `${end - answeredAt} ms before its end`).toBe(true);
          if (askedAt >= end) expect(isAlive, `${askedAt - end} ms after its end`).toBe(false);
        }
        expect(answers.some(({ isAlive }) => isAlive)).toBe(true);
        expect(answers.some(({ isAlive }) => !isAlive)).toBe(true);
      });

      it('lives on while it is used, and ends at its idle deadline', async () => {
        const login = await newBrowser().post('/login?user=u_42&lifetime=500ms&absolute=1h');
        const first = seenIn(login).idleExpiresAt;
        let last = first;
        await until(async () => {
          last = seenIn(await browser.get('/me')).idleExpiresAt;
          return Date.now() > first + 100;
        });
        await until(() => Date.now() > last);
        expect(await seenBy(browser)).toBeNull();
      });

      async function pollUntil(then: number): Promise<Alive[]> {
        const answers: Alive[] = [];
        do answers.push(JSON.parse((await browser.get('/alive')).body) as Alive);
        while (answers.at(-1)!.askedAt < then);
        return answers;
      }
    });

    describe('a response', () => {
      it('that is streamed carries the cookie, and the session may still be written while it is under way', async () => {
        const reply = await newBrowser().get('/stream-after-login?user=u_42');
        expect(reply.cookies).toEqual([expect.stringMatching(SESSION_COOKIE)]);
        expect(reply.body).toBe('first\n1\n');
        expect((await browser.get('/stream')).body).toBe('first\n2\n');
        expect(await seenBy(browser)).toMatchObject({ user: 'u_42', data: { count: 2 } });
      });

      it('whose headers have been sent refuses calls that need a cookie, and does not change the session', async () => {
        await newBrowser().post('/cart?item=A1');
        const reply = await browser.get('/late-login?user=u_8');
        expect([reply.body, reply.cookies]).toEqual(['first\nHOLDFAST_RESPONSE_STARTED', []]);
        expect(await seenBy(browser)).toMatchObject({ user: null, data: { cart: ['A1'] } });
        expect(await stand.sessions.listByUser('u_8')).toEqual([]);
      });

      it('that breaks off after its headers leaves a session, and a server that goes on', async () => {
        const body = await newBrowser()
          .get('/broken-stream')
          .then(
            (reply) => reply.body,
            () => 'broken off',
          );
        // Over HTTP/2 Fastify ends the stream without an error code, which clients cannot distinguish from its end.
        expect(['broken off', 'first\n']).toContain(body);
        expect((await seenBy(browser))?.data.count).toBe(1);
      });

      it('to HEAD, and one of 304 without a body, carries the cookie', async () => {
        for (const ask of [() => browser.head('/begin'), () => browser.get('/not-modified')]) {
          newBrowser();
          const reply = await ask();
          expect(reply.cookies).toEqual([expect.stringMatching(SESSION_COOKIE)]);
          expect(reply.body).toBe('');
          expect((await seenBy(browser))?.data.count).toBe(1);
        }
        expect((await browser.get('/not-modified')).cookies).toEqual([]);
      });

      it('goes to the browser whose request it answers, over a connection that all browsers share', async () => {
        // Over HTTP/2 they share one anyway.
        const shared = http1Over(1);
        const site = stand.nodes
          .slice(0, 1)
          .map((node) => (node.transport === http1 ? { ...node, transport: shared } : node));
        const browsers = ['u_1', 'u_2', 'u_3'].map((user) => ({ user, one: new Browser(site) }));
        await Promise.all(browsers.map(({ user, one }) => one.post(`/login?user=${user}`)));
        const pages = browsers.flatMap((each) => Array.from({ length: 5 }, () => each));
        const seen = await Promise.all(pages.map(async ({ user, one }) => [user, (await seenBy(one))?.user]));
        expect(seen).toEqual(pages.map(({ user }) => [user, user]));
        await browsers[1]?.one.post('/logout');
        const users = await Promise.all(browsers.map(async ({ one }) => (await seenBy(one))?.user));
        expect(users).toEqual(['u_1', undefined, 'u_3']);
      });

      it('that the browser has given up stores its write, and the browser stays signed in', async () => {
        await signedIn();
        const name = encodeURIComponent(`${subject.name} abort`);
        const leaving = new AbortController();
        const left = browser.post(`/slow-write?item=A1&gate=${name}`, { node: 0, signal: leaving.signal });
        await until(async () => (await browser.get(`/gate?gate=${name}`, { node: 0 })).body !== '0', {
          what: 'the write to be under way',
        });
        leaving.abort();
        await expect(left).rejects.toThrow();
        await browser.post(`/gate?gate=${name}`, { node: 0 });
        await until(async () => (await seenBy(browser))?.data.cart.includes('A1'), { what: 'the write to be stored' });
        expect((await seenBy(browser))?.user).toBe('u_42');
      });
    });
  });
}
