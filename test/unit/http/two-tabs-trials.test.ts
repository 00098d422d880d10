import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../../src/http/exchange.ts';
import { HttpSessions } from '../../../src/http/http-sessions.ts';
import { Browser } from '../../support/browser.ts';
import { FakePlatform } from '../../support/fake-platform.ts';
import { MemoryFleet, type Shop } from '../../support/memory-fleet.ts';

const TRIALS = 150;
const initial = (): Shop => ({ cart: [] });
const post = { method: 'POST' };
const put = (item: string) => (shop: Shop) => void shop.cart.push(item);
type Handler = (session: Exchange<Shop>) => Promise<unknown>;

const login: Handler = (session) => session.login('ada');
const logout: Handler = (session) => session.logout();
const write: Handler = (session) => session.update(put('pen'));
const poll: Handler = (session) => session.get();
const lookAndWrite: Handler = async (session) => {
  await session.get();
  return session.update(put('pen'));
};

interface Trial {
  /** The session that the browser's cookie leads to when all answers are in. */
  readonly end: { readonly userId: string | undefined; readonly cart: readonly string[] } | null;
  readonly isOldAlive: boolean;
  /** Statuses of the errors that handlers met. */
  readonly statuses: readonly unknown[];
}

/** A browser with a session sends two requests at once, each to a node of its own; calls to the tiers and answers come in any order. */
async function trial(seed: number, tabs: readonly [Handler, Handler], before: Handler): Promise<Trial> {
  const fleet = new MemoryFleet();
  const random = new FakePlatform(0, seed);
  const nodes = await Promise.all([fleet.node(), fleet.node()]);
  const browser = new Browser(new HttpSessions(nodes[0].sessions, { initial }));
  // Both tabs share one jar.
  const other = browser.at(new HttpSessions(nodes[1].sessions, { initial }));
  await browser.send(before, post);
  const old = browser.cookie?.slice(0, 43) ?? '';
  const pause = async (): Promise<void> => {
    for (let left = Math.floor(random.random() * 12); left > 0; left -= 1)
      await new Promise((resolve) => setImmediate(resolve));
  };
  for (const node of nodes) node.durable.hook.before = node.primary.hook.before = pause;
  const visits = [browser.visit(post), other.visit(post)] as const;
  const statuses: unknown[] = [];
  const answers = visits.map(async ({ session, answer }, at) => {
    await pause();
    await tabs[at]?.(session).catch((error: { status?: number }) => statuses.push(error.status ?? String(error)));
    await pause();
    answer();
  });
  const all = Promise.all(answers);
  let isOver = false;
  void all.then(() => (isOver = true));
  while (!isOver) await fleet.platform.advance(50);
  for (const node of nodes) node.heal();
  const session = await browser.send((visit) => visit.get());
  return {
    end: session && { userId: session.userId, cart: session.data.cart },
    isOldAlive: (await nodes[0].sessions.get(old, { consistency: 'strong' })) !== null,
    statuses,
  };
}

async function trials(tabs: readonly [Handler, Handler], before: Handler): Promise<Trial[]> {
  const all: Trial[] = [];
  for (let seed = 1; seed <= TRIALS; seed += 1) all.push(await trial(seed, tabs, before));
  return all;
}

describe('two requests of one browser, whatever order their calls and answers come in', () => {
  const begin: Handler = (session) => session.update(put('book'));

  it.each<[string, Handler]>([
    ['a write', write],
    ['a look and a write', lookAndWrite],
    ['a poll', poll],
    ['another login', login],
  ])('a login and %s: the user is signed in, and the old id is dead', async (_, handler) => {
    const all = await trials([login, handler], begin);
    expect(all.filter(({ end, isOldAlive }) => end?.userId !== 'ada' || isOldAlive)).toEqual([]);
    expect(all.flatMap(({ statuses }) => statuses).filter((status) => status !== 409)).toEqual([]);
  });

  it.each<[string, Handler]>([
    ['a write', write],
    ['a look and a write', lookAndWrite],
    ['a poll', poll],
  ])('a logout and %s: nobody is signed in, and the old id is dead', async (_, handler) => {
    const all = await trials([logout, handler], login);
    expect(all.filter(({ end, isOldAlive }) => end?.userId !== undefined || isOldAlive)).toEqual([]);
    expect(all.flatMap(({ statuses }) => statuses).filter((status) => status !== 409)).toEqual([]);
  });

  it('two writes: none is lost', async () => {
    const all = await trials([write, lookAndWrite], begin);
    expect(all.filter(({ end }) => end?.cart.length !== 3)).toEqual([]);
  });
});
