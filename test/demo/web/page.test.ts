import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Browser, BrowserContext, BrowserContextOptions, FrameLocator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, startChromium } from '../../support/chromium.ts';
import { openSite, type Site } from './site.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const AXE_OPTIONS: RunOptions = {
  iframes: false,
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'],
};
const LAPTOP = { width: 1280, height: 800 };
/** The longest that a button watches the library. */
const WATCHED_MS = 45_000;

const why = chromiumPath === undefined ? ' (skipped: there is no Chromium, and the set-up could not install it)' : '';

describe.skipIf(chromiumPath === undefined)(`the page in Chromium${why}`, () => {
  const resources = new AsyncDisposableStack();
  let browser: Browser;
  let site: Site;
  const contexts: BrowserContext[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    [browser, site] = await Promise.all([startChromium(), openSite(resources, 0)]);
  });
  afterAll(async () => {
    await browser?.close();
    await resources.disposeAsync();
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    const found = complaints.splice(0);
    if (found.length > 0) throw new Error(`The browser complained: ${found.join('\n')}`);
  });

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: LAPTOP, ...options });
    context.setDefaultTimeout(20_000);
    contexts.push(context);
    const page = await context.newPage();
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => {
      // A refused request is an answer, and Chromium notes it as an error.
      if (message.type() === 'error' && !/status of (?:409|503)/.test(message.text())) complaints.push(message.text());
    });
    await page.goto(site.url);
    await page.getByText(/^Last 5 s/).waitFor();
    return page;
  }

  const shop = (page: Page): FrameLocator => page.frameLocator('iframe');
  const inCart = async (page: Page): Promise<number> => Number(await shop(page).locator('.count').textContent());
  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

  async function add(page: Page, product = 'Storm lantern'): Promise<void> {
    const before = await inCart(page);
    await shop(page).locator('.card', { hasText: product }).getByRole('button').click();
    await shop(page)
      .locator('.count', { hasText: String(before + 1) })
      .waitFor();
  }

  async function signIn(page: Page): Promise<void> {
    await shop(page).getByRole('link', { name: 'Sign in' }).click();
    await shop(page).getByLabel('Name').fill('ada');
    await shop(page).getByLabel('Password').fill('lantern');
    await shop(page).getByRole('button', { name: 'Sign in' }).click();
    await shop(page).getByRole('link', { name: 'ada' }).waitFor();
  }

  /** Presses a button, and returns what the page then says: what happened, and what the library did. */
  async function press(page: Page, name: string): Promise<{ did: string; reaction: string }> {
    await button(page, name).click();
    await page.locator('#reaction:not(.waiting)').waitFor({ timeout: WATCHED_MS });
    return story(page);
  }

  async function story(page: Page): Promise<{ did: string; reaction: string }> {
    const [did, reaction] = await Promise.all(['#did', '#reaction'].map((id) => page.locator(id).textContent()));
    return { did: did ?? '', reaction: reaction ?? '' };
  }

  const tier = (page: Page, id: 'database' | 'redis' | 'ring') => page.locator(`#${id}`);

  /** Waits until nothing of a former test can be seen: Redis serves again, and the snapshot is of now. */
  async function settle(page: Page): Promise<void> {
    await tier(page, 'redis').filter({ hasText: 'both nodes: up' }).waitFor({ timeout: WATCHED_MS });
    await tier(page, 'database').filter({ hasText: 'both nodes: up' }).waitFor({ timeout: WATCHED_MS });
  }

  it('shows the shop beside the panel in one screen of a laptop, and says what to try', async () => {
    const page = await open();
    await shop(page).getByRole('heading', { name: 'Lanterns' }).waitFor();
    expect(await page.getByRole('list', { name: 'Two minutes' }).getByRole('listitem').count()).toBe(3);
    expect(await sizeOf(page)).toEqual([LAPTOP.width, LAPTOP.height]);
    await add(page);
    await page.locator('[data-step="cart"].done').waitFor();
  });

  it('"Kill Redis": the database answers, no call fails; "Bring it back with old data": the old cart is not believed', async () => {
    const page = await open();
    await add(page);
    await add(page);
    await settle(page);
    const killed = await press(page, 'Kill Redis');
    expect(killed.did).toContain('SIGKILL');
    expect(killed.reaction).toMatch(
      /out of use after \d+ ms \(\S+\), and the database answers: \d+ reads .* none of \d+ calls failed/,
    );
    expect(await tier(page, 'redis').textContent()).toMatch(/killed.*both nodes: down/);
    expect(await button(page, 'Freeze it').getAttribute('aria-disabled')).toBe('true');
    await add(page, 'Harbour light');

    const back = await press(page, 'Bring it back with old data');
    expect(back.did).toMatch(/snapshot from \d+ s ago. It says that your session is at revision 1\./);
    expect(back.reaction).toMatch(
      /uses it again after \d+ ms.*both nodes give you revision 3, so nothing that you did is lost/,
    );
    await shop(page).getByRole('link', { name: /Cart/ }).click();
    expect(await inCart(page)).toBe(3);
  });

  it('"Freeze it" and "Thaw it": nobody waits for a frozen Redis, and it is used again', async () => {
    const page = await open();
    await settle(page);
    const frozen = await press(page, 'Freeze it');
    expect(frozen.did).toContain('SIGSTOP');
    expect(frozen.reaction).toMatch(
      /out of use after \d+ ms \(\S+\), and the database answers.*none of \d+ calls failed/,
    );
    expect(await tier(page, 'redis').textContent()).toContain('frozen');
    const thawed = await press(page, 'Thaw it');
    expect(thawed.did).toContain('SIGCONT');
    expect(thawed.reaction).toMatch(/uses it again after \d+ ms.*none of \d+ calls failed/);
  });

  it('"Slow it" and "Speed it up": a slow Redis is left for the database', async () => {
    const page = await open();
    await settle(page);
    const slow = await press(page, 'Slow it');
    expect(slow.did).toContain('200 ms longer');
    expect(slow.reaction).toMatch(
      /out of use after \d+ ms \(\S+\), and the database answers.*none of \d+ calls failed/,
    );
    expect(await tier(page, 'redis').textContent()).toContain('slow');
    const fast = await press(page, 'Speed it up');
    expect(fast.reaction).toMatch(/uses it again after \d+ ms.*none of \d+ calls failed/);
  });

  it('"Flip a bit on the wire": TLS notices each time, the connection is made anew, and no call fails', async () => {
    const page = await open();
    // The library publishes the first two losses of each node, and then no more for ten seconds.
    for (let flips = 0; flips < 8; flips += 1) {
      await settle(page);
      const { did, reaction } = await press(page, 'Flip a bit on the wire');
      expect(did).toContain('One bit');
      expect(reaction).toMatch(/TLS noticed it \(\S+\).*a new one served after \d+ ms; none of \d+ calls failed/);
    }
    await settle(page);
  });

  it('"Stop the database": Redis serves, writes are refused and nobody is signed out; "Start the database": writes go on', async () => {
    const page = await open();
    await signIn(page);
    await add(page);
    await settle(page);
    const stopped = await press(page, 'Stop the database');
    expect(stopped.reaction).toMatch(
      /serves from Redis alone, for 15 minutes \([1-9]\d* reads since.*refuses writes as/,
    );
    expect(await tier(page, 'database').textContent()).toContain('stopped');
    await shop(page).locator('.card', { hasText: 'Night light' }).getByRole('button').click();
    await shop(page).getByText('You are still signed in').waitFor();

    const started = await press(page, 'Start the database');
    expect(started.reaction).toMatch(/writes to it again after \d+ ms/);
    await settle(page);
    await page.reload();
    await shop(page).getByRole('link', { name: 'ada' }).waitFor();
    await add(page);
  });

  it('"Rotate the key": the new key seals once both nodes have it, and the old one still opens', async () => {
    const page = await open();
    await add(page);
    await settle(page);
    await page.getByRole('tab', { name: 'Key ring' }).click();
    const before = await page
      .locator('#stored tr.active')
      .filter({ hasText: 'sealing sessions' })
      .getByRole('rowheader')
      .textContent();
    const { did, reaction } = await press(page, 'Rotate the key');
    expect(did).toContain('pending');
    expect(reaction).toMatch(/active after \d+ ms, once both nodes.*none of \d+ calls failed/);
    const rows = page.locator('#stored tbody tr');
    await rows
      .filter({ hasText: before ?? '' })
      .filter({ hasText: 'decrypt-only' })
      .waitFor();
    expect(await rows.filter({ hasText: 'active' }).filter({ hasText: 'sealing sessions' }).count()).toBe(1);
    expect(await inCart(page)).toBe(1);
    await add(page);
  });

  it('"Log out everywhere": other devices are signed out as well, for good; a visitor without a login is asked for one', async () => {
    const page = await open();
    expect((await press(page, 'Log out everywhere')).did).toContain('Nobody is signed in here');
    await signIn(page);
    await add(page);
    const { did, reaction } = await press(page, 'Log out everywhere');
    expect(did).toMatch(/^[1-9]\d* sessions? of ada ended/);
    expect(reaction).toMatch(/final after \d+ ms.*both nodes refuse your old cookie/);
    await shop(page).getByRole('link', { name: 'Sign in' }).waitFor();
    const back = await press(page, 'Bring it back with old data');
    expect(back.did).toContain('It says that you are still signed in');
    expect(back.reaction).toContain('the logout stays a logout');
    expect(await shop(page).getByRole('link', { name: 'Sign in' }).count()).toBe(1);
    await settle(page);
  });

  it('"Open a second tab": it has the same cart; "Write in two tabs at once": no write is lost', async () => {
    const page = await open();
    await add(page);
    await settle(page);
    const [tab] = await Promise.all([
      page.waitForEvent('popup'),
      page.getByRole('link', { name: 'Open a second tab' }).click(),
    ]);
    expect(await tab.locator('.count').textContent()).toBe('1');
    const { did, reaction } = await press(page, 'Write in two tabs at once');
    expect(did).toContain('each on a node of its own');
    expect(reaction).toMatch(/^20 of 20 are in the cart, none lost/);
    await shop(page).locator('.count', { hasText: '21' }).waitFor();
    await tab.reload();
    expect(await tab.locator('.count').textContent()).toBe('21');
  });

  it('shows every byte that the stores hold of the session, and what a thief reads in them', async () => {
    const page = await open();
    expect(await page.locator('#stored').textContent()).toContain('You have no session yet');
    await add(page);
    await signIn(page);
    await settle(page);
    const row = (name: string) =>
      page.locator('#stored tbody tr').filter({ has: page.getByRole('rowheader', { name, exact: true }) });
    await page.locator('#stored').filter({ hasText: 'ada, 1 × storm' }).waitFor();
    expect(await row('revision').first().textContent()).toContain('how often it was written');
    expect(await row('key: storage key').textContent()).toContain('SHA-256');
    await page.getByRole('tab', { name: 'PostgreSQL' }).click();
    await row('user_key').waitFor();
    const stored = await site.world.auditor.prisma.holdfastSession.findFirstOrThrow({ orderBy: { createdAt: 'desc' } });
    const names = ['format', 'suite, flags', 'key id', 'revision', 'nonce', 'ciphertext', 'tag'];
    const shown = await Promise.all(names.map((name) => row(name).last().locator('.bytes').textContent()));
    expect(shown.join('').replaceAll(/\s/g, '')).toBe(Buffer.from(stored.envelope).toString('hex'));
  });

  it('sends neither keys, nor credentials, nor the whole session id to the browser', async () => {
    const page = await open();
    const bodies: string[] = [];
    page.on('response', async (response) => {
      if (response.url().includes('/demo/session')) bodies.push(await response.text().catch(() => ''));
    });
    await add(page);
    await signIn(page);
    await page.getByRole('tab', { name: 'PostgreSQL' }).click();
    await page.getByRole('tab', { name: 'Key ring' }).click();
    // The page asks once for several changes in a row, so the number of answers depends on the machine.
    await expect.poll(() => bodies.join('\n'), { timeout: 20_000 }).toContain('storm');
    const events = await eventsUntil('calls', site.url);
    const { keys, redis, postgres } = site.world;
    const ring = await keys.source().load();
    const material = ring.toJwks().keys.map(({ k }) => k);
    const [cookie] = await page.context().cookies();
    const secrets = [
      ...material,
      ...material.map(hexOf),
      keys.passphrase,
      redis.password,
      redis.admin.password,
      postgres.password,
    ];
    const sent = [...bodies, events, await page.content()].join('\n');
    expect(sent).toContain('storm');
    for (const secret of [...secrets, cookie?.value.split('.')[0] ?? '']) expect(sent.includes(secret)).toBe(false);
  });

  it('can be used with the keyboard alone, and a button keeps the focus when it makes no sense any more', async () => {
    const page = await open();
    await settle(page);
    await page.keyboard.press('Tab');
    const focused = (): Promise<unknown> => page.evaluate('document.activeElement?.textContent.trim()');
    expect(await focused()).toBe('Skip to the buttons');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Kill Redis');
    await page.keyboard.press('Enter');
    await page.locator('#reaction:not(.waiting)').waitFor({ timeout: WATCHED_MS });
    expect([await focused(), await button(page, 'Kill Redis').getAttribute('aria-disabled')]).toEqual([
      'Kill Redis',
      'true',
    ]);
    for (let steps = 0; steps < 4; steps += 1) await page.keyboard.press('Tab');
    expect(await focused()).toBe('Bring it back with old data');
    await page.keyboard.press('Space');
    await page.getByText(/Redis is back/).waitFor();
    await settle(page);
    for (let steps = 0; steps < 6; steps += 1) await page.keyboard.press('Tab');
    expect(await focused()).toBe('Redis');
    await page.keyboard.press('ArrowRight');
    expect([await focused(), await page.getByRole('tab', { selected: true }).getAttribute('id')]).toEqual([
      'PostgreSQL',
      'tab-database',
    ]);
  });

  it('announces one sentence a button, not each call', async () => {
    const page = await open();
    await settle(page);
    await page.evaluate(`{
      const lines = [...document.querySelectorAll('[role=status], [role=alert], [aria-live]')];
      window.announced = [];
      const observer = new MutationObserver(() => window.announced.push(lines.map((line) => line.textContent).join('')));
      for (const line of lines) observer.observe(line, { childList: true, characterData: true, subtree: true });
    }`);
    const { did, reaction } = await press(page, 'Write in two tabs at once');
    expect(await page.evaluate('window.announced')).toEqual([`${did} ${reaction}`]);
  });

  it('moves little where less motion is wanted', async () => {
    const framesIn = async (page: Page): Promise<number> => {
      const frames = (): Promise<number> => page.evaluate("Number(document.querySelector('canvas').dataset.frames)");
      const before = await frames();
      await page.waitForTimeout(3_000);
      return (await frames()) - before;
    };
    const calm = await framesIn(await open({ reducedMotion: 'reduce' }));
    expect(calm).toBeGreaterThan(0);
    expect(calm).toBeLessThanOrEqual(4);
    const page = await open();
    expect(await framesIn(page)).toBeGreaterThan(2 * calm);
    expect(await page.evaluate('document.getAnimations().length')).toBe(0);
  });

  it.each([
    ['light', LAPTOP],
    ['dark', LAPTOP],
    ['light', { width: 360, height: 740 }],
    ['dark', { width: 360, height: 740 }],
  ] as const)('has no fault that axe knows of: %s, %o', async (colorScheme, viewport) => {
    const page = await open({ colorScheme, viewport, bypassCSP: true });
    await add(page);
    await press(page, 'Write in two tabs at once');
    expect((await sizeOf(page))[0]).toBe(viewport.width);
    for (const tab of ['Redis', 'PostgreSQL', 'Key ring', 'Events']) {
      await page.getByRole('tab', { name: tab }).click();
      expect(await faultsOf(page, tab)).toEqual([]);
    }
    const frame = page.frames().find((each) => each !== page.mainFrame());
    if (frame) expect(await faultsOf(frame, 'shop')).toEqual([]);
  });

  it('refuses requests of other pages and names, and allows no script but its own', async () => {
    const post = (headers: Record<string, string>): Promise<number> =>
      fetch(new URL('press/kill', site.url), { method: 'POST', headers }).then(({ status }) => status);
    expect(await post({})).toBe(403);
    expect(await post({ Origin: 'https://elsewhere.example' })).toBe(403);
    const page = await open();
    const rebound = await page.request.get(site.url, { headers: { Host: 'elsewhere.example' } });
    expect(rebound.status()).toBe(403);
    const { headers } = await fetch(site.url);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(await tier(page, 'redis').textContent()).toContain('running');
  });
});

/** Reads the events that a panel gets when it opens, until one of this name. */
async function eventsUntil(name: string, url: string): Promise<string> {
  const { body } = await fetch(new URL('events', url));
  let text = '';
  if (body === null) return text;
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes(`event: ${name}`)) break;
  }
  return text;
}

const sizeOf = (page: Page): Promise<[width: number, height: number]> =>
  page.evaluate('[document.documentElement.scrollWidth, document.documentElement.scrollHeight]');

async function faultsOf(frame: Pick<Page, 'evaluate'>, where: string): Promise<string[]> {
  await frame.evaluate(AXE);
  const { violations } = await frame.evaluate<AxeResults>(`axe.run(${JSON.stringify(AXE_OPTIONS)})`);
  return violations.map(({ id, nodes }) => `${where}: ${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

const hexOf = (text: string): string => Buffer.from(text, 'base64url').toString('hex');
