import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { html } from '../../examples/shop/html.ts';
import type { Shop } from '../../examples/shop/sessions.ts';
import { shop } from '../../examples/shop/shop.ts';
import { setPassword } from '../../examples/shop/users.ts';
import { chromiumPath, startChromium } from '../support/chromium.ts';
import { ExampleProcess } from '../support/example-process.ts';
import { memoryClient, type MemoryClient } from '../support/memory-client.ts';
import { SiteBrowser } from '../support/site-browser.ts';

const MINUTE_MS = 60_000;

it('the shop opens by its command', async () => {
  await using example = await ExampleProcess.start('shop');
  const response = await new SiteBrowser(example.url, 'laptop').request('GET', '/');
  expect(response.status).toBe(200);
  expect(await response.text()).toContain('Storm lantern');
});

it('the template of the shop escapes what is not a template', () => {
  const name = `<img src=x onerror="alert('1')"> & co`;
  expect(html`<b title="${name}">${[html`<i>${1}</i>`, name]}</b>${undefined}`.text).toBe(
    '<b title="&#60;img src=x onerror=&#34;alert(&#39;1&#39;)&#34;&#62; &#38; co"><i>1</i>' +
      '&#60;img src=x onerror=&#34;alert(&#39;1&#39;)&#34;&#62; &#38; co</b>',
  );
});

const why = chromiumPath === undefined ? ' (skipped: there is no Chromium, and the set-up could not install it)' : '';

/** Closes the client, which takes up to seven seconds after a logout everywhere. They are fake here. */
async function closeInFakeTime({ sessions, platform }: MemoryClient<Shop>): Promise<void> {
  const closing = sessions.close();
  await platform.advance(10_000);
  await closing;
}

