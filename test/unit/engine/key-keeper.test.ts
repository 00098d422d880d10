import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateKeyRing, type KeyRing, revokeKey } from '../../../src/index.ts';
import { settled } from '../../support/fake-platform.ts';
import { KeyFleet, ringsOfRotation, RingShelf } from '../../support/key-fleet.ts';
import { add, refuse } from '../../support/memory-fleet.ts';

const HOUR = 3_600_000;

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

const unknownKey = { code: 'HOLDFAST_ENVELOPE', reason: 'unknown-key', retryable: true };

describe('a node that starts', () => {
  it('shows the fleet its ring and itself', async () => {
    const { old } = await rings;
    const fleet = new KeyFleet(old);
    await fleet.ready();
    const { ring, nodes } = await fleet.readFleet();
    expect(ring).toEqual({ version: old.version, fingerprint: old.fingerprint() });
    expect(nodes).toMatchObject([{ ringVersion: old.version, seenAt: fleet.platform.now() }]);
    expect(facts).toEqual([{ state: 'loaded', version: 1, reason: 'start' }]);
  });

  it('is refused with an older ring than was ever used, even if no other node is left', async () => {
    const { old, added } = await rings;
    const fleet = new KeyFleet(added);
    await (await fleet.ready()).sessions.close();
    const late = fleet.node(old);
    await expect(late.sessions.ready()).rejects.toMatchObject({
      code: 'HOLDFAST_KEY_RING',
      message: expect.stringMatching(/rolled back.*version 1.*version 2 is in use.*generateKeyRing/s),
    });
    expect(await late.sessions.health()).toMatchObject({ keys: { state: 'down' } });
    expect(facts.at(-1)).toEqual({ state: 'refused', version: 1, reason: 'rolled-back' });
  });

  it('is refused with another ring of the version in use', async () => {
    const { old } = await rings;
    const fleet = new KeyFleet(old);
    await fleet.ready();
    await expect(fleet.ready(await generateKeyRing())).rejects.toThrow(/Another key ring of version 1 is in use/);
    expect(facts.at(-1)).toEqual({ state: 'refused', version: 1, reason: 'other-ring' });
  });

  it('starts above a ring that was lost', async () => {
    const { added } = await rings;
    const fleet = new KeyFleet(added);
    await fleet.ready();
    await fleet.ready(await generateKeyRing({ version: 3 }));
    expect((await fleet.readFleet()).ring?.version).toBe(3);
  });

  it('looks at its source again once somebody has mended it', async () => {
    const { old, added } = await rings;
    const fleet = new KeyFleet(added);
    await fleet.ready();
    const shelf = new RingShelf(old);
    const { sessions } = fleet.node(shelf);
    await expect(sessions.create({ cart: [] })).rejects.toMatchObject({ code: 'HOLDFAST_KEY_RING' });
    shelf.ring = added;
    await expect(sessions.create({ cart: [] })).resolves.toBeDefined();
  });

  describe('while the database is away, and waits for it', () => {
    async function setUp() {
      const { added, promoted } = await rings;
      const fleet = new KeyFleet(added);
      const { sessions, durable } = fleet.node();
      durable.hook.before = refuse;
      await expect(sessions.create({ cart: [] })).rejects.toMatchObject({ code: 'HOLDFAST_TIER_UNAVAILABLE' });
      await fleet.platform.advance(HOUR);
      fleet.shelf.ring = promoted;
      durable.hook.before = () => undefined;
      await fleet.platform.advance(1_000);
      return { fleet, sessions, added, promoted };
    }

    it('seals the first session with the newest ring', async () => {
      const { fleet, sessions, added, promoted } = await setUp();
      await sessions.create({ cart: [] });
      expect(fleet.sealedBy(added, promoted)).toEqual([0, 1]);
      expect(await sessions.health()).toMatchObject({ keys: { state: 'up', ring: promoted.version } });
    });

    it('starts with the ring that it has where the source fails by then', async () => {
      const { fleet, sessions, added, promoted } = await setUp();
      fleet.shelf.failure = new Error('away');
      await sessions.create({ cart: [] });
      expect(fleet.sealedBy(added, promoted)).toEqual([1, 0]);
      expect(await sessions.health()).toMatchObject({ keys: { state: 'degraded', reason: 'source-failed' } });
    });
  });

  it('takes what is not a ring for a failure of the source', async () => {
    const { old } = await rings;
    const fleet = new KeyFleet(old);
    await expect(fleet.ready({ load: () => Promise.resolve({}) as never })).rejects.toMatchObject({
      code: 'HOLDFAST_KEY_RING',
    });
  });

  it('takes a ring that its source gives without a promise', async () => {
    const { old } = await rings;
    const { sessions } = await new KeyFleet(old).ready({ load: () => old as never });
    expect(await sessions.health()).toMatchObject({ keys: { state: 'up', ring: old.version } });
  });

  it('does not start half where the watching of its source fails: the next call watches, and heartbeats go on', async () => {
    const { old } = await rings;
    const fleet = new KeyFleet(old);
    const shelf = new RingShelf(old);
    let isBroken = true;
    const watch = (changed: () => void): (() => void) => {
      if (isBroken) throw new Error('no such channel');
      return shelf.watch(changed);
    };
    const { sessions } = fleet.node({ load: () => shelf.load(), watch });
    await expect(sessions.ready()).rejects.toThrow('no such channel');
    isBroken = false;
    await sessions.ready();
    expect(shelf.listeners).toBe(1);
    await fleet.platform.advance(3 * HEARTBEAT);
    const { now, nodes } = await fleet.readFleet();
    expect(now - (nodes[0]?.seenAt ?? 0)).toBeLessThanOrEqual(HEARTBEAT);
  });

  it('refuses a source whose watching nobody could end', async () => {
    const { old } = await rings;
    const watch = (async () => () => undefined) as never;
    const { sessions } = new KeyFleet(old).node({ load: async () => old, watch });
    await expect(sessions.ready()).rejects.toThrow(/^keys\.watch: expected it to return a function/);
    await expect(sessions.close()).resolves.toBeUndefined();
  });

  it('forgets nodes that died a day ago, and only those', async () => {
    const { old } = await rings;
    const fleet = new KeyFleet(old);
    const dead = await fleet.ready();
    dead.platform.stop();
    await fleet.platform.advance(24 * HOUR - 1_000);
    const living = await fleet.ready();
    expect((await fleet.readFleet()).nodes).toHaveLength(2);
    await fleet.platform.advance(2_000);
    await fleet.ready();
    expect((await fleet.readFleet()).nodes).toHaveLength(2);
    await living.sessions.close();
    expect((await fleet.readFleet()).nodes).toHaveLength(1);
  });
});

