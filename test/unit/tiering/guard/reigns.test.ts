import { describe, expect, it } from 'vitest';
import { readNames, readReport } from '../../../../src/tiering/masters/names.ts';
import { presentMoment } from '../../../../src/platform/moment.ts';
import { ShardGuard } from '../../../../src/tiering/guard/shard-guard.ts';
import type { PrimaryShard } from '../../../../src/tiers/primary.ts';
import { FakePlatform, settled } from '../../../support/fake-platform.ts';

/** A guard, and the polls of its keeper. */
function setUp() {
  const platform = new FakePlatform();
  const server = { incarnation: 'X', isThere: true };
  const shard = {
    name: 'main',
    vantage: () =>
      server.isThere ? { incarnation: server.incarnation, earliest: platform.now(), latest: platform.now() } : null,
    failure: () => null,
    probe: async () => {},
    confirm: async () => {},
  } as unknown as PrimaryShard;
  const guard = new ShardGuard({
    shard,
    owns: () => true,
    isOpened: true,
    platform,
    timeoutMs: 500,
    revalidateAfterMs: 60_000,
    onMiss: () => {},
    onReturn: () => {},
    onChange: () => {},
  });
  const poll = (named: string, agreed: string | null): void => {
    const question = guard.standing.ask(presentMoment(platform), shard.vantage()?.incarnation ?? null);
    const before = guard.standing.reign;
    guard.standing.take(question, { names: readNames(named), agreed: agreed === null ? null : readReport(agreed) });
    if (guard.standing.reign !== before) guard.standingChanged();
  };
  return { platform, server, guard, poll };
}

describe('a shard', () => {
  it('does not use a server that is met while the breaker is open by the name of the one before', async () => {
    const { platform, server, guard, poll } = setUp();
    poll('main=X.00', 'main=X');
    expect(guard.isInUse).toBe(true);
    // A command fails, and the connection stays: the breaker is open, and a poll is answered meanwhile.
    guard.trip('OOM');
    await platform.advance(10);
    poll('main=X.00', 'main=X');
    // The connection ends, and the next one leads to another server, before the breaker's next probe.
    server.isThere = false;
    guard.connectionChanged();
    Object.assign(server, { isThere: true, incarnation: 'Y' });
    guard.connectionChanged();
    await settled();
    await platform.advance(2_000);
    expect({ incarnation: guard.standing.incarnation, inUse: guard.isInUse, stamp: guard.stamp() }).toEqual({
      incarnation: null,
      inUse: false,
      stamp: null,
    });
  });

  it('raises the floor when the server that counts has become another one', async () => {
    const { platform, server, guard, poll } = setUp();
    poll('main=X.00', 'main=X');
    // A measurement of a slow server (`#look`) or a probe finds another incarnation on the same connection: no null between.
    server.incarnation = 'Y';
    await platform.advance(100);
    const stamp = { incarnation: 'Y', at: platform.now() };
    await platform.advance(100);
    poll('main=Y.01', 'main=Y');
    expect(guard.standing.incarnation).toBe('Y');
    expect(guard.trustIn(stamp)).toBe('foreign');
  });

  it('raises the floor when the same server has been named anew', async () => {
    const { platform, guard, poll } = setUp();
    poll('main=X.00', 'main=X');
    await platform.advance(100);
    const stamp = { incarnation: 'X', at: platform.now() };
    await platform.advance(5_000);
    poll('main=X.02', 'main=X');
    expect(guard.trustIn(stamp)).toBe('foreign');
  });
});
