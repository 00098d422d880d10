import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FEED_INTERVAL_MS } from '../../../src/limits/feed.ts';
import { COARSE_TICK_MS } from '../../../src/limits/process.ts';
import { generateKeyRing, revokeKey } from '../../../src/index.ts';
import { settled } from '../../support/fake-platform.ts';
import { KeyFleet, ringsOfRotation, RingShelf } from '../../support/key-fleet.ts';
import { add, failing, refuse } from '../../support/memory-fleet.ts';

const HEARTBEAT = 10_000;

const FENCE = 30_000;

const rings = ringsOfRotation();

const facts: unknown[] = [];

const note = (message: unknown): void => void facts.push(message);

beforeEach(() => {
  facts.length = 0;
  subscribe('holdfast:keys', note);
});

afterEach(() => unsubscribe('holdfast:keys', note));

describe('a node that could not report to the fleet that it is alive', () => {
  it('does not seal with an old ring after it was stopped for longer than the fence', async () => {
    const { old, promoted } = await rings;
    const fleet = new KeyFleet(old);
    const shelf = new RingShelf(old);
    const sleeper = await fleet.ready({ load: () => shelf.load() });
    const { id } = await sleeper.sessions.create({ cart: [] });
    sleeper.platform.stop();
    await fleet.ready(promoted);
    shelf.ring = promoted;
    await fleet.platform.advance(FENCE + 1);
    const runTimers = sleeper.platform.resume();
    await add(sleeper.sessions, id, 'A1');
    await sleeper.sessions.create({ cart: [] });
    await sleeper.sessions.regenerate(id);
    expect(fleet.sealedBy(old, promoted)).toEqual([0, 2]);
    runTimers();
    await settled();
    expect((await fleet.readFleet()).nodes.map(({ ringVersion }) => ringVersion)).toEqual([3, 3]);
  });

  it('does not seal with an old ring after its machine slept for longer than the fence', async () => {
    const { old, promoted } = await rings;
    const fleet = new KeyFleet(old);
    const shelf = new RingShelf(old);
    const { sessions, platform } = await fleet.ready({ load: () => shelf.load() });
    platform.sleep();
    await fleet.ready(promoted);
    shelf.ring = promoted;
    await fleet.platform.advance(FENCE + 1);
    platform.resume()();
    // The database answers again, and its next heartbeat is not due yet.
    await fleet.platform.advance(FEED_INTERVAL_MS);
    await sessions.create({ cart: [] });
    expect(fleet.sealedBy(old, promoted)).toEqual([0, 1]);
  });

  it('seals with a ring that came while it asked, even if the first word about it was lost', async () => {
    const { old, promoted } = await rings;
    const fleet = new KeyFleet(old);
    const { sessions, durable, platform } = await fleet.ready();
    platform.stop();
    await fleet.platform.advance(FENCE + 1);
    platform.resume();
    let beats = 0;
    durable.hook.before = (method) => {
      if (method !== 'fleet.heartbeat') return undefined;
      beats += 1;
      if (beats === 1) return new Promise((resolve) => void fleet.platform.after(100, resolve));
      return beats === 2 ? refuse(method) : undefined;
    };
    const created = sessions.create({ cart: [] });
    await settled();
    fleet.shelf.put(promoted);
    await fleet.platform.advance(100);
    await expect(created).resolves.toBeDefined();
    expect(fleet.sealedBy(old, promoted)).toEqual([0, 1]);
  });

  it('asks its source for a higher ring of the fleet at once, though it has just been asked', async () => {
    const { old, added, promoted } = await rings;
    const fleet = new KeyFleet(old);
    const { sessions, durable } = await fleet.ready();
    durable.hook.before = failing('fleet.heartbeat');
    await fleet.platform.advance(FENCE + 1_000);
    fleet.shelf.put(added);
    await settled();
    await fleet.ready(promoted);
    fleet.shelf.ring = promoted;
    durable.hook.before = () => undefined;
    const loads = fleet.shelf.loads;
    await sessions.create({ cart: [] });
    expect(fleet.sealedBy(added, promoted)).toEqual([0, 1]);
    expect(fleet.shelf.loads - loads).toBe(1);
  });

  it('seals nothing when it cannot get the newer ring, but goes on reading', async () => {
    const { old, promoted } = await rings;
    const fleet = new KeyFleet(old);
    const { sessions, platform } = await fleet.ready(old);
    const { id } = await sessions.create({ cart: [] });
    platform.stop();
    await fleet.ready(promoted);
    await fleet.platform.advance(FENCE + 1);
    platform.resume();
    const refusal = { code: 'HOLDFAST_KEY_RING', retryable: true, status: 503 };
    await expect(add(sessions, id, 'A1')).rejects.toMatchObject(refusal);
    await expect(sessions.create({ cart: [] })).rejects.toThrow(/out of touch with its fleet/);
    expect((await sessions.get(id))?.data.cart).toEqual([]);
    expect(fleet.sealedBy(old)).toEqual([1]);
  });

  it('seals without asking the fleet while its heartbeats are answered', async () => {
    const { old } = await rings;
    const fleet = new KeyFleet(old);
    const { sessions, durable } = await fleet.ready();
    const { id } = await sessions.create({ cart: [] });
    await fleet.platform.advance(10 * FENCE);
    durable.calls.length = 0;
    await add(sessions, id, 'A1');
    expect(durable.calls).not.toContain('fleet.heartbeat');
    expect(fleet.shelf.loads).toBe(1);
  });

  it('writes again at once when the database is back, with the ring that it has', async () => {
    const { old } = await rings;
    const fleet = new KeyFleet(old);
    const { sessions, durable } = await fleet.ready();
    const { id } = await sessions.create({ cart: [] });
    durable.hook.before = refuse;
    await fleet.platform.advance(5 * FENCE);
    await expect(add(sessions, id, 'A1')).rejects.toMatchObject({ code: 'HOLDFAST_TIER_UNAVAILABLE' });
    durable.hook.before = () => undefined;
    await fleet.platform.advance(500);
    expect((await add(sessions, id, 'A1')).data.cart).toEqual(['A1']);
  });

  it('tries again within a second after a heartbeat that failed', async () => {
    const { old } = await rings;
    const fleet = new KeyFleet(old);
    const { durable } = await fleet.ready();
    durable.hook.before = failing('fleet.heartbeat', 'not-sent');
    await fleet.platform.advance(HEARTBEAT);
    durable.hook.before = () => undefined;
    await fleet.platform.advance(1_000);
    expect((await fleet.readFleet()).nodes).toMatchObject([{ seenAt: fleet.platform.now() }]);
  });
});

