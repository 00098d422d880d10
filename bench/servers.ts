import { randomBytes } from 'node:crypto';
import { createDatabase, type PostgresServer, startPostgres } from '../test/support/servers/postgres.ts';
import type { Account } from '../test/support/servers/redis-config.ts';
import { type RedisOptions, type RedisServer, startRedis } from '../test/support/servers/redis.ts';

/** The Redis and the PostgreSQL that all stores share, both with TLS and authentication. */
export interface Servers extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly postgres: PostgresServer;
  /** The peers' user of Redis, with no more rights than they need, as ours has. */
  readonly peer: Account;
  /** Creates an empty database; each store gets its own. */
  newDatabase(name: string): Promise<string>;
}

/** The settings of the server: more memory than the tests' one, and no checkpoint in the middle of a slice. */
const SETTINGS = { shared_buffers: '512MB', max_wal_size: '4GB', checkpoint_timeout: '15min' };

export async function startServers(redisOptions: RedisOptions = {}): Promise<Servers> {
  const [redis, postgres] = await Promise.all([startRedis(redisOptions), startPostgres({ settings: SETTINGS })]);
  const stop = async (): Promise<void> => {
    await Promise.all([redis.stop(), postgres.stop()]);
  };
  try {
    const peer = await addPeer(redis);
    const newDatabase = (name: string): Promise<string> => createDatabase(postgres, name);
    return { redis, postgres, peer, newDatabase, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** `PEER_PREFIX` is the beginning of every key that they may touch. */
export const PEER_PREFIX = 'peer:';

/** Adds the peers' user. */
export async function addPeer(redis: RedisServer): Promise<Account> {
  const peer = { username: 'peer', password: randomBytes(18).toString('base64url') };
  const commands = ['+get', '+set', '+expire', '+del', '+ping', '+client|setinfo'];
  const rules = ['reset', 'on', `>${peer.password}`, `~${PEER_PREFIX}*`, ...commands];
  await redis.cli('ACL', 'SETUSER', peer.username, ...rules);
  // Allowed for timing a bare GET beside the library.
  await redis.cli('ACL', 'SETUSER', redis.username, '+get');
  // Saved, so that it outlives a restart of the server.
  await redis.cli('ACL', 'SAVE');
  return peer;
}
