import type { RedisCoordinates } from '../../test/support/servers/redis.ts';
import type { Account } from '../../test/support/servers/redis-config.ts';
import type { SiteKey } from './names.ts';

/** The orders of a server process: plain data that crosses its boundary. */
export interface SiteOrders {
  readonly site: SiteKey;
  readonly redis: Pick<RedisCoordinates, 'ca' | 'host' | 'password' | 'port' | 'username'>;
  /** The peers' user of Redis, for connect-redis. */
  readonly peer: Account;
  /** An empty database; undefined for a site that keeps its sessions in Redis only. */
  readonly databaseUrl: string | undefined;
  readonly databaseCa: string;
}

export type SiteMessage = SiteOrders | 'usage';

/** The port on which the process serves. */
export interface Ready {
  readonly port: number;
}

/** The usage of a process so far. */
export interface Usage {
  /** Microseconds. */
  readonly cpu: number;
  readonly statements: number;
}
