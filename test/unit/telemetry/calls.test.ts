import { beforeEach, describe, expect, it } from 'vitest';
import { HttpSessions } from '../../../src/http/http-sessions.ts';
import type { CallEnd } from '../../../src/telemetry/channels.ts';
import { Browser } from '../../support/browser.ts';
import { MemoryFleet, refuse, type FleetNode } from '../../support/memory-fleet.ts';
import { received } from '../../support/received.ts';

let fleet: MemoryFleet;
let node: FleetNode;
let calls: CallEnd[];

beforeEach(async () => {
  fleet = new MemoryFleet();
  node = await fleet.node();
  calls = received<CallEnd>('holdfast:call');
});

const outcomes = () => calls.map(({ operation, outcome, servedBy }) => [operation, outcome, servedBy]);

describe('the calls of a client', () => {
  it('are published with the tier that answered', async () => {
    const { sessions } = node;
    const { id } = await sessions.create({ cart: [] }, { userId: 'ada' });
    await sessions.get(id);
    await sessions.get(id);
    await sessions.update(id, () => undefined);
    const session = await sessions.replace((await sessions.get(id))!, { cart: [] });
    await sessions.touch(session);
    const renewed = await sessions.regenerate(session);
    await sessions.movedSince(id);
    await sessions.listByUser('ada');
    await sessions.destroyByHandle('ada', renewed.handle);
    await sessions.destroyByUser('ada');
    await sessions.destroyAll();
    expect(outcomes()).toEqual([
      ['create', 'ok', 'durable'],
      ['get', 'ok', 'durable'],
      ['get', 'ok', 'primary'],
      ['update', 'ok', 'durable'],
      ['get', 'ok', 'primary'],
      ['replace', 'ok', 'durable'],
      ['touch', 'ok', null],
      ['regenerate', 'ok', 'durable'],
      ['movedSince', 'ok', null],
      ['listByUser', 'ok', null],
      ['destroyByHandle', 'ok', null],
      ['destroyByUser', 'ok', null],
      ['destroyAll', 'ok', null],
    ]);
  });

  it('say when there was no session, and which error there was', async () => {
    const { sessions } = node;
    await sessions.get(sessions.newId());
    await sessions.destroy(sessions.newId());
    await expect(sessions.touch(sessions.newId())).rejects.toThrow();
    node.durable.hook.before = refuse;
    await expect(sessions.create({ cart: [] })).rejects.toThrow();
    expect(outcomes()).toEqual([
      ['get', 'none', null],
      ['destroy', 'none', null],
      ['touch', 'HOLDFAST_SESSION_NOT_FOUND', null],
      ['create', 'HOLDFAST_TIER_UNAVAILABLE', null],
    ]);
  });

  it('carry their beginning and duration', async () => {
    node.durable.hook.before = async (method) => {
      if (method === 'sessions.insert') await new Promise<void>((resolve) => void fleet.platform.after(40, resolve));
    };
    const startedAt = fleet.platform.now();
    const creating = node.sessions.create({ cart: [] });
    await fleet.platform.advance(40);
    await creating;
    expect(calls).toEqual([
      { namespace: 'holdfast', operation: 'create', outcome: 'ok', servedBy: 'durable', startedAt, durationMs: 40 },
    ]);
  });

  it('count a session that a request begins as created', async () => {
    const browser = new Browser(new HttpSessions(node.sessions, { initial: () => ({ cart: [] }) }));
    await browser.send((visit) => visit.update(({ cart }) => void cart.push('book')), { method: 'POST' });
    expect(outcomes()).toEqual([['create', 'ok', 'durable']]);
  });

  it('are not those that a wrong argument kept from beginning', async () => {
    await expect(node.sessions.create({ cart: [] }, { lifetime: 'long' as never })).rejects.toThrow();
    await expect(node.sessions.update('no id', () => undefined)).rejects.toThrow();
    expect(calls).toEqual([]);
  });
});