describe('a node that runs', () => {
  it('uses a newer ring as soon as its source has one, and says so to the fleet', async () => {
    const { old, added } = await rings;
    const fleet = new KeyFleet(old);
    const { sessions } = await fleet.ready();
    await fleet.platform.advance(1_000);
    fleet.shelf.put(added);
    await settled();
    const { ring, nodes } = await fleet.readFleet();
    expect(ring?.version).toBe(2);
    expect(nodes).toMatchObject([{ ringVersion: 2, acknowledgedAt: fleet.platform.now() }]);
    expect(await sessions.health()).toMatchObject({ keys: { state: 'up' } });
    expect(facts.at(-1)).toEqual({ state: 'loaded', version: 2, reason: 'reload' });
  });

  it('learns from the fleet that there is a newer ring, whatever its source watches', async () => {
    const { old, added } = await rings;
    const fleet = new KeyFleet(old);
    const shelf = new RingShelf(old);
    await fleet.ready({ load: () => shelf.load() });
    await fleet.ready(added);
    shelf.ring = added;
    await fleet.platform.advance(HEARTBEAT);
    expect((await fleet.readFleet()).nodes.map(({ ringVersion }) => ringVersion)).toEqual([2, 2]);
  });

  it('is degraded while it knows that there is a newer ring and cannot get it', async () => {
    const { old, added } = await rings;
    const fleet = new KeyFleet(old);
    const { sessions } = await fleet.ready(old);
    await fleet.ready(added);
    expect(await sessions.health()).toMatchObject({ keys: { state: 'up' } });
    await fleet.platform.advance(HEARTBEAT);
    expect(await sessions.health()).toMatchObject({ keys: { state: 'degraded', reason: 'behind-fleet' } });
    // The others wait for it, so it may go on, for as long as its heartbeats reach them.
    await fleet.platform.advance(2 * FENCE);
    await expect(sessions.create({ cart: [] })).resolves.toBeDefined();
  });

  it('keeps the last good ring when the source fails, is degraded, and tries again', async () => {
    const { old, added } = await rings;
    const fleet = new KeyFleet(old);
    const { sessions } = await fleet.ready();
    fleet.shelf.failure = new Error('the key service said 500 for ring hunter2');
    fleet.shelf.put(added);
    await settled();
    expect(await sessions.health()).toMatchObject({ keys: { state: 'degraded' } });
    await expect(sessions.create({ cart: [] })).resolves.toBeDefined();
    expect(facts.at(-1)).toEqual({ state: 'not-loaded', version: 1, reason: 'source-failed' });
    fleet.shelf.failure = undefined;
    await fleet.platform.advance(HEARTBEAT);
    expect(await sessions.health()).toMatchObject({ keys: { state: 'up' } });
    expect((await fleet.readFleet()).ring?.version).toBe(2);
  });

  it('does not wait for a source that never answers', async () => {
    const { old } = await rings;
    const fleet = new KeyFleet(old);
    let answers = true;
    const source = {
      load: () => (answers ? Promise.resolve(old) : new Promise<KeyRing>(() => undefined)),
      watch: (changed: () => void) => fleet.platform.after(1_000, changed),
    };
    const { sessions } = await fleet.ready(source);
    answers = false;
    await fleet.platform.advance(1_000 + 10_000);
    expect(await sessions.health()).toMatchObject({ keys: { state: 'degraded' } });
  });

  it('refuses an older ring and another one of the same version, and keeps the last good one', async () => {
    const { old, added } = await rings;
    const fleet = new KeyFleet(added);
    const { sessions } = await fleet.ready();
    const { id } = await sessions.create({ cart: [] });
    for (const [bad, reason] of [
      [old, 'rolled-back'],
      [await generateKeyRing({ version: 2 }), 'other-ring'],
    ] as const) {
      fleet.shelf.put(bad);
      await settled();
      expect(await sessions.health()).toMatchObject({ keys: { state: 'degraded' } });
      expect(facts.at(-1)).toEqual({ state: 'refused', version: bad.version, reason });
      await add(sessions, id, 'A1');
    }
    expect(fleet.sealedBy(added)).toEqual([1]);
    expect((await fleet.readFleet()).ring?.fingerprint).toEqual(added.fingerprint());
  });

  it('loads once more when the source says that it changed while it was being read', async () => {
    const { old, added } = await rings;
    const fleet = new KeyFleet(old);
    const waiting: ((ring: KeyRing) => void)[] = [];
    let changed = (): void => undefined;
    let isFirst = true;
    const source = {
      load: () => (isFirst ? Promise.resolve(old) : new Promise<KeyRing>((resolve) => waiting.push(resolve))),
      watch: (listener: () => void) => {
        changed = listener;
        return () => undefined;
      },
    };
    await fleet.ready(source);
    isFirst = false;
    changed();
    await settled();
    changed();
    changed();
    await settled();
    waiting.shift()?.(old);
    await settled();
    waiting.shift()?.(added);
    await settled();
    expect((await fleet.readFleet()).ring?.version).toBe(2);
    expect(waiting).toHaveLength(0);
  });

  it('refuses what a revoked key sealed as soon as it has the ring, in either tier', async () => {
    const { old, promoted } = await rings;
    const fleet = new KeyFleet(old);
    const { sessions } = await fleet.ready();
    const { id } = await sessions.create({ cart: [] });
    await sessions.get(id);
    await settled();
    expect((await sessions.get(id))?.servedBy).toBe('primary');
    fleet.shelf.put(promoted);
    await settled();
    expect((await sessions.get(id))?.servedBy).toBe('primary');
    fleet.shelf.put(revokeKey(promoted, { kid: old.sealingKey.kid }));
    await settled();
    const refusal = { code: 'HOLDFAST_ENVELOPE', reason: 'revoked-key', retryable: false };
    await expect(sessions.get(id)).rejects.toMatchObject(refusal);
    await expect(sessions.get(id, { consistency: 'strong' })).rejects.toMatchObject(refusal);
    await expect(add(sessions, id, 'A1')).rejects.toMatchObject(refusal);
  });
});

