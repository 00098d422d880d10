import { describe, expect, it } from 'vitest';
import { TierFailure } from '../../../../src/errors.ts';
import type { TieringContext } from '../../../../src/tiering/context.ts';
import { ReadPath } from '../../../../src/tiering/read/read-path.ts';
import { FakePlatform, settled } from '../../../support/fake-platform.ts';
import { MemoryFleet } from '../../../support/memory-fleet.ts';

describe('a copy whose read waited for the feed', () => {
  /** A read of a copy, while the feed becomes fresh: during the wait, or in the moment after the wait was given up. */
  async function readWhile(isInTime: boolean) {
    const platform = new FakePlatform();
    const freshness = { isFresh: false };
    const record = { revision: 1, absoluteExpiresAt: platform.now() + 60_000, idleLifetimeMs: 60_000 };
    const copy = { kind: 'value', revision: 1, idleExpiresAt: platform.now() + 60_000, envelope: Buffer.alloc(40) };
    const context = {
      platform,
      primary: {
        trustIn: () => 'current',
        readHedged: async (_key: Buffer, use: (entry: object) => unknown) => use(copy),
        read: async () => ({ kind: 'tombstone' }),
        stamp: () => null,
        evict: async () => undefined,
      },
      feed: {
        isFreshFor: () => freshness.isFresh,
        async becomesFresh() {
          freshness.isFresh = true;
          return isInTime;
        },
      },
      durable: { sessions: { readState: async () => null } },
      pendingTouches: { flushOne: async () => false },
      background: { run: () => undefined },
      envelopes: { openRemembered: () => record },
    };
    const reads = new ReadPath(context as never as TieringContext);
    return reads.read(Buffer.alloc(32), { consistency: 'bounded', touch: false });
  }

  it('is never served as it was read before: the feed may have taken it away since', async () => {
    expect(await readWhile(true)).toBeNull();
    expect(await readWhile(false)).toBeNull();
  });
});

describe('a strong read that the database refuses', () => {
  it('fails at once, without asking the primary server for its identity', async () => {
    const fleet = new MemoryFleet();
    const { sessions, primary, durable } = await fleet.node();
    const { id } = await sessions.create({ cart: [] });
    await sessions.get(id);
    primary.override('confirm', () => new Promise(() => {}));
    await fleet.platform.advance(3_000);
    durable.hook.before = (method) => {
      if (method.startsWith('sessions.')) throw new TierFailure('rejected', 'lock-timeout');
    };
    let failure: unknown;
    sessions.get(id, { consistency: 'strong', touch: false }).catch((error: unknown) => (failure = error));
    await settled();
    expect(failure).toMatchObject({ code: 'HOLDFAST_TIER_UNAVAILABLE', reason: 'lock-timeout' });
  });
});
