import { describe, expect, it } from 'vitest';
import { TierFailure } from '../../../src/errors.ts';
import { FEED_FRESH_MS } from '../../../src/limits/feed.ts';
import { PROBE_BACKOFF } from '../../../src/limits/primary-tier.ts';
import { memoryDurableTier, memoryPrimaryTier } from '../../../src/tiers/memory/index.ts';
import { settled } from '../../support/fake-platform.ts';
import { interceptDurable, interceptPrimary } from '../../support/intercepted-tiers.ts';
import { memoryClient } from '../../support/memory-client.ts';

const UNKNOWN_ID = 'A'.repeat(43);

describe('health', () => {
  it('says of tiers and keys that nobody has asked for yet that they are down, and since when', async () => {
    const { sessions, platform } = await memoryClient();
    const since = new Date(platform.now());
    await platform.advance(5_000);
    const node = expect.stringMatching(/^[0-9a-f]{8}$/) as string;
    expect(await sessions.health()).toEqual({
      primary: { state: 'down', reason: 'never-reached', since },
      durable: { state: 'down', reason: 'never-reached', since },
      keys: { state: 'down', reason: 'not-loaded', since, node },
    });
  });

  it('is up without a reason once everything is there', async () => {
    const { sessions, platform } = await memoryClient();
    await platform.advance(5_000);
    const since = new Date(platform.now());
    await sessions.ready();
    const up = { state: 'up', since };
    const keys = { ...up, node: expect.any(String), ring: 1, sealingKeySince: expect.any(Date) };
    expect(await sessions.health()).toEqual({ primary: up, durable: up, keys });
    await platform.advance(5_000);
    expect(await sessions.health()).toEqual({ primary: up, durable: up, keys });
  });

  it('gives the reason of a primary tier that was never reached', async () => {
    const primary = interceptPrimary(memoryPrimaryTier());
    const { sessions } = await memoryClient({ primary: primary.tier });
    primary.hook.before = () => {
      throw new TierFailure('not-sent', 'ECONNREFUSED');
    };
    await sessions.ready();
    expect(await sessions.health()).toMatchObject({ primary: { state: 'down', reason: 'ECONNREFUSED' } });
  });

  it('gives the reason of a primary tier that a person has to mend', async () => {
    const primary = interceptPrimary(memoryPrimaryTier());
    const { sessions } = await memoryClient({ primary: primary.tier });
    primary.hook.before = () => {
      throw new TierFailure('misconfigured', 'WRONGPASS');
    };
    await expect(sessions.ready()).rejects.toMatchObject({ code: 'HOLDFAST_CONFIGURATION' });
    expect(await sessions.health()).toMatchObject({ primary: { state: 'down', reason: 'WRONGPASS' } });
  });

  it('follows the reason while the state lasts, and keeps since when', async () => {
    const primary = interceptPrimary(memoryPrimaryTier());
    const { sessions, platform } = await memoryClient({ primary: primary.tier });
    await sessions.ready();
    primary.hook.before = () => {
      throw new TierFailure('ambiguous', 'deadline');
    };
    await sessions.get(UNKNOWN_ID);
    const since = new Date(platform.now());
    expect((await sessions.health()).primary).toEqual({ state: 'degraded', reason: 'deadline', since });
    primary.hook.before = () => {
      throw new TierFailure('rejected', 'OOM');
    };
    await platform.advance(PROBE_BACKOFF.longestMs);
    expect((await sessions.health()).primary).toEqual({ state: 'degraded', reason: 'OOM', since });
    primary.hook.before = () => {};
    await platform.advance(PROBE_BACKOFF.longestMs);
    expect((await sessions.health()).primary.state).toBe('up');
  });

  it('says that one statement failed, and that the dirty feed is late', async () => {
    const durable = interceptDurable(memoryDurableTier());
    const { sessions, platform } = await memoryClient({ durable: durable.tier });
    await sessions.ready();
    durable.hook.before = (method) => {
      if (method === 'sessions.read') throw new TierFailure('ambiguous', 'connection-lost');
    };
    await sessions.get(UNKNOWN_ID).catch(() => {});
    expect((await sessions.health()).durable).toMatchObject({ state: 'degraded', reason: 'connection-lost' });
    durable.hook.before = () => {};
    await sessions.get(UNKNOWN_ID);
    expect((await sessions.health()).durable.state).toBe('up');
    platform.block(FEED_FRESH_MS + 1);
    expect((await sessions.health()).durable).toMatchObject({ state: 'degraded', reason: 'feed-late' });
  });
});

