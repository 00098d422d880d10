import { afterAll } from 'vitest';
import type { SessionClient } from '../../../src/index.ts';
import { memoryDurableTier, memoryPrimaryTier } from '../../../src/tiers/memory/index.ts';
import { Browser } from './browser.ts';
import type { Shop } from './shop.ts';
import { shopClient } from './stand.ts';
import type { Site } from './subject.ts';

/** For what concerns a framework and no tier: a client in memory. What a test file opens is closed after it. */
export function oneNode(): { sessions(): Promise<SessionClient<Shop>>; visit(site: Site): Browser } {
  const closings: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const close of closings.toReversed()) await close();
  });
  return {
    async sessions() {
      const client = await shopClient({ primary: memoryPrimaryTier(), durable: memoryDurableTier() });
      closings.push(() => client.close());
      return client;
    },
    visit(site) {
      closings.push(() => site.close());
      return new Browser([site]);
    },
  };
}
