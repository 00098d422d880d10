import { nextSessions } from 'holdfast/next';
import type { ShopOfSite } from '../../client';

/** The test's process has made it before it started Next (`../../client.ts`). */
const shared = globalThis as typeof globalThis & { shop?: ShopOfSite };

export function shop(): ShopOfSite {
  if (shared.shop === undefined) throw new Error('nobody has made the client');
  return shared.shop;
}

export const session = nextSessions(() => shop().sessions, { initial: () => shop().initial() });
