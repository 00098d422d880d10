import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SessionClient } from '../../src/index.ts';
import type { PrismaClientLike } from '../../src/tiers/prisma/index.ts';
import { prismaTier } from '../../src/tiers/prisma/index.ts';
import { percentile, redisTierFor } from '../support/real-client.ts';
import { startRedis, type RedisServer } from '../support/servers/redis.ts';
import { until } from '../support/servers/until.ts';
import { freshDatabase } from '../support/shared.ts';
import { nodeHttp } from './subjects/node-http.ts';
import { Browser } from './support/browser.ts';
import type { FloodOrders, FloodReport } from './support/flood-worker.ts';
import type { Shop } from './support/shop.ts';
import { applicationOf, shopClient } from './support/stand.ts';
import type { Site } from './support/subject.ts';

const PER_SECOND = 5_000;
const WINDOW_MS = 500;
const WINDOWS = 5;
/** Noise of a busy machine; the middle of several windows is far below it. */
const SLOWER_MAX = 4;
/** The check of a mac is a twentieth of a request; the rest is noise. With I/O for each cookie it was 1.8, which the test before sees. */
const COSTLIER_MAX = 2;

let redis: RedisServer;
let sessions: SessionClient<Shop>;
let site: Site;
let worker: ChildProcess;
const statements: string[] = [];
const cleanups: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  redis = await startRedis();
  const database = await freshDatabase('postgresql');
  sessions = await shopClient({
    primary: redisTierFor(redis),
    durable: prismaTier(recording(database.prisma), { provider: 'postgresql' }),
  });
  site = await nodeHttp.start(applicationOf(sessions));
  worker = fork(fileURLToPath(new URL('support/flood-worker.ts', import.meta.url)));
  cleanups.push(
    async () => worker.disconnect(),
    () => site.close(),
    () => sessions.close(),
    () => database.close(),
    () => redis.stop(),
  );
});
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup();
});

/** The client, noting the text of each statement. */
function recording(prisma: PrismaClientLike): PrismaClientLike {
  const noted = (text: string): string => {
    statements.push(text);
    return text;
  };
  return {
    $queryRawUnsafe: (text, ...values) => prisma.$queryRawUnsafe(noted(text), ...values),
    $executeRawUnsafe: (text, ...values) => prisma.$executeRawUnsafe(noted(text), ...values),
  };
}

async function flood(withCookies: boolean, durationMs: number, perSecond = PER_SECOND): Promise<FloodReport> {
  const orders: FloodOrders = { origin: site.origin, path: '/me', perSecond, durationMs, withCookies };
  worker.send(orders);
  const [report] = (await once(worker, 'message')) as [FloodReport];
  return report;
}

/** Commands that the server has executed since it started, and how often. */
async function commands(): Promise<Map<string, number>> {
  const info = String(await redis.cli('INFO', 'commandstats'));
  return new Map(
    [...info.matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)].map(([, name = '', calls]) => [name, Number(calls)]),
  );
}

/** What was asked of the servers while `call` ran: the kinds of Redis commands, and the texts of statements. */
async function askedDuring(call: () => Promise<unknown>): Promise<{ commands: Set<string>; statements: Set<string> }> {
  const before = await commands();
  statements.length = 0;
  await call();
  const after = await commands();
  const used = [...after].filter(([name, calls]) => calls > (before.get(name) ?? 0)).map(([name]) => name);
  return { commands: new Set(used), statements: new Set(statements) };
}

const beyond = (known: Set<string>, used: Set<string>): string[] => [...used].filter((one) => !known.has(one));

describe('made-up cookies', () => {
  it('cost no Redis command and no statement, thousands of them', async () => {
    const browser = new Browser([site]);
    await browser.post('/login?user=u_42');
    const old = browser.copy();
    await browser.post('/logout');
    // What a client does by itself: it reads the dirty feed, says that it lives, asks Redis who it is.
    const idle = await askedDuring(async () => {
      await until(() => statements.length >= 4, {
        what: 'the client to have gone about its own business',
        timeoutMs: 20_000,
      });
    });
    const flooded = await askedDuring(async () => {
      for (let answered = 0; answered < PER_SECOND;) answered += (await flood(true, WINDOW_MS)).answered;
    });
    expect(beyond(idle.commands, flooded.commands)).toEqual([]);
    // Now and then a node also says which ring it uses, in tables of their own.
    expect(beyond(idle.statements, flooded.statements).filter((text) => text.includes('"holdfast_session"'))).toEqual(
      [],
    );
    const signed = await askedDuring(() => old.get('/me'));
    expect(beyond(idle.commands, signed.commands)).toContain('mget');
  });

  it('slow the pages of a signed-in user no more than requests without any', async () => {
    const browser = new Browser([site]);
    await browser.post('/login?user=u_42');
    const perSecond = await rateWithRoom();
    const windows = { plain: [] as Window[], madeUp: [] as Window[] };
    // By turns, so that whatever else the machine has to do meets both.
    for (let turn = 0; turn < WINDOWS; turn += 1) {
      for (const kind of ['plain', 'madeUp'] as const) {
        windows[kind].push(await measure(browser, perSecond, kind === 'madeUp'));
      }
    }
    const { plain, madeUp } = windows;
    expect(middle(madeUp, 'middleMs')).toBeLessThan(SLOWER_MAX * middle(plain, 'middleMs'));
    expect(middle(madeUp, 'cpuUs')).toBeLessThan(COSTLIER_MAX * middle(plain, 'cpuUs'));
  });
});

interface Window {
  /** What a page view of the signed-in user takes: the median, since the slowest of half a second is mostly noise. */
  readonly middleMs: number;
  /** Processor time of this process for each request that it answered. */
  readonly cpuUs: number;
  readonly answered: number;
}

const middle = (windows: readonly Window[], what: keyof Window): number =>
  percentile(
    windows.map((one) => one[what]),
    0.5,
  );

/**
 * The rate of the floods: fewer where the machine has something else to do and cannot answer them all, for in a queue a page waits for what
 * is before it, whatever that costs.
 */
async function rateWithRoom(): Promise<number> {
  const { sent } = await flood(false, WINDOW_MS);
  const carried = (sent * 1_000) / WINDOW_MS;
  return carried > 0.9 * PER_SECOND ? PER_SECOND : carried / 2;
}

/** One user's page views, one after another, during a flood. */
async function measure(browser: Browser, perSecond: number, withCookies: boolean): Promise<Window> {
  const times: number[] = [];
  const before = process.cpuUsage();
  const running = flood(withCookies, WINDOW_MS, perSecond);
  const isOver = running.then(() => true);
  while (!(await Promise.race([isOver, pageView(browser, times)])));
  const { answered } = await running;
  const { user, system } = process.cpuUsage(before);
  return { middleMs: percentile(times, 0.5), cpuUs: (user + system) / (answered + times.length), answered };
}

async function pageView(browser: Browser, times: number[]): Promise<false> {
  const start = performance.now();
  const { status } = await browser.get('/me');
  expect(status).toBe(200);
  times.push(performance.now() - start);
  return false;
}
