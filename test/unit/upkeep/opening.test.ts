import { describe, expect, it } from 'vitest';
import { keyCensus, reencryptSessions, reindexSessions, sweepSessions } from '../../../src/index.ts';
import { memoryDurableTier } from '../../../src/tiers/memory/index.ts';
import { settled } from '../../support/fake-platform.ts';
import { interceptDurable } from '../../support/intercepted-tiers.ts';
import { refuse } from '../../support/memory-fleet.ts';
import { memoryClient } from '../../support/memory-client.ts';

describe('upkeep with a client that was never open', () => {
  it.each(Object.entries({ keyCensus, reencryptSessions, reindexSessions, sweepSessions }))(
    'fails at once where the database is away: %s',
    async (_name, upkeep) => {
      const durable = interceptDurable(memoryDurableTier());
      durable.hook.before = refuse;
      const { sessions } = await memoryClient({ durable: durable.tier });
      let failure: unknown;
      upkeep(sessions).catch((error: unknown) => (failure = error));
      await settled();
      expect(failure).toMatchObject({ code: 'HOLDFAST_TIER_UNAVAILABLE', tier: 'durable' });
    },
  );
});
