import { generateKeyRing, keySource, SessionClient } from 'holdfast';
import { memoryDurableTier, memoryPrimaryTier } from 'holdfast/memory';
import { nextSessions } from 'holdfast/next';

interface Shop {
  cart: string[];
}

// Next evaluates this module once for each bundle; globalThis they share.
const shared = globalThis as typeof globalThis & { sessions?: SessionClient<Shop> };

function open(): SessionClient<Shop> {
  const ring = generateKeyRing();
  const [primary, durable] = [memoryPrimaryTier(), memoryDurableTier()];
  return new SessionClient<Shop>({ keys: keySource(() => ring), primary, durable });
}

export const session = nextSessions(() => (shared.sessions ??= open()), { initial: (): Shop => ({ cart: [] }) });
