// One evening in a shop whose Redis dies. Everything is real: Redis with TLS and ACL users, SQLite through Prisma, and
// two nodes of the shop, which import the library as any application does. Ends with a verdict; exit code 0 says that
// every promise was kept.
//
//   npm run demo                                                    sets the machine up first
//   npm run demo -- --web                                           the shop beside a panel that breaks things (web/)
//   npm run demo:run -- --plot docs/images/redis-outage.svg         draws the outage as it was measured

import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { drawOutage } from './plot.ts';
import { crash } from './scenes/crash.ts';
import { openTheShop } from './scenes/opening.ts';
import { rotateTheKey } from './scenes/rotation.ts';
import { fillOneCart } from './scenes/one-cart.ts';
import { stealEverything } from './scenes/theft.ts';
import { closeTheBooks } from './scenes/closing.ts';
import type { Stage } from './stage.ts';
import { Timeline } from './timeline.ts';
import { Verdict } from './verdict.ts';
import { openSite, type Site } from './web/site.ts';

/** Another one is taken if this one is. */
const PORT = 4_000;

const { values } = parseArgs({ options: { plot: { type: 'string' }, web: { type: 'boolean', default: false } } });
const timeline = new Timeline();
const verdict = new Verdict();
const resources = new AsyncDisposableStack();
const opening = values.web ? openSite(resources, PORT) : openTheShop({ timeline, verdict, resources });

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void leave());

try {
  const opened = await opening;
  if ('url' in opened) await keepOpen(opened);
  else await spendTheEvening(opened);
} catch (error) {
  timeline.say(`The demo broke: ${error instanceof Error ? error.stack : String(error)}`);
  process.exitCode = 1;
} finally {
  await resources.disposeAsync();
}

async function spendTheEvening(stage: Stage): Promise<void> {
  await fillOneCart(stage);
  const outage = await crash(stage);
  const resealed = await rotateTheKey(stage);
  await closeTheBooks(stage, resealed);
  await stealEverything(stage);
  if (values.plot !== undefined) await writeFile(values.plot, drawOutage(outage));
  timeline.end();
  process.exitCode = verdict.print(timeline) ? 0 : 1;
}

/** Until Ctrl-C. */
async function keepOpen({ url }: Site): Promise<never> {
  console.log(`The shop and its panel: ${url}   (Ctrl-C stops all servers and removes what they wrote)`);
  return new Promise(() => undefined);
}

/** Ctrl-C: processes and folders go as well. What is being started has to be there before it can be removed. */
async function leave(): Promise<void> {
  await opening.catch(() => undefined);
  await resources.disposeAsync().catch(() => undefined);
  process.exit(130);
}