describe('a database that is away', () => {
  it('does not keep a revoked key in use: a newer ring is adopted, and raised before anything is sealed', async () => {
    const { old, promoted } = await rings;
    const fleet = new KeyFleet(old);
    const { sessions, durable } = await fleet.ready();
    const { id } = await sessions.create({ cart: [] });
    await sessions.get(id);
    await settled();
    durable.hook.before = refuse;
    const revoked = revokeKey(promoted, { kid: old.sealingKey.kid });
    fleet.shelf.put(revoked);
    await fleet.platform.advance(5_000);
    expect((await fleet.readFleet()).ring?.version).toBe(1);
    await expect(sessions.get(id)).rejects.toMatchObject({ code: 'HOLDFAST_TIER_UNAVAILABLE' });
    durable.hook.before = () => undefined;
    await fleet.platform.advance(1_500);
    await sessions.create({ cart: [] });
    expect((await fleet.readFleet()).ring?.version).toBe(revoked.version);
    await expect(sessions.get(id)).rejects.toMatchObject({ reason: 'revoked-key' });
  });

  it('does not let an older ring in', async () => {
    const { old, added } = await rings;
    const fleet = new KeyFleet(added);
    const { sessions, durable } = await fleet.ready();
    durable.hook.before = refuse;
    fleet.shelf.put(old);
    await fleet.platform.advance(1_000);
    expect(facts.at(-1)).toEqual({ state: 'refused', version: 1, reason: 'rolled-back' });
    expect(await sessions.health()).toMatchObject({ keys: { state: 'degraded' } });
    durable.hook.before = () => undefined;
    await fleet.platform.advance(1_000);
    await sessions.create({ cart: [] });
    expect((await fleet.readFleet()).nodes).toMatchObject([{ ringVersion: 2 }]);
  });

  it('does not count as reported by a heartbeat that began before', async () => {
    const { old, added } = await rings;
    const fleet = new KeyFleet(old);
    const { sessions, durable } = await fleet.ready();
    durable.hook.before = (method) =>
      method === 'fleet.heartbeat' ? new Promise((resolve) => void fleet.platform.after(500, resolve)) : undefined;
    await fleet.platform.advance(HEARTBEAT);
    durable.hook.before = failing('fleet.raiseRing', 'not-sent');
    fleet.shelf.put(await generateKeyRing({ version: 2 }));
    await settled();
    durable.hook.before = () => undefined;
    await fleet.platform.advance(400);
    await fleet.ready(added);
    await fleet.platform.advance(1_000);
    await expect(sessions.create({ cart: [] })).rejects.toMatchObject({ code: 'HOLDFAST_KEY_RING' });
  });

  it('is reported first by a node that adopted a ring while the fleet has another one of its version', async () => {
    const { old, added } = await rings;
    const fleet = new KeyFleet(old);
    const { sessions, durable } = await fleet.ready();
    durable.hook.before = refuse;
    fleet.shelf.put(await generateKeyRing({ version: 2 }));
    await fleet.platform.advance(2_000);
    await fleet.ready(added);
    durable.hook.before = () => undefined;
    await fleet.platform.advance(1_000);
    await expect(sessions.create({ cart: [] })).rejects.toMatchObject({ code: 'HOLDFAST_KEY_RING' });
    expect(await sessions.health()).toMatchObject({ keys: { state: 'degraded' } });
  });
});

