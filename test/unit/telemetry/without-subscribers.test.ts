import { Channel, channel } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HoldfastStore } from '../../../src/adapters/express-session/index.ts';
import { HttpSessions } from '../../../src/http/http-sessions.ts';
import * as channels from '../../../src/telemetry/channels.ts';
import { Browser } from '../../support/browser.ts';
import { failing, MemoryFleet, refuse, type FleetNode, type Shop } from '../../support/memory-fleet.ts';
import { received } from '../../support/received.ts';
import { aSession, callsOf } from '../../support/store-calls.ts';
import { walk } from '../../../tools/walk.ts';

const src = fileURLToPath(new URL('../../../src', import.meta.url));
const NAMES = Object.values(channels).map((each) => (each as Channel).name as string);
const MINUTE_MS = 60_000;
const post = { method: 'POST' };

/** Publishes on a channel without a subscriber: the message was built for nobody. */
let wasted: unknown[];

beforeEach(() => {
  wasted = [];
  vi.spyOn(Channel.prototype, 'publish').mockImplementation(function publish(this: Channel) {
    wasted.push(this.name);
  });
});
afterEach(() => void vi.restoreAllMocks());

/** Something of everything that any channel is about. */
async function everything(): Promise<void> {
  const fleet = new MemoryFleet();
  const node = await fleet.node({ sweep: { every: '1m' } });
  const browser = new Browser(
    new HttpSessions(node.sessions, { initial: (): Shop => ({ cart: [] }), maxSessionsPerUser: 1 }),
  );
  await browser.send((visit) => visit.update(({ cart }) => void cart.push('book')), post);
  for (const userId of ['ada', 'ada', 'bob']) await browser.send((visit) => visit.login(userId), post);
  node.durable.hook.before = failing('sessions.listByUser', 'not-sent');
  await browser.send((visit) => visit.login('bob'), post);
  node.heal();
  await browser.send((visit) => visit.logout(), post);
  const madeUp = { headers: { cookie: `__Host-sid=${'A'.repeat(43)}.${'B'.repeat(43)}` } };
  await browser.send((visit) => visit.get(), madeUp);
  await alter(fleet, node);
  const id = (await node.sessions.create({ cart: [] })).id;
  await node.sessions.update(id, () => undefined, { userId: 'ada' });
  const storing = storeOfAnEndedSession(node);
  await fleet.platform.advance(5 * MINUTE_MS);
  await storing;
  node.durable.hook.before = (method) => (method === 'close' ? undefined : refuse(method));
  await fleet.platform.advance(MINUTE_MS);
  await node.sessions.destroy(id).catch(() => undefined);
  await fleet.platform.advance(MINUTE_MS);
  const closing = node.sessions.close();
  await fleet.platform.advance(MINUTE_MS);
  await closing;
}

async function alter(fleet: MemoryFleet, { sessions }: FleetNode): Promise<void> {
  const { id } = await sessions.create({ cart: [] });
  await sessions.get(id);
  const { entry, replace } = fleet.valueOf(id);
  const envelope = Buffer.from(entry.envelope);
  envelope[envelope.length - 1]! ^= 1;
  replace({ ...entry, envelope });
  await sessions.get(id);
}

async function storeOfAnEndedSession({ sessions }: FleetNode): Promise<void> {
  const { get, set, destroy } = callsOf(new HoldfastStore<never>(sessions as never, {}));
  await set('the id of a session', aSession({ cart: [] }));
  const seen = await get('the id of a session');
  await destroy('the id of a session');
  await set('the id of a session', { ...seen!, cart: ['tea'] });
}

describe('a channel without a subscriber', () => {
  it('costs nothing: no message is built', async () => {
    await everything();
    expect(wasted).toEqual([]);
  });

  it('is looked at before every message, in the lines above it', () => {
    // These two look at it in the method that calls the publishing one.
    const elsewhere = ['engine/audit-trail.ts', 'client/calls.ts'];
    const files = walk(src).filter((file) => !elsewhere.some((name) => file.endsWith(name)));
    const unguarded = files.flatMap((file) => {
      const lines = readFileSync(file, 'utf8').split('\n');
      const isUnguarded = (line: string, at: number): boolean => {
        const [, name] = /\b(\w+)\.publish\(/.exec(line) ?? [];
        return (
          name !== undefined &&
          name in channels &&
          !lines
            .slice(Math.max(at - 6, 0), at + 1)
            .join()
            .includes(`${name}.hasSubscribers`)
        );
      };
      return lines.filter(isUnguarded).map((line) => `${file}: ${line.trim()}`);
    });
    expect(unguarded).toEqual([]);
  });

  it('is each of those that the same events are published on', async () => {
    vi.restoreAllMocks();
    const byName = NAMES.map((name) => ({ name, messages: received(name) }));
    await everything();
    expect(byName.filter(({ messages }) => messages.length === 0).map(({ name }) => name)).toEqual([]);
    expect(NAMES.length).toBeGreaterThan(8);
    expect(channel('holdfast:audit').hasSubscribers).toBe(true);
  });
});
