import { describe, expect, it } from 'vitest';
import { HttpSessions } from '../../../../src/http/http-sessions.ts';
import type { RequestSession } from '../../../../src/http/request-session.ts';
import { Browser } from '../../../support/browser.ts';
import { CookieJar } from '../../../support/cookie-jar.ts';
import type { FakePlatform } from '../../../support/fake-platform.ts';
import { memoryClient } from '../../../support/memory-client.ts';
import { MemoryOldStore, signedSid } from '../../../support/old-store.ts';

interface Shop {
  cart: string[];
}
type Act = (mine: RequestSession<Shop>) => Promise<unknown>;

const SECRET = 'keyboard cat';
const TRIALS = Number(process.env['IMPORT_TRIALS'] ?? 50);

const poll: Act = (mine) => mine.get();
const write: Act = (mine) => mine.update(({ cart }) => void cart.push('chair'));
const login: Act = (mine) => mine.login('ada');
const logout: Act = (mine) => mine.logout();

/** A visitor whose tabs act at the same time, each answered by another node; the old store answers in any order. */
async function trial(seed: number, acts: readonly Act[], since?: number) {
  const { sessions, another, platform } = await memoryClient<Shop>();
  const store = new MemoryOldStore();
  const sid = `old-${seed}`;
  store.put(sid, { cart: ['lamp'], user: 'ada', cookie: { originalMaxAge: 3_600_000 } });
  let draw = seed;
  store.before = async () => {
    draw = (draw * 1_103_515_245 + 12_345) % 2 ** 31;
    for (let turn = draw % 7; turn > 0; turn -= 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const nodes = acts.map(
    (_, n) =>
      new HttpSessions<Shop>(n === 0 ? sessions : another(), {
        initial: () => ({ cart: [] }),
        importFrom: {
          store,
          secret: SECRET,
          toSession: ({ cart, user }: { cart: string[]; user: string }) => ({ data: { cart }, userId: user }),
          ...(since !== undefined && { since: new Date(platform.now() + since) }),
        },
      }),
  );
  const visitor = new Browser(nodes[0]!, new CookieJar([['connect.sid', signedSid(sid, SECRET)]]));
  const thief = visitor.copy();
  const acting = Promise.allSettled(acts.map((act, n) => visitor.at(nodes[n]!).send(act)));
  const ended = await afterRetries(platform, acting);
  const [who, whoIsThief] = await Promise.all(
    [visitor, thief].map((browser) => browser.send(async (mine) => (await mine.get())?.userId)),
  );
  const living = await sessions.listByUser('ada');
  return { who, whoIsThief, ended, living: living.length, entries: store.entries.size };
}

/** Writes that met wait before they try again: time passes until all have ended. */
async function afterRetries<R>(platform: FakePlatform, acting: Promise<R>): Promise<R> {
  let isOver = false;
  void acting.then(() => (isOver = true));
  while (!isOver) await platform.advance(5);
  return acting;
}

const seeds = Array.from({ length: TRIALS }, (_, n) => n + 1);

describe.each([
  ['sessions that move', undefined],
  ['sessions that are copied', 3_600_000],
])('%s', (_what, since) => {
  it('are one session, whatever polls and writes come at once, and no write is lost', async () => {
    for (const seed of seeds) {
      const { who, living, ended } = await trial(seed, [poll, write, write, poll], since);
      expect({ seed, who, living, lost: ended.filter(({ status }) => status === 'rejected') }).toEqual({
        seed,
        who: 'ada',
        living: 1,
        lost: [],
      });
    }
  });

  it('never leave a user signed out, or the old cookie of use, whatever comes at once with a login', async () => {
    for (const seed of seeds) {
      const { who, whoIsThief, living, entries } = await trial(seed, [poll, login, write, poll], since);
      const after = { seed, who, whoIsThief, living, entries };
      expect(after).toEqual({ seed, who: 'ada', whoIsThief: undefined, living: 1, entries: 0 });
    }
  });

  it('never outlive a logout, whatever comes at once with it', async () => {
    for (const seed of seeds) {
      const { who, whoIsThief, living, entries } = await trial(seed, [poll, logout, poll, poll], since);
      expect({ seed, who, whoIsThief, living, entries }).toEqual({ seed, living: 0, entries: 0 });
    }
  });
});
