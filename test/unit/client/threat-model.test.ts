import { beforeEach, describe, expect, it } from 'vitest';
import { requireEngine } from '../../../src/client/engine-of.ts';
import type { SessionClient } from '../../../src/index.ts';
import { handleOf, storageKeyOf } from '../../../src/session/session-id.ts';
import { settled } from '../../support/fake-platform.ts';
import { add, MemoryFleet, seen, type Shop } from '../../support/memory-fleet.ts';

/*
 * What SECURITY.md says of somebody who can write to a store, the bad news included: if one of these fails because the library has
 * become better, the page has to be changed as well.
 */

const MINUTE = 60_000;
const strong = { consistency: 'strong', touch: false } as const;

let fleet: MemoryFleet;
let sessions: SessionClient<Shop>;

beforeEach(async () => {
  fleet = new MemoryFleet();
  ({ sessions } = await fleet.node());
});

async function warm(id: string): Promise<void> {
  await sessions.get(id);
  await settled();
  expect((await sessions.get(id))?.servedBy).toBe('primary');
}

function rowOf(id: string) {
  const row = fleet.rowOf(id);
  if (row === undefined) throw new Error('no row');
  return row;
}

function putRow(id: string, changes: Partial<ReturnType<typeof rowOf>>): void {
  fleet.database.set(storageKeyOf(id).toString('hex'), { ...rowOf(id), ...changes });
}

/** What was in the primary tier under this id, to be put back later with a fresh stamp. */
function takeCopy(id: string): () => void {
  const key = fleet.keyOf(id);
  const stored = fleet.keyspace.get(key);
  if (stored?.kind !== 'value') throw new Error('no value there');
  return () => {
    const now = fleet.platform.now();
    const stamp = { ...stored.value.stamp, at: now };
    const value = { ...stored.value, stamp, lastSeenAt: now, idleExpiresAt: now + 10 * MINUTE };
    fleet.keyspace.set(key, { ...stored, value, expiresAt: Number.MAX_VALUE });
  };
}

describe('who can write to the primary tier', () => {
  it('cannot serve one session’s copy as another’s', async () => {
    const [mine, other] = [await sessions.create({ cart: ['mine'] }), await sessions.create({ cart: ['other'] })];
    await warm(mine.id);
    await warm(other.id);
    fleet.valueOf(other.id).replace(fleet.valueOf(mine.id).entry);
    expect(await seen(sessions, other.id)).toEqual({ cart: ['other'], servedBy: 'durable' });
  });

  it('can bring back an older copy of the same session for readers, and not for writers or strong reads', async () => {
    const { id } = await sessions.create({ cart: [] });
    await warm(id);
    const putBack = takeCopy(id);
    await add(sessions, id, 'tea');
    putBack();
    expect(await seen(sessions, id)).toEqual({ cart: [], servedBy: 'primary' });
    expect((await sessions.get(id, strong))?.data.cart).toEqual(['tea']);
    putBack();
    const added = add(sessions, id, 'jam');
    await fleet.platform.advance(1_000);
    await added;
    expect((await sessions.get(id, strong))?.data.cart).toEqual(['tea', 'jam']);
  });

  it('can let readers see a session after its logout, until the absolute deadline and no longer', async () => {
    const { id } = await sessions.create({ cart: [] }, { lifetime: { absolute: '5m' } });
    await warm(id);
    const putBack = takeCopy(id);
    await sessions.destroy(id);
    putBack();
    expect(await sessions.get(id)).not.toBeNull();
    expect(await sessions.get(id, strong)).toBeNull();
    await expect(add(sessions, id, 'tea')).rejects.toMatchObject({ code: 'HOLDFAST_SESSION_NOT_FOUND' });
    await fleet.platform.advance(5 * MINUTE);
    putBack();
    expect(await sessions.get(id)).toBeNull();
  });
});

describe('who has the data key, and can write to the durable tier', () => {
  /** The session as it would be if its deadline were so far away. */
  async function forged(ms: number): Promise<string> {
    const { id } = await sessions.create({ cart: [] });
    const now = fleet.platform.now();
    const codec = await requireEngine('forged', sessions).use(async (parts) => parts.codec);
    const record = { ...codec.open(storageKeyOf(id), rowOf(id).envelope), absoluteExpiresAt: now + ms };
    putRow(id, { envelope: codec.seal(storageKeyOf(id), record), absoluteExpiresAt: now + ms });
    return id;
  }

  it('cannot make a session that lives for a year where sessions live for twelve hours', async () => {
    const id = await forged(366 * 24 * 60 * MINUTE);
    await expect(sessions.get(id)).rejects.toMatchObject({ reason: 'outlives-limit', retryable: false });
    await expect(add(sessions, id, 'tea')).rejects.toMatchObject({ reason: 'outlives-limit' });
    expect(await sessions.destroy(id)).toBe(true);
  });

  it('can make one that lives for twice as long', async () => {
    const id = await forged(24 * 60 * MINUTE);
    expect((await sessions.get(id))?.data.cart).toEqual([]);
  });
});

describe('who can write to the durable tier', () => {
  it('cannot serve one session’s row as another’s', async () => {
    const [mine, other] = [await sessions.create({ cart: ['mine'] }), await sessions.create({ cart: ['other'] })];
    putRow(other.id, { envelope: rowOf(mine.id).envelope });
    await expect(sessions.get(other.id)).rejects.toMatchObject({ reason: 'tampered' });
  });

  it('can put an older row of the same session back, be it after a logout', async () => {
    const { id } = await sessions.create({ cart: [] });
    const older = rowOf(id);
    await add(sessions, id, 'tea');
    putRow(id, older);
    expect((await sessions.get(id, strong))?.data.cart).toEqual([]);
    await sessions.destroy(id);
    putRow(id, older);
    // The tombstone in the primary tier stands against it, while it is there.
    for (const options of [{}, strong]) expect(await sessions.get(id, options)).toBeNull();
    fleet.keyspace.delete(fleet.keyOf(id));
    expect(await sessions.get(id, strong)).not.toBeNull();
  });

  it('can stretch the idle deadline of a session, never its absolute one', async () => {
    const { id } = await sessions.create({ cart: [] }, { lifetime: { idle: '5m', absolute: '1h' } });
    const far = fleet.platform.now() + 600 * MINUTE;
    putRow(id, { idleExpiresAt: far, absoluteExpiresAt: far });
    await fleet.platform.advance(59 * MINUTE);
    expect(await sessions.get(id, strong)).not.toBeNull();
    await fleet.platform.advance(MINUTE);
    expect(await sessions.get(id, strong)).toBeNull();
  });

  it('can file a session under nobody, so that the end of all sessions of its user passes it by', async () => {
    const { id } = await sessions.create({ cart: [] }, { userId: 'u_42' });
    putRow(id, { userKey: null });
    expect(await sessions.destroyByUser('u_42')).toBe(0);
    expect((await sessions.get(id, strong))?.userId).toBe('u_42');
  });

  it('can put a session into another user’s list, but nothing of what it holds, its label included', async () => {
    const { id } = await sessions.create({ cart: ['tea'] }, { userId: 'u_42', label: 'Firefox on Linux' });
    const mine = await sessions.create({ cart: [] }, { userId: 'u_7' });
    putRow(id, { userKey: rowOf(mine.id).userKey });
    const [first, second] = await sessions.listByUser('u_7');
    expect(new Set([first?.handle, second?.handle])).toEqual(new Set([handleOf(storageKeyOf(id)), mine.handle]));
    expect(JSON.stringify([first, second])).not.toMatch(/tea|u_42|Firefox/);
  });
});
