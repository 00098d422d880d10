import { beforeEach, describe, expect, it } from 'vitest';
import { TierUnavailableError } from '../../../src/index.ts';
import { PREVIOUS_KEY_LOOKUP_MS } from '../../../src/limits/durable-tier.ts';
import { newSessionId } from '../../../src/session/session-id.ts';
import { MemoryFleet, refuse, type FleetNode } from '../../support/memory-fleet.ts';

let fleet: MemoryFleet;
let node: FleetNode;
beforeEach(async () => {
  fleet = new MemoryFleet();
  node = await fleet.node();
});

describe('movedSince', () => {
  it('is true of an id that was replaced within the last half minute, by whatever node', async () => {
    const other = await fleet.node();
    const { id } = await node.sessions.create({ cart: [] });
    expect(await other.sessions.movedSince(id)).toBe(false);
    const moved = await node.sessions.regenerate(id);
    expect(await other.sessions.movedSince(id)).toBe(true);
    expect(await other.sessions.movedSince(moved.id)).toBe(false);
    const again = await node.sessions.regenerate(moved.id);
    expect(await other.sessions.movedSince(id)).toBe(true);
    await fleet.platform.advance(PREVIOUS_KEY_LOOKUP_MS + 1);
    expect(await other.sessions.movedSince(id)).toBe(false);
    expect(await other.sessions.get(again.id)).not.toBeNull();
  });

  it('is false of a session that has ended since', async () => {
    const { id } = await node.sessions.create({ cart: [] });
    const moved = await node.sessions.regenerate(id);
    await node.sessions.destroy(moved.id);
    expect(await node.sessions.movedSince(id)).toBe(false);
  });

  it('is false of an id that nobody knows, and asks nobody about a malformed one', async () => {
    expect(await node.sessions.movedSince(newSessionId(fleet.platform))).toBe(false);
    node.durable.calls.length = 0;
    expect(await node.sessions.movedSince('nonsense')).toBe(false);
    expect(await node.sessions.movedSince(undefined as never)).toBe(false);
    expect(node.durable.calls).toEqual([]);
  });

  it('is no answer where the database gives none', async () => {
    node.durable.hook.before = refuse;
    await expect(node.sessions.movedSince(newSessionId(fleet.platform))).rejects.toThrow(TierUnavailableError);
  });
});
