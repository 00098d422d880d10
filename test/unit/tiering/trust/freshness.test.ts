import { beforeEach, describe, expect, it } from 'vitest';
import { FEED_FRESH_MS, FEED_INTERVAL_MS } from '../../../../src/limits/feed.ts';
import { presentMoment } from '../../../../src/platform/moment.ts';
import { Freshness } from '../../../../src/tiering/trust/freshness.ts';
import { FakePlatform } from '../../../support/fake-platform.ts';

let platform: FakePlatform;
let freshness: Freshness;
beforeEach(() => {
  platform = new FakePlatform();
  freshness = new Freshness(platform);
});

describe('the freshness of the feed', () => {
  it('begins neither fresh nor late', () => {
    expect(freshness).toMatchObject({ isFresh: false, isLate: false, isDue: true, lateMs: Infinity });
  });

  it('lasts from the beginning of a poll, however long that took', async () => {
    const begunAt = freshness.begin();
    await platform.advance(1_000);
    freshness.apply(begunAt);
    freshness.end();
    expect(freshness).toMatchObject({ isFresh: true, lateMs: 1_000 });
    await platform.advance(FEED_FRESH_MS - 1_000);
    expect(freshness.isFresh).toBe(true);
    await platform.advance(1);
    expect(freshness).toMatchObject({ isFresh: false, isLate: true });
  });

  it('lasts for a server from the last time that it was asked for its incarnation, if that was before', async () => {
    const confirmedAt = presentMoment(platform);
    await platform.advance(1_000);
    freshness.apply(freshness.begin());
    await platform.advance(FEED_FRESH_MS - 1_000);
    expect(freshness.isFreshWith(confirmedAt)).toBe(true);
    await platform.advance(1);
    expect(freshness.isFreshWith(confirmedAt)).toBe(false);
    expect(freshness.isFreshWith(presentMoment(platform))).toBe(true);
    await platform.advance(1_000);
    expect(freshness.isFreshWith(presentMoment(platform))).toBe(false);
  });

  it('is not renewed by a poll of which not everything was applied', async () => {
    freshness.begin();
    freshness.end();
    expect(freshness).toMatchObject({ isFresh: false, isLate: true, isDue: false });
    await platform.advance(FEED_INTERVAL_MS);
    expect(freshness.isDue).toBe(true);
  });
});
