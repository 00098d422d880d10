import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

/** The one without a user interface first: it takes a third of the time. */
const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];
const PLACES = [
  ...(process.env['PATH'] ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name))),
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** The machine's Chromium; undefined where there is none and the set-up could not install it. */
export const chromiumPath: string | undefined = PLACES.find((place) => existsSync(place));

export function startChromium(): Promise<Browser> {
  // Its sandbox needs rights that a container does not have.
  return chromium.launch({ executablePath: chromiumPath ?? '', args: ['--no-sandbox'] });
}
