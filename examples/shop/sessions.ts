import { generateKeyRing, SessionClient } from 'holdfast';
import { memoryDurableTier, memoryPrimaryTier } from 'holdfast/memory';
import { expressSessions, type ExpressSessions } from 'holdfast/express';

export interface Line {
  readonly sku: string;
  quantity: number;
}

/** The data of a session of the shop. */
export interface Shop {
  cart: Line[];
}

export type Sessions = ExpressSessions<Shop>;

/** Keeps sessions in memory, so a restart ends them. docs/start.md has the same with Redis and a database. */
export async function openSessions(): Promise<SessionClient<Shop>> {
  return new SessionClient<Shop>({
    keys: await generateKeyRing(),
    primary: memoryPrimaryTier(),
    durable: memoryDurableTier(),
    namespace: 'shop',
  });
}

export function sessionsOfRequests(client: SessionClient<Shop>): Sessions {
  return expressSessions(client, { initial: () => ({ cart: [] }), policy: 'aal1', maxSessionsPerUser: 10 });
}
