import type { Socket } from 'node:net';
import type { Redis, RedisOptions } from 'ioredis';
import { PRIMARY_CONNECT_TIMEOUT_MS } from '../../../limits/primary-tier.ts';
import type { ServerOptions } from '../options/topology.ts';
import { HOLD, TOMBSTONE } from '../scripts/ending.ts';
import { FILL, LEASE } from '../scripts/filling.ts';
import { PROBE } from '../scripts/probe.ts';
import { EVICT, PUBLISH, RESTAMP } from '../scripts/updating.ts';
import { connectorOf } from './socket.ts';

type Action = 'Evict' | 'Fill' | 'Hold' | 'Lease' | 'Probe' | 'Publish' | 'Restamp' | 'Tombstone';
/** The methods that ioredis adds for the scripts; prefixed, because it has hundreds of its own. */
export type ScriptName = `holdfast${Action}`;

export const SCRIPTS: Readonly<Record<ScriptName, string>> = {
  holdfastEvict: EVICT,
  holdfastFill: FILL,
  holdfastHold: HOLD,
  holdfastLease: LEASE,
  holdfastProbe: PROBE,
  holdfastPublish: PUBLISH,
  holdfastRestamp: RESTAMP,
  holdfastTombstone: TOMBSTONE,
};

type Script = (keyCount: number, ...keysAndArgs: (Buffer | string)[]) => Promise<unknown>;
export type ScriptedRedis = Record<ScriptName, Script> & Redis;

const KEEP_ALIVE_MS = 5_000;

/** The options of ioredis, with replies in the shapes that both RESP2 and RESP3 have. */
export type ClientSettings = RedisOptions & { replyMapping: 'legacy' };

/**
 * Makes ioredis a client that fails fast and says so. Its defaults keep commands while the server is away and replay them afterwards,
 * long after they failed for their callers (redis/ioredis#2130). `open` makes a socket.
 */
export function clientSettings(options: ServerOptions, open: () => Socket): ClientSettings {
  const { endpoint, db, tls } = options;
  return {
    ...endpoint,
    db,
    // Where the sockets come from. That they are encrypted makes ioredis wait for the handshake of TLS.
    Connector: connectorOf(open),
    ...(tls === undefined ? {} : { tls: {} }),
    replyMapping: 'legacy',
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    // With resending off, this is what makes promises settle when a connection is lost with commands in flight.
    maxRetriesPerRequest: 0,
    // No `commandTimeout`, no `socketTimeout`: the connection gives up what is late, and knows when it was late itself.
    connectTimeout: PRIMARY_CONNECT_TIMEOUT_MS,
    keepAlive: KEEP_ALIVE_MS,
    noDelay: true,
    // It allows one pipeline in flight, which doubles latencies and timeouts.
    enableAutoPipelining: false,
    // The connection asks INFO itself, for more than "loading", and without printing to the console.
    enableReadyCheck: false,
    // Two commands, and a grant, less.
    disableClientInfo: true,
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 1 : false),
    // `ReconnectingClient` connects again.
    retryStrategy: null,
    scripts: Object.fromEntries(Object.entries(SCRIPTS).map(([name, lua]) => [name, { lua }])),
  };
}
