// Draws the pictures of the page that the documents show, in Chromium: a screenshot, and a recording of half a minute.
//
//   npm run build && npm run demo:record

import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CDPSession } from 'playwright-core';
import sharp from 'sharp';
import { startChromium } from '../../support/chromium.ts';
import { openSite } from './site.ts';

const IMAGES = fileURLToPath(new URL('../../../docs/images', import.meta.url));
const SIZE = { width: 1280, height: 800 };
const RECORDED_WIDTH = 960;
const FRAME_MS = 500;
/** The last picture stays for a while before the recording begins again. */
const END_MS = 4_000;

await using resources = new AsyncDisposableStack();
const { url } = await openSite(resources, 0);
const browser = await startChromium();
resources.defer(() => browser.close());
const context = await browser.newContext({ viewport: SIZE, colorScheme: 'light' });
const page = await context.newPage();
await page.goto(url);
await page.waitForTimeout(6_000);

const frames: Buffer[] = [];
const cdp = await context.newCDPSession(page);
const camera = setInterval(() => void shoot(cdp), FRAME_MS);
await add('Storm lantern');
await page.waitForTimeout(1_500);
await add('Harbour light');
await page.waitForTimeout(2_000);
await press('Kill Redis');
await add('Velvet lantern');
await page.waitForTimeout(2_500);
await press('Bring it back with old data');
await page.waitForTimeout(1_500);
clearInterval(camera);

await sharp(await page.screenshot())
  .webp({ quality: 85 })
  .toFile(join(IMAGES, 'page.webp'));
await writeFile(join(IMAGES, 'page-recording.webp'), await animate(frames));
for (const name of ['page.webp', 'page-recording.webp']) {
  console.log(`docs/images/${name}: ${Math.round((await stat(join(IMAGES, name))).size / 1_000)} kB`);
}

async function add(product: string): Promise<void> {
  const shop = page.frameLocator('iframe');
  const count = shop.locator('.count');
  const before = Number(await count.textContent());
  await shop.locator('.card', { hasText: product }).getByRole('button').click();
  await count.filter({ hasText: String(before + 1) }).waitFor();
}

async function press(name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click();
  await page.locator('#reaction:not(.waiting)').waitFor();
}

async function shoot(session: CDPSession): Promise<void> {
  const { data } = await session.send('Page.captureScreenshot', { format: 'png' }).catch(() => ({ data: undefined }));
  if (data !== undefined) frames.push(Buffer.from(data, 'base64'));
}

async function animate(shots: readonly Buffer[]): Promise<Buffer> {
  const small = await Promise.all(shots.map((shot) => sharp(shot).resize({ width: RECORDED_WIDTH }).png().toBuffer()));
  const delay = small.map((_, at) => (at === small.length - 1 ? END_MS : FRAME_MS));
  return sharp(small, { join: { animated: true } })
    .webp({ quality: 60, effort: 5, loop: 0, delay, mixed: true, minSize: true })
    .toBuffer();
}
