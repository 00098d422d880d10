import { RedisStore } from 'connect-redis';
import { createClient } from 'redis';
import { PEER_PREFIX, type Servers } from '../servers.ts';
import { peerStore, type PeerStore } from './store.ts';

export interface ConnectRedisOptions {
  /** Whether each command gets the five seconds of redis 6: an `AbortSignal` that nobody clears. @defaultValue true, as it comes */
  readonly withTimeouts?: boolean;
}

/** As its README sets it up, with TLS and a user of its own. Without timeouts it is at its fastest. */
export async function openConnectRedis(
  { redis, peer }: Pick<Servers, 'peer' | 'redis'>,
  { withTimeouts = true }: ConnectRedisOptions = {},
): Promise<PeerStore> {
  const { host, port, ca = '' } = redis;
  const client = createClient({
    ...peer,
    socket: { host, port, tls: true, ca },
    ...(withTimeouts ? {} : { commandOptions: { timeout: 0 } }),
  });
  client.on('error', () => {}); // Without a listener a lost connection would end the process.
  await client.connect();
  const store = new RedisStore({ client, prefix: PEER_PREFIX });
  return peerStore('connect-redis', store, async () => client.destroy());
}
