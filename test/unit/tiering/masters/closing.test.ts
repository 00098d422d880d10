import { describe, expect, it } from 'vitest';
import type { MemoryKeyspace } from '../../../../src/tiers/memory/index.ts';
import { settled } from '../../../support/fake-platform.ts';
import { MemoryFleet, seen } from '../../../support/memory-fleet.ts';

describe('a client that closes', () => {
  it('marks its last revocations dirty, since the fleet does not wait for it any more', async () => {
    const fleet = new MemoryFleet();
    const other: MemoryKeyspace = new Map();
    const [closing, creator] = [await fleet.node(), await fleet.node()];
    await fleet.platform.advance(900);
    // A login is in flight while its user is logged out everywhere.
    let commit: (() => void) | undefined;
    const mayCommit = new Promise<void>((resolve) => (commit = resolve));
    creator.durable.override('sessions.insert', async (own, ...args) => {
      await mayCommit;
      return (own as (...given: unknown[]) => Promise<never>)(...args);
    });
    const creating = creator.sessions.create({ cart: [] } as never, { userId: 'u1' } as never);
    await settled();
    await closing.sessions.destroyByUser('u1');
    commit?.();
    const { id } = await creating;
    await creator.sessions.close();
    await fleet.platform.advance(2_150);
    const isClosed = closing.sessions.close();
    await fleet.platform.advance(3_900);
    // A node starts that is led to another server. It is the only one in the table.
    const stray = await fleet.node({}, other);
    await seen(stray.sessions, id);
    await settled();
    await fleet.platform.advance(8_000);
    await isClosed;
    expect(fleet.rowOf(id)?.revokedAt).not.toBeNull();
    expect(await seen(stray.sessions, id)).toBeNull();
  });
});
