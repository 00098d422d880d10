import { describe, expect, it } from 'vitest';
import { FEED_FRESH_MS } from '../../../../src/limits/feed.ts';
import { presentMoment } from '../../../../src/platform/moment.ts';
import { PrimaryGuard } from '../../../../src/tiering/guard/primary-guard.ts';
import { UNREACHED } from '../../../../src/tiering/guard/unreached.ts';
import { memoryPrimaryTier } from '../../../../src/tiers/memory/index.ts';
import { FakePlatform, settled } from '../../../support/fake-platform.ts';
import { gate, interceptPrimary } from '../../../support/intercepted-tiers.ts';

const KEY: Buffer = Buffer.alloc(32);

/** A guard over one server that counts as long as the test names it. */
async function setUp(counts: boolean) {
  const platform = new FakePlatform();
  const primary = interceptPrimary(memoryPrimaryTier());
  const guard = new PrimaryGuard({ platform, tier: primary.tier, timeoutMs: 250, revalidateAfterMs: 60_000 });
  const returns: number[] = [];
  guard.returned.add(() => void returns.push(platform.now()));
  await guard.open({ namespace: 'shop', platform, timeoutMs: 250 });
  const [only] = guard.guards;
  const { incarnation } = only!.shard.vantage()!;
  /** Takes the answer of a poll that begins now, by which the server counts, or not. */
  const name = (isNamed: boolean): void => {
    const question = only!.standing.ask(presentMoment(platform), incarnation);
    const names = new Map(isNamed ? [['main', { incarnation, nonce: '0a' }]] : []);
    only!.standing.take(question, { names, agreed: new Map([['main', incarnation]]) });
    only!.standingChanged();
  };
  if (counts) name(true);
  return { platform, primary, guard, returns, name, incarnation };
}

describe('a server that does not count', () => {
  it('is sent no command and gives no stamp, but is asked for its incarnation', async () => {
    const { primary, guard } = await setUp(false);
    expect([guard.isInUse, guard.stamp(KEY), await guard.read(KEY)]).toEqual([false, null, UNREACHED]);
    expect(await guard.hold(KEY)).toBe(UNREACHED);
    await guard.confirmAll();
    expect(primary.calls).toEqual(['open', 'confirm']);
  });

  it('is not believed: a copy that was read while it counted may come late', async () => {
    const { guard, name } = await setUp(true);
    const stamp = guard.stamp(KEY)!;
    expect(guard.trustIn(KEY, stamp)).toBe('current');
    name(false);
    expect(guard.trustIn(KEY, stamp)).toBe('foreign');
  });

  it('notifies when it begins to, and nothing from before is believed', async () => {
    const { platform, guard, returns, name, incarnation } = await setUp(false);
    const early = { incarnation, at: platform.now() };
    await platform.advance(10);
    name(true);
    expect(returns).toEqual([platform.now()]);
    expect([guard.isInUse, guard.trustIn(KEY, early), guard.trustIn(KEY, guard.stamp(KEY)!)]).toEqual([
      true,
      'foreign',
      'current',
    ]);
  });
});

describe('a write that is answered', () => {
  it.each(['hold', 'tombstone', 'evict'] as const)('by a %s reached the server that counts', async (method) => {
    const { guard } = await setUp(true);
    expect(await guard[method](KEY, 1)).toBeUndefined();
  });

  it.each(['hold', 'tombstone', 'evict'] as const)('by a %s did not reach one that counts no more', async (method) => {
    const { primary, guard, name } = await setUp(true);
    primary.hook.before = () => name(false);
    expect(await guard[method](KEY, 1)).toBe(UNREACHED);
  });

  it('did not reach one that did not count for a moment meanwhile', async () => {
    const { primary, guard, name } = await setUp(true);
    primary.hook.before = () => {
      name(false);
      name(true);
    };
    expect(await guard.tombstone(KEY, 1)).toBe(UNREACHED);
  });

  it('did not reach one that was not lately found to count, which stays in use', async () => {
    const { platform, primary, guard } = await setUp(true);
    primary.hook.before = () => platform.advance(FEED_FRESH_MS + 1);
    expect([await guard.tombstone(KEY, 1), guard.isInUse]).toEqual([UNREACHED, true]);
  });

  it('did not reach one whose connection was lost meanwhile and is back', async () => {
    const { primary, guard, name } = await setUp(true);
    const answer = gate();
    primary.override('tombstone', async (own, ...args) => {
      await own(...args);
      await answer.wait();
    });
    const tombstone = guard.tombstone(KEY, 1);
    await answer.reached;
    guard.guards[0]!.trip('connection-lost');
    guard.guards[0]!.connectionChanged();
    await settled();
    // It may be another server: it counts after another poll.
    expect(guard.isInUse).toBe(false);
    name(true);
    expect(guard.isInUse).toBe(true);
    answer.pass();
    expect(await tombstone).toBe(UNREACHED);
  });
});