describe('an unknown key id', () => {
  it('makes a node look at its source, and the call succeeds', async () => {
    const { old, added, promoted } = await rings;
    const fleet = new KeyFleet(old);
    const shelf = new RingShelf(old);
    const behind = await fleet.ready({ load: () => shelf.load() });
    const ahead = await fleet.ready(promoted);
    const { id } = await ahead.sessions.create({ cart: [] });
    shelf.ring = added;
    // What the fleet uses by now is higher still.
    await expect(behind.sessions.get(id)).rejects.toMatchObject(unknownKey);
    shelf.ring = promoted;
    await fleet.platform.advance(5_000);
    expect((await behind.sessions.get(id))?.data.cart).toEqual([]);
    expect((await add(behind.sessions, id, 'A1')).data.cart).toEqual(['A1']);
  });

  it('loads the ring once for a thousand calls, and at most every 5 s', async () => {
    const { old, promoted } = await rings;
    const fleet = new KeyFleet(old);
    const { sessions } = await fleet.ready();
    const ahead = await fleet.ready(promoted);
    const { id } = await ahead.sessions.create({ cart: [] });
    const ask = () => expect(sessions.get(id)).rejects.toMatchObject(unknownKey);
    const before = fleet.shelf.loads;
    await Promise.all(Array.from({ length: 1_000 }, ask));
    expect(fleet.shelf.loads - before).toBe(1);
    await fleet.platform.advance(4_999);
    await ask();
    expect(fleet.shelf.loads - before).toBe(1);
    await fleet.platform.advance(1);
    await ask();
    expect(fleet.shelf.loads - before).toBe(2);
  });
});
