import { RedisStore } from 'connect-redis';
import { createClient } from 'redis';
import type { Account } from '../../test/support/servers/redis-config.ts';
import type { RedisCoordinates } from '../../test/support/servers/redis.ts';
import { PEER_PREFIX } from '../servers.ts';
import { peerStore, type PeerStore } from './store.ts';

export interface ConnectRedisOptions {
  /**
   * True if each command gets the timeout of redis 6: an `AbortSignal` of five seconds that is not cleared.
   * @defaultValue true, as shipped
   */
  readonly withTimeouts?: boolean;
  /** The prefix of keys, which the user may touch. @defaultValue PEER_PREFIX */
  readonly prefix?: string;
}

interface Place {
  readonly redis: Pick<RedisCoordinates, 'ca' | 'host' | 'port'>;
  readonly peer: Account;
}

/** Opens the store as its README sets it up, with TLS and a user of its own. It is fastest without timeouts. */
export async function redisStoreOf(
  { redis, peer }: Place,
  { withTimeouts = true, prefix = PEER_PREFIX }: ConnectRedisOptions = {},
): Promise<{ store: RedisStore; close: () => Promise<void> }> {
  const { host, port, ca = '' } = redis;
  const client = createClient({
    ...peer,
    socket: { host, port, tls: true, ca },
    ...(withTimeouts ? {} : { commandOptions: { timeout: 0 } }),
  });
  client.on('error', () => {}); // Without a listener a lost connection would end the process.
  await client.connect();
  return { store: new RedisStore({ client, prefix }), close: async () => client.destroy() };
}

export async function openConnectRedis(place: Place, options?: ConnectRedisOptions): Promise<PeerStore> {
  const { store, close } = await redisStoreOf(place, options);
  return peerStore('connect-redis', store, close);
}