describe('a database that was never reached', () => {
  const away = new TierFailure('not-sent', 'unreachable');

  async function setUp() {
    const durable = interceptDurable(memoryDurableTier());
    const client = await memoryClient({ durable: durable.tier });
    const opens = (): number => durable.calls.filter((method) => method === 'open').length;
    return { ...client, durable, opens };
  }

  it('is down, with the reason of its failure', async () => {
    const { sessions, durable } = await setUp();
    durable.hook.before = () => {
      throw away;
    };
    await expect(sessions.ready({ timeout: 0 })).rejects.toMatchObject({
      code: 'HOLDFAST_TIER_UNAVAILABLE',
      reason: 'unreachable',
    });
    expect((await sessions.health()).durable).toMatchObject({ state: 'down', reason: 'unreachable' });
  });

  it('refuses calls at once after the first attempt, and is tried again in the background', async () => {
    const { sessions, durable, platform, opens } = await setUp();
    let fail = (): void => {};
    durable.hook.before = () => new Promise((_resolve, reject) => (fail = () => reject(away)));
    const first = expect(sessions.get(UNKNOWN_ID)).rejects.toMatchObject({ reason: 'unreachable' });
    await settled();
    fail();
    await first;
    // The next attempt hangs: nobody waits for it.
    await platform.advance(PROBE_BACKOFF.longestMs);
    expect(opens()).toBe(2);
    await expect(sessions.get(UNKNOWN_ID)).rejects.toMatchObject({ reason: 'unreachable' });
    await expect(sessions.get(UNKNOWN_ID)).rejects.toMatchObject({ reason: 'unreachable' });
    expect(opens()).toBe(2);
    durable.hook.before = () => {};
    fail();
    await platform.advance(PROBE_BACKOFF.longestMs);
    expect(await sessions.get(UNKNOWN_ID)).toBeNull();
    expect((await sessions.health()).durable.state).toBe('up');
    await sessions.close();
  });

  it('is tried by each caller where a person has to mend something, and used at once when it is mended', async () => {
    const { sessions, durable, platform, opens } = await setUp();
    durable.hook.before = () => {
      throw new TierFailure('misconfigured', 'no-table');
    };
    await expect(sessions.ready()).rejects.toMatchObject({ code: 'HOLDFAST_CONFIGURATION' });
    expect((await sessions.health()).durable).toMatchObject({ state: 'down', reason: 'no-table' });
    await platform.advance(10 * PROBE_BACKOFF.longestMs);
    expect(opens()).toBe(1);
    await expect(sessions.ready()).rejects.toMatchObject({ code: 'HOLDFAST_CONFIGURATION' });
    expect(opens()).toBe(2);
    durable.hook.before = () => {};
    await sessions.ready();
    expect((await sessions.health()).durable.state).toBe('up');
    await sessions.close();
  });

  it('is used at once by a caller who finds it mended while it is tried in the background', async () => {
    const { sessions, durable, platform } = await setUp();
    let failure = away;
    durable.hook.before = () => {
      throw failure;
    };
    await expect(sessions.ready({ timeout: 0 })).rejects.toMatchObject({ code: 'HOLDFAST_TIER_UNAVAILABLE' });
    failure = new TierFailure('misconfigured', 'no-table');
    await platform.advance(PROBE_BACKOFF.longestMs);
    durable.hook.before = () => {};
    await sessions.ready();
    expect(await sessions.get(UNKNOWN_ID)).toBeNull();
    await sessions.close();
  });
});
