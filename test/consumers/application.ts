import { type KeyRing, SessionClient, TierUnavailableError } from 'holdfast';
import { expressSessions } from 'holdfast/express';
import { memoryDurableTier, memoryPrimaryTier } from 'holdfast/memory';
import { prismaTier } from 'holdfast/prisma';
import { redisTier } from 'holdfast/redis';
import express from 'express';

/** An application as its compiler sees it: compiled in an empty folder against the packed package, and here against the sources. */

interface Shop {
  cart: { sku: string; quantity: number }[];
}

export function open(keys: KeyRing, prisma: Parameters<typeof prismaTier>[0]): SessionClient<Shop> {
  return new SessionClient<Shop>({
    keys,
    primary: redisTier({ url: 'rediss://localhost:6380', username: 'shop', password: 'x', tls: { ca: 'x' } }),
    durable: prismaTier(prisma, { provider: 'postgresql' }),
    lifetime: { idle: '30m', absolute: '12h' },
  });
}

export async function skus(sessions: SessionClient<Shop>, id: string): Promise<string[]> {
  try {
    const session = await sessions.get(id);
    return session ? session.data.cart.map((line) => line.sku) : [];
  } catch (error) {
    if (error instanceof TierUnavailableError) return [];
    throw error;
  }
}

export function serve(sessions: SessionClient<Shop>): express.Express {
  const session = expressSessions(sessions, { initial: () => ({ cart: [] }) });
  return express()
    .use(session)
    .get('/', async (req, res) => {
      const mine = await session.of(req).get();
      res.json(mine?.data.cart.map((line) => line.sku));
    });
}

export const first: readonly unknown[] = [memoryPrimaryTier, memoryDurableTier];
