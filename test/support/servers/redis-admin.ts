import { Redis } from 'ioredis';
import type { Account } from './redis-config.ts';

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  /** PEM of the authority to trust, or undefined for a plaintext server. */
  readonly ca: string | undefined;
  /** The harness itself may have to reach a server that shows a bad certificate on purpose. @defaultValue true */
  readonly verify?: boolean;
}

/** One connection for one errand: nothing lives on to reconnect while a test pauses or kills the server. */
export async function asAdmin<T>(
  address: RedisAddress,
  account: Account,
  errand: (admin: Redis) => Promise<T>,
): Promise<T> {
  const admin = new Redis({
    host: address.host,
    port: address.port,
    ...(address.ca === undefined ? {} : { tls: { ca: address.ca, rejectUnauthorized: address.verify ?? true } }),
    ...account,
    lazyConnect: true,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: 2_000,
    commandTimeout: 5_000,
  });
  let connectionError: unknown;
  admin.on('error', (error) => (connectionError = error));
  try {
    await admin.connect();
    return await errand(admin);
  } catch (error) {
    throw connectionError ?? error;
  } finally {
    admin.disconnect();
  }
}

/** Keys with their values, as the server's own serialization, and the moment each expires: -1 for never. */
export type KeySnapshot = readonly { readonly key: Buffer; readonly value: Buffer; readonly expiresAt: number }[];

/** Keys that go while they are being collected are left out. */
export async function takeSnapshot(admin: Redis): Promise<KeySnapshot> {
  const entries = await Promise.all(
    (await allKeys(admin)).map(async (key) => {
      const [value, expiresAt] = await Promise.all([admin.dumpBuffer(key), admin.pexpiretime(key)]);
      return value === null ? [] : [{ key, value, expiresAt }];
    }),
  );
  return entries.flat();
}

/** In one step: nobody sees the server empty. */
export async function putBack(admin: Redis, snapshot: KeySnapshot): Promise<void> {
  const change = admin.multi().flushall();
  for (const { key, value, expiresAt } of snapshot) {
    change.restore(key, Math.max(expiresAt, 0), value, 'ABSTTL');
  }
  const replies = await change.exec();
  const failed = replies?.find(([error]) => error !== null);
  if (!replies || failed) throw new Error('the snapshot was not put back', { cause: failed?.[0] });
}

/** Every key with its value, as bytes, to search for what must not be there. */
export async function dumpKeys(admin: Redis): Promise<Buffer[]> {
  const found: Buffer[] = [];
  for (const key of await allKeys(admin)) {
    const value = await admin.dumpBuffer(key);
    found.push(key, value ?? Buffer.alloc(0));
  }
  return found;
}

async function allKeys(admin: Redis): Promise<Buffer[]> {
  const found: Buffer[] = [];
  let cursor = '0';
  do {
    const [next, keys] = await admin.scanBuffer(cursor, 'COUNT', 1_000);
    cursor = next.toString();
    found.push(...keys);
  } while (cursor !== '0');
  return found;
}
