import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { TierFailure } from '../../../src/errors.ts';
import { COARSE_TICK_MS } from '../../../src/limits/process.ts';
import { SWEEP_BUSY_MS, SWEEP_FIRST_MS, SWEEP_CLAIM_MS, SWEEP_PAGE_ROWS } from '../../../src/limits/upkeep.ts';
import type { BackgroundFailure, SweepPass } from '../../../src/telemetry/channels.ts';
import { DurableGuard } from '../../../src/tiering/guard/durable-guard.ts';
import { storageKeyOf } from '../../../src/session/session-id.ts';
import { failing, MemoryFleet, refuse, type FleetNode } from '../../support/memory-fleet.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Three tenths of a minute less than a session is kept: its life, 15 min without the database, 2 min of slack. */
const OPTIONS = {
  lifetime: { idle: '1m', absolute: '1h' },
  maxLifetime: '12h',
  sweep: { every: '10m', revokedRetention: '1h' },
} as const;

describe('the sweeper', () => {
  it('deletes what ended long ago, and leaves what lives', async () => {
    const fleet = new MemoryFleet();
    const { sessions } = await fleet.node(OPTIONS);
    const ended = await sessions.create({ cart: [] });
    const living = await sessions.create({ cart: [] }, { lifetime: { idle: '12h', absolute: '12h' } });
    await fleet.platform.advance(40 * MINUTE);
    expect(fleet.rowOf(ended.id)).toBeUndefined();
    expect(await sessions.get(living.id)).not.toBeNull();
  });

  it('keeps a row for as long as the database may be away, and two minutes, after its end', async () => {
    const fleet = new MemoryFleet();
    const { sessions } = await fleet.node({ ...OPTIONS, sweep: { every: '1m' } });
    const { id } = await sessions.create({ cart: [] });
    await fleet.platform.advance(18 * MINUTE);
    expect(fleet.rowOf(id)).toBeDefined();
    await fleet.platform.advance(3 * MINUTE);
    expect(fleet.rowOf(id)).toBeUndefined();
  });

  it('keeps destroyed sessions for the retention, and answers as before when they are gone', async () => {
    const fleet = new MemoryFleet();
    const { sessions } = await fleet.node(OPTIONS);
    const { id } = await sessions.create({ cart: [] }, { lifetime: { absolute: '12h' } });
    await sessions.destroy(id);
    await fleet.platform.advance(59 * MINUTE);
    expect(fleet.rowOf(id)?.revokedAt).not.toBeNull();
    await fleet.platform.advance(15 * MINUTE);
    expect(fleet.rowOf(id)).toBeUndefined();
    fleet.keyspace.clear();
    expect(await sessions.get(id)).toBeNull();
    expect(await sessions.destroy(id)).toBe(false);
    await expect(sessions.touch(id)).rejects.toMatchObject({ code: 'HOLDFAST_SESSION_NOT_FOUND' });
  });

  it('believes neither a node’s clock nor the database’s alone that a day has passed', async () => {
    const fleet = new MemoryFleet();
    const { sessions, durable } = await fleet.node(OPTIONS);
    const { id } = await sessions.create({ cart: [] }, { lifetime: { idle: '12h', absolute: '12h' } });
    const tomorrow = () => fleet.platform.now() + 24 * HOUR;
    durable.override('probe', async () => tomorrow());
    durable.override('feed.read', async () => ({ now: tomorrow(), rows: [], masters: null, report: null }));
    await fleet.platform.advance(30 * MINUTE);
    expect(durable.calls).toContain('upkeep.findEnded');
    expect(fleet.rowOf(id)).toBeDefined();
    const ahead = new Proxy(fleet.platform, {
      get: (target, name) => {
        if (name === 'now') return tomorrow;
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
    const other = await fleet.node({ ...OPTIONS, platform: ahead });
    const real = (): number => fleet.platform.now();
    other.durable.override('probe', async () => real());
    other.durable.override('feed.read', async () => ({ now: real(), rows: [], masters: null, report: null }));
    await sessions.close();
    await fleet.platform.advance(30 * MINUTE);
    expect(other.durable.calls).toContain('upkeep.findEnded');
    expect(fleet.rowOf(id)).toBeDefined();
  });

  it('asks nothing in the first minute', async () => {
    const fleet = new MemoryFleet();
    const { durable } = await fleet.node(OPTIONS);
    await fleet.platform.advance(SWEEP_FIRST_MS - 1);
    expect(durable.calls).not.toContain('upkeep.claimSweep');
    await fleet.platform.advance(SWEEP_FIRST_MS);
    expect(durable.calls).toContain('upkeep.claimSweep');
  });

  it('never works where it is switched off, nor after close', async () => {
    const fleet = new MemoryFleet();
    const off = await fleet.node({ ...OPTIONS, sweep: false });
    await fleet.platform.advance(HOUR);
    expect(off.durable.calls).not.toContain('upkeep.claimSweep');
    const closed = await fleet.node(OPTIONS);
    await closed.sessions.close();
    await fleet.platform.advance(HOUR);
    expect(closed.durable.calls).not.toContain('upkeep.claimSweep');
    await off.sessions.close();
    await fleet.platform.advance(COARSE_TICK_MS);
    expect(fleet.platform.pendingTimers).toBe(0);
  });

  it('is one node at a time: the others look at nothing until its interval is over', async () => {
    const fleet = new MemoryFleet();
    const nodes = [await fleet.node(OPTIONS), await fleet.node(OPTIONS), await fleet.node(OPTIONS)];
    await fleet.platform.advance(10 * MINUTE);
    expect(pagesOf(nodes)).toEqual([0, 0, 1]);
    await fleet.platform.advance(HOUR);
    const pages = pagesOf(nodes).reduce((sum, count) => sum + count, 0);
    expect(pages).toBeGreaterThan(3);
    expect(pages).toBeLessThanOrEqual(7);
  });

  it('is relieved by another node when the one that began has died', async () => {
    const fleet = new MemoryFleet();
    const dead = await fleet.node({ ...OPTIONS, sweep: { every: '1m' } });
    dead.durable.override('upkeep.findEnded', () => new Promise(() => undefined));
    await fleet.platform.advance(2 * MINUTE);
    expect(dead.durable.calls).toContain('upkeep.findEnded');
    dead.durable.hook.before = refuse;
    const other = await fleet.node({ ...OPTIONS, sweep: { every: '1m' } });
    await fleet.platform.advance(SWEEP_CLAIM_MS + 3 * MINUTE);
    expect(other.durable.calls).toContain('upkeep.findEnded');
  });

  it('goes through many pages, rests longer than it works, and says what it did', async () => {
    const fleet = new MemoryFleet();
    const { sessions, durable } = await fleet.node(OPTIONS);
    const passes = listen<SweepPass>('holdfast:sweep');
    const count = SWEEP_PAGE_ROWS + 5;
    for (let made = 0; made < count; made += 1) await sessions.create({ cart: [] });
    const startedAt: number[] = [];
    durable.override('upkeep.findEnded', async (own, ...args) => {
      startedAt.push(fleet.platform.now());
      await new Promise<void>((resolve) => void fleet.platform.after(100, resolve));
      return own(...args);
    });
    await fleet.platform.advance(40 * MINUTE);
    expect(fleet.database.size).toBe(0);
    expect(passes.reduce((sum, { removed }) => sum + removed, 0)).toBe(count);
    const last = passes.at(-1);
    expect(last).toMatchObject({ scanned: 0, removed: 0 });
    const pauses = startedAt.map((at, index) => at - (startedAt[index - 1] ?? 0)).slice(1);
    expect(Math.min(...pauses)).toBe(500);
  });

  it('keeps off a database that is not well, and goes on when it is', async () => {
    const fleet = new MemoryFleet();
    const { sessions, durable } = await fleet.node(OPTIONS);
    const { id } = await sessions.create({ cart: [] });
    durable.hook.before = refuse;
    await fleet.platform.advance(30 * MINUTE);
    expect(durable.calls).not.toContain('upkeep.findEnded');
    durable.hook.before = () => undefined;
    await fleet.platform.advance(2 * SWEEP_BUSY_MS + 25 * MINUTE);
    expect(fleet.rowOf(id)).toBeUndefined();
  });

  it('keeps off a database that has callers waiting', async () => {
    const fleet = new MemoryFleet();
    const { durable } = await fleet.node(OPTIONS);
    const isBusy = vi.spyOn(DurableGuard.prototype, 'isBusy', 'get').mockReturnValue(true);
    onTestFinished(() => isBusy.mockRestore());
    await fleet.platform.advance(HOUR);
    expect(durable.calls).not.toContain('upkeep.claimSweep');
    isBusy.mockRestore();
    await fleet.platform.advance(2 * SWEEP_BUSY_MS);
    expect(durable.calls).toContain('upkeep.findEnded');
  });

  it('goes on where it was after a page that failed, an interval later, and says that it did', async () => {
    const fleet = new MemoryFleet();
    const { durable } = await fleet.node(OPTIONS);
    const failures = listen<BackgroundFailure>('holdfast:background-failure');
    durable.hook.before = failing('upkeep.findEnded');
    await fleet.platform.advance(10 * MINUTE);
    expect(failures).toEqual([{ work: 'sweep', code: 'HOLDFAST_TIER_UNAVAILABLE' }]);
    durable.hook.before = () => undefined;
    await fleet.platform.advance(15 * MINUTE);
    expect(failures).toHaveLength(1);
    expect(durable.calls.filter((call) => call === 'upkeep.findEnded').length).toBeGreaterThan(1);
  });

  it('ends nobody’s process by a tier that throws what it must not', async () => {
    const fleet = new MemoryFleet();
    const { sessions, durable } = await fleet.node(OPTIONS);
    const failures = listen<BackgroundFailure>('holdfast:background-failure');
    const { id } = await sessions.create({ cart: [] });
    let isBroken = true;
    durable.override('upkeep.findEnded', (own, ...args) =>
      isBroken ? Promise.reject(new RangeError('theirs')) : own(...args),
    );
    await fleet.platform.advance(20 * MINUTE);
    expect(failures).toContainEqual({ work: 'sweep', code: 'unexpected' });
    isBroken = false;
    await fleet.platform.advance(20 * MINUTE);
    expect(fleet.rowOf(id)).toBeUndefined();
  });

  it('harms nobody where the role may not delete', async () => {
    const fleet = new MemoryFleet();
    const { sessions, durable } = await fleet.node(OPTIONS);
    await sessions.create({ cart: [] });
    durable.override('upkeep.removeEnded', async () => {
      throw new TierFailure('misconfigured', 'permission-denied');
    });
    await fleet.platform.advance(2 * HOUR);
    expect(durable.calls).toContain('upkeep.removeEnded');
    expect(await sessions.health()).toMatchObject({ durable: { state: 'up' } });
    await sessions.create({ cart: [] });
  });

  it('does not delete a row whose mark a node has yet to see', async () => {
    const fleet = new MemoryFleet();
    const { sessions } = await fleet.node({ ...OPTIONS, sweep: { every: '1m', revokedRetention: '15m' } });
    const { id } = await sessions.create({ cart: [] }, { lifetime: { idle: '12h', absolute: '12h' } });
    await sessions.destroy(id);
    const row = fleet.rowOf(id);
    if (row) fleet.database.set(keyOf(id), { ...row, dirtyAt: fleet.platform.now() + 2 * HOUR });
    await fleet.platform.advance(HOUR);
    expect(fleet.rowOf(id)).toBeDefined();
  });
});

function keyOf(id: string): string {
  return storageKeyOf(id).toString('hex');
}

function pagesOf(nodes: readonly FleetNode[]): number[] {
  const counts = nodes.map(({ durable }) => durable.calls.filter((call) => call === 'upkeep.findEnded').length);
  return counts.toSorted((a, b) => a - b);
}

function listen<Message>(channel: string): Message[] {
  const messages: Message[] = [];
  const receive = (message: unknown): void => void messages.push(message as Message);
  subscribe(channel, receive);
  onTestFinished(() => void unsubscribe(channel, receive));
  return messages;
}