describe('close', () => {
  it('takes the node from the fleet, stops listening, and leaves no timer', async () => {
    const { old } = await rings;
    const fleet = new KeyFleet(old);
    const { sessions } = await fleet.ready();
    expect(fleet.shelf.listeners).toBe(1);
    await sessions.close();
    expect((await fleet.readFleet()).nodes).toEqual([]);
    expect(fleet.shelf.listeners).toBe(0);
    await fleet.platform.advance(COARSE_TICK_MS);
    expect(fleet.platform.pendingTimers).toBe(0);
  });

  it('closes everything else, too, where ending the watching of the source fails', async () => {
    const { old } = await rings;
    const fleet = new KeyFleet(old);
    const unwatch = (): never => {
      throw new Error('no such channel');
    };
    const { sessions } = await fleet.ready({ load: async () => old, watch: () => unwatch });
    await expect(sessions.close()).rejects.toThrow('no such channel');
    expect((await fleet.readFleet()).nodes).toEqual([]);
    await fleet.platform.advance(COARSE_TICK_MS);
    expect(fleet.platform.pendingTimers).toBe(0);
  });

  it('does not wait long for a database that is silent', async () => {
    const { old } = await rings;
    const fleet = new KeyFleet(old);
    const { sessions, durable } = await fleet.ready();
    durable.hook.before = (method) => (method === 'fleet.forget' ? new Promise<void>(() => undefined) : undefined);
    const closed = sessions.close();
    await fleet.platform.advance(1_000);
    await expect(closed).resolves.toBeUndefined();
  });

  it('keeps a heartbeat that is under way from bringing the node back', async () => {
    const { old } = await rings;
    const fleet = new KeyFleet(old);
    const { sessions, durable } = await fleet.ready();
    // A database finishes what was sent to it, even if the sender has closed the connection.
    durable.override('close', () => Promise.resolve());
    durable.hook.before = (method) =>
      method === 'fleet.heartbeat' ? new Promise((resolve) => void fleet.platform.after(500, resolve)) : undefined;
    await fleet.platform.advance(HEARTBEAT);
    const closed = sessions.close();
    await fleet.platform.advance(1_000);
    await closed;
    expect((await fleet.readFleet()).nodes).toEqual([]);
  });

  it('is not needed for the process to end: nothing that a resting client waits for keeps it alive', async () => {
    const { old } = await rings;
    const fleet = new KeyFleet(old);
    const { platform } = await fleet.ready();
    await fleet.platform.advance(2 * HEARTBEAT + COARSE_TICK_MS);
    expect(platform.foreground.size).toBe(0);
  });
});
