import type { SessionClient } from 'holdfast';
import { nextSessions } from 'holdfast/next';

export interface Shop {
  cart: string[];
}

/** The test's process has made the client before it started Next (`../../client.ts`). */
const shared = globalThis as typeof globalThis & { shop?: SessionClient<Shop> };

export function client(): SessionClient<Shop> {
  if (shared.shop === undefined) throw new Error('nobody has made the client');
  return shared.shop;
}

export const session = nextSessions(client, { initial: (): Shop => ({ cart: [] }) });