describe.skipIf(chromiumPath === undefined)(`the shop in Chromium${why}`, () => {
  let browser: Browser;
  let client: MemoryClient<Shop>;
  let server: Server;
  let url: string;
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser?.close());

  beforeEach(async () => {
    await setPassword('ada', 'lantern');
    client = await memoryClient<Shop>();
    server = shop(client.sessions).listen(0);
    await once(server, 'listening');
    url = `http://localhost:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    server.closeAllConnections();
    server.close();
    await closeInFakeTime(client);
  });

  async function newBrowser(): Promise<BrowserContext> {
    const context = await browser.newContext({ baseURL: url, viewport: { width: 1100, height: 800 } });
    context.setDefaultTimeout(10_000);
    contexts.push(context);
    return context;
  }

  const press = (page: Page, name: string): Promise<void> =>
    page.getByRole('button', { name, exact: true }).first().click();

  async function add(page: Page, product: string): Promise<void> {
    await page.locator('.card', { hasText: product }).getByRole('button').click();
  }

  async function signIn(page: Page, password = 'lantern'): Promise<void> {
    await page.goto('/sign-in?back=/account');
    await page.getByLabel('Name').fill('ada');
    await page.getByLabel('Password').fill(password);
    await press(page, 'Sign in');
  }

  const title = (page: Page): Promise<string | null> => page.locator('h1').textContent();
  const inCart = (page: Page): Promise<string | null> => page.locator('.count').textContent();

  it('sets no cookie for a visitor who only looks, and a __Host- cookie for one who fills a cart', async () => {
    const context = await newBrowser();
    const page = await context.newPage();
    await page.goto('/');
    await page.goto('/cart');
    expect(await context.cookies()).toEqual([]);

    await page.goto('/');
    await add(page, 'Storm lantern');
    expect(await inCart(page)).toBe('1');
    expect(await context.cookies()).toEqual([
      expect.objectContaining({
        name: '__Host-sid',
        domain: 'localhost',
        path: '/',
        httpOnly: true,
        secure: true,
        sameSite: 'Lax',
        expires: -1,
      }),
    ]);
    expect(await page.evaluate('document.cookie')).toBe('');
  });

  it('takes the cart through a login, under another id', async () => {
    const context = await newBrowser();
    const page = await context.newPage();
    await page.goto('/');
    await add(page, 'Storm lantern');
    const [before] = await context.cookies();
    await signIn(page, 'wrong');
    expect(await page.getByRole('alert').textContent()).toContain('not the password');
    await signIn(page);
    expect([await title(page), await inCart(page)]).toEqual(['Your account', '1']);
    const [after, ...more] = await context.cookies();
    expect(more).toEqual([]);
    expect(after?.value).not.toBe(before?.value);

    const thief = await newBrowser();
    await thief.addCookies([before!]);
    const stolen = await thief.newPage();
    await stolen.goto('/account');
    expect([await title(stolen), await inCart(stolen)]).toEqual(['Sign in', '0']);
  });

  it('keeps what two tabs put into the cart at once', async () => {
    const context = await newBrowser();
    const first = await context.newPage();
    await signIn(first);
    const second = await context.newPage();
    await first.goto('/');
    await second.goto('/');
    await Promise.all([add(first, 'Storm lantern'), add(second, 'Night light')]);
    await Promise.all([add(first, 'Storm lantern'), add(second, 'Night light')]);
    await first.goto('/cart');
    expect(await inCart(first)).toBe('4');
    expect(await first.locator('td:first-child').allTextContents()).toEqual(
      expect.arrayContaining(['Storm lantern', 'Night light']),
    );
  });

  it('asks for the password again before money is spent by somebody who signed in a while ago', async () => {
    const context = await newBrowser();
    const page = await context.newPage();
    await signIn(page);
    await page.goto('/');
    await add(page, 'Velvet lantern');
    await page.goto('/cart');
    await press(page, 'Check out');
    expect(await title(page)).toBe('Check out');

    await client.platform.advance(16 * MINUTE_MS);
    await press(page, 'Pay € 34.00');
    expect(await title(page)).toBe('Is it you?');
    await page.goto('/cart');
    await press(page, 'Check out');
    expect(await title(page)).toBe('Is it you?');
    await page.getByLabel('Password').fill('lantern');
    await press(page, 'Confirm');
    expect(await title(page)).toBe('Check out');
    await press(page, 'Pay € 34.00');
    expect([await title(page), await inCart(page)]).toEqual(['Thank you', '0']);
  });

  it('lists the devices, marks this one, and signs another one out', async () => {
    const laptop = await (await newBrowser()).newPage();
    const phone = await (await newBrowser()).newPage();
    await signIn(laptop);
    await signIn(phone);
    await laptop.goto('/account');
    const lines = laptop.locator('.devices li');
    expect(await lines.count()).toBe(2);
    expect(await lines.filter({ hasText: 'this device' }).count()).toBe(1);
    expect(await lines.first().textContent()).toMatch(/Chrome on (?:Linux|Mac)\s*last seen Tue, 01 Jan 2030/);
    await lines.filter({ hasNotText: 'this device' }).getByRole('button').click();
    expect(await lines.count()).toBe(1);
    await phone.goto('/account');
    expect(await title(phone)).toBe('Sign in');
    await laptop.reload();
    expect(await title(laptop)).toBe('Your account');
  });

  it('signs out everywhere: another browser is signed out by its next page', async () => {
    const here = await newBrowser();
    const laptop = await here.newPage();
    const phone = await (await newBrowser()).newPage();
    await signIn(laptop);
    await signIn(phone);
    await press(laptop, 'Sign out everywhere');
    expect(await laptop.locator('nav').textContent()).toContain('Sign in');
    expect(await here.cookies()).toEqual([]);
    await phone.goto('/');
    expect(await phone.locator('nav').textContent()).toContain('Sign in');
  });

  it('signs all other devices out when the password is changed', async () => {
    const laptop = await (await newBrowser()).newPage();
    const phone = await (await newBrowser()).newPage();
    await signIn(phone);
    await signIn(laptop);
    await press(laptop, 'Change password');
    await laptop.getByLabel('New password').fill('moths and flames');
    await press(laptop, 'Change it, and sign out all other devices');
    expect(await laptop.locator('.devices li').count()).toBe(1);
    await phone.goto('/account');
    expect(await title(phone)).toBe('Sign in');
    await signIn(phone);
    expect(await phone.getByRole('alert').textContent()).toContain('not the password');
    await signIn(phone, 'moths and flames');
    expect(await title(phone)).toBe('Your account');
  });

  it('refuses a form of another site, which leaves the visitor signed in', async () => {
    const context = await newBrowser();
    const page = await context.newPage();
    await signIn(page);
    await page.route('http://elsewhere.test/', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<form method="post" action="${url}/sign-out"><button>Win a lantern</button></form>`,
      }),
    );
    await page.goto('http://elsewhere.test/');
    const answer = page.waitForResponse(`${url}/sign-out`);
    await press(page, 'Win a lantern');
    expect((await answer).status()).toBe(403);
    await page.goto('/account');
    expect(await title(page)).toBe('Your account');
  });
});
