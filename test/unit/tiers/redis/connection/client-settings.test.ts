import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { clientSettings } from '../../../../../src/tiers/redis/connection/client-settings.ts';
import { resolveRedisOptions, type RedisServerOptions } from '../../../../../src/tiers/redis/options/redis-options.ts';
import { tlsOptions } from '../../../../../src/tiers/redis/connection/socket.ts';
import type { TlsSettings } from '../../../../../src/tiers/redis/options/tls-options.ts';
import type { ServerOptions, StandaloneTopology } from '../../../../../src/tiers/redis/options/topology.ts';

const serverOf = (options: RedisServerOptions): ServerOptions => {
  const { topology, ...access } = resolveRedisOptions(options);
  return { ...(topology as StandaloneTopology), ...access };
};
const settings = (options: RedisServerOptions) => clientSettings(serverOf(options), () => new Socket());
const tlsOf = (options: RedisServerOptions) => {
  const { endpoint, tls } = serverOf(options);
  return tlsOptions(endpoint.host, tls as TlsSettings);
};

describe('the settings of ioredis', () => {
  it('fails fast: no command waits for a connection, and none is sent twice', () => {
    expect(settings({ url: 'rediss://u:p@host:6380/2' })).toMatchObject({
      host: 'host',
      port: 6380,
      db: 2,
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      enableAutoPipelining: false,
    });
  });

  it('verifies the server for its host, whatever the environment says', () => {
    expect(tlsOf({ url: 'rediss://u:p@sessions.internal' })).toEqual({
      servername: 'sessions.internal',
      secureContext: expect.anything(),
      rejectUnauthorized: true,
    });
  });

  it('asks for another name if there is one, and sends no address as a name (RFC 6066 §3)', () => {
    const tls = { servername: 'sessions.internal' };
    expect(tlsOf({ url: 'rediss://u:p@10.0.0.1', tls })).toMatchObject(tls);
    expect(tlsOf({ url: 'rediss://u:p@10.0.0.1' })).not.toHaveProperty('servername');
    expect(tlsOf({ url: 'rediss://u:p@[::1]' })).not.toHaveProperty('servername');
  });

  it('speaks plaintext only where that was allowed', () => {
    expect(settings({ url: 'redis://localhost', allowInsecure: true })).not.toHaveProperty('tls');
    expect(settings({ url: 'rediss://u:p@localhost' })).toHaveProperty('tls');
  });

  it('reconnects from a server that lost its mastership, and from none for another refusal', () => {
    const { reconnectOnError, retryStrategy } = settings({ url: 'rediss://u:p@host' });
    expect(reconnectOnError?.(new Error("READONLY You can't write against a read only replica."))).toBe(1);
    expect(reconnectOnError?.(new Error('OOM command not allowed'))).toBe(false);
    expect(retryStrategy).toBeNull();
  });
});
