import diagnostics from 'node:diagnostics_channel';
import { TIER_CHANGE_WINDOW_MS } from '../../../src/limits/process.ts';
import { until } from '../../support/servers/until.ts';
import type { Browser, Reply } from './browser.ts';
import type { Seen } from './shop.ts';

/** What the other tab does while one signs in. */
export const OTHER_TABS = ['a write', 'a poll', 'a logout'] as const;
export type OtherTab = (typeof OTHER_TABS)[number];

/** Trials that run at one time; more of them delay each other in other ways. */
const AT_ONCE = 16;
/** Requests and responses are on the way for up to so long, each. */
const TRAVEL_MS = 8;

/** Trials that a busy machine may spoil, as a share of all. */
const SPOILT_MAX = 0.25;

/** A tier did not answer in time. That is said, so nobody was harmed; but the trial shows nothing. */
class Unavailable extends Error {}

export function requireAvailable({ status, body }: Reply): void {
  if (status === 503) throw new Unavailable(body);
}

/** Runs trials with numbers of their own, each again if it was spoilt. What went wrong in them. */
export async function runTrials(count: number, trial: (n: number) => Promise<string | undefined>): Promise<string[]> {
  const wrongs: string[] = [];
  let next = 0;
  let spoilt = 0;
  const runner = async (): Promise<void> => {
    while (next < count + spoilt) {
      try {
        const wrong = await trial(next++);
        if (wrong !== undefined) wrongs.push(wrong);
      } catch (error) {
        spoilt += 1;
        if (!(error instanceof Unavailable) || spoilt > AT_ONCE + count * SPOILT_MAX) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runner));
  return wrongs;
}

/** When a node last published that a tier is not as it should be, or is again. */
let changedAt = -Infinity;
diagnostics.subscribe('holdfast:tier-change', () => (changedAt = performance.now()));

/**
 * Returns what is wrong where an id that was replaced is still alive. If the node that replaced it could not reach Redis, as on a machine
 * so busy that the process was blocked, the other one may serve it for 1.5 s: then the trial shows nothing, once the id has ended.
 */
async function stillAlive(old: Browser, other: OtherTab, begunAt: number): Promise<string> {
  // Of many changes, some are published only when the window has room again.
  if (changedAt < begunAt - TIER_CHANGE_WINDOW_MS) return `${other}: the old id is alive`;
  await until(async () => (await seenBy(old)) === null, { what: 'the end of the old id' });
  throw new Unavailable('A tier was not in use.');
}

const some = (ms: number): number => Math.floor(Math.random() * ms);
/** The latencies of a request and its response. */
export const travel = (): { latencyMs: [number, number] } => ({ latencyMs: [some(TRAVEL_MS), some(TRAVEL_MS)] });

export async function seenBy(browser: Browser): Promise<Seen | null> {
  const { status, body } = await browser.get('/me');
  if (status !== 200) throw new Error(`/me answered ${status}`);
  return JSON.parse(body) as Seen | null;
}

/** One browser, two tabs: one signs in, and at about the same time the other does something. What is wrong afterwards. */
export async function twoTabs(browser: Browser, other: OtherTab, n: number): Promise<string | undefined> {
  const user = `tabs_${n}`;
  const begunAt = performance.now();
  await browser.post('/cart?item=first');
  const old = browser.copy();
  const order: string[] = [];
  const login = browser.post(`/login?user=${user}`, travel()).finally(() => order.push('login'));
  // Where the other tab ends the trial, nobody asks for it.
  login.catch(() => undefined);
  const wrong = await otherTab[other](browser, login, order, user);
  if ((await login).status !== 200) return `${other}: the login was answered ${(await login).status}`;
  if ((await seenBy(old)) !== null) return stillAlive(old, other, begunAt);
  return wrong;
}

type Second = (browser: Browser, login: Promise<Reply>, order: string[], user: string) => Promise<string | undefined>;

const otherTab: Record<OtherTab, Second> = {
  async 'a write'(browser, login, _order, user) {
    const look = some(2) === 0 ? `&look&pause=${some(TRAVEL_MS)}` : '';
    const [write] = await Promise.all([browser.post(`/cart?item=second${look}`, travel()), login]);
    const then = await seenBy(browser);
    if (then?.user !== user) return 'a write: the user is signed out';
    const isKept = then.data.cart.includes('second');
    if (write.status === 200) return isKept ? undefined : 'a write: it was acknowledged and is lost';
    if (write.status !== 409 || write.cookies.length > 0) return `a write: it was answered ${write.status}`;
    const again = await browser.post('/cart?item=second');
    return again.status === 200 ? undefined : `a write: tried again, it was answered ${again.status}`;
  },
  async 'a poll'(browser, login, _order, user) {
    const polls = await Promise.all([0, 1, 2].map(async () => browser.get('/me', travel())));
    await login;
    if (polls.some(({ status, cookies }) => status !== 200 || cookies.length > 0)) return 'a poll: it touched a cookie';
    return (await seenBy(browser))?.user === user ? undefined : 'a poll: the user is signed out';
  },
  async 'a logout'(browser, login, order, user) {
    // Whichever the user did later is what he wants, where one was answered before the other was asked for.
    const isLater = some(2) === 0;
    if (isLater) await login;
    const logout = await browser.post('/logout', travel()).finally(() => order.push('logout'));
    await login;
    if (logout.status !== 204) return `a logout: it was answered ${logout.status}`;
    const then = await seenBy(browser);
    if (isLater) return then === null ? undefined : 'a logout: the user is still signed in';
    // Either may be the last. If it is the logout, nothing is left in this browser.
    if (order.at(-1) === 'logout' && browser.cookie() !== undefined) return 'a logout: it left a cookie';
    return then === null || then.user === user ? undefined : 'a logout: somebody else is signed in';
  },
};
