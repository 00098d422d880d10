import { generateKeyRing, SessionClient, type SessionClientOptions } from '../../src/index.ts';
import {
  memoryDurableTier,
  memoryPrimaryTier,
  type MemoryDatabase,
  type MemoryKeyspace,
} from '../../src/tiers/memory/index.ts';
import { FakePlatform } from './fake-platform.ts';

export interface MemoryClient<T> {
  readonly sessions: SessionClient<T>;
  readonly platform: FakePlatform;
  readonly database: MemoryDatabase;
  /** One more client over the same server and database, as another node would have. */
  another(options?: Partial<SessionClientOptions<T>>): SessionClient<T>;
}

const ring = generateKeyRing();

/** A client over the reference tiers, on time that moves on command. */
export async function memoryClient<T = unknown>(
  options: Partial<SessionClientOptions<T>> = {},
): Promise<MemoryClient<T>> {
  const platform = new FakePlatform();
  const keyspace: MemoryKeyspace = new Map();
  const database: MemoryDatabase = new Map();
  const keys = await ring;
  const another = (more: Partial<SessionClientOptions<T>> = {}) =>
    new SessionClient<T>({
      keys,
      primary: memoryPrimaryTier(keyspace),
      durable: memoryDurableTier(database),
      platform,
      ...options,
      ...more,
    });
  return { sessions: another(), platform, database, another };
}
