import type { ServerCertificates } from '../../support/servers/certificates.ts';
import { type RedisFlavour, type RedisServer, startRedis } from '../../support/servers/redis.ts';
import { type FleetRedis, proxiesTo, type RedisWires, stopAll } from './fleet-redis.ts';

/** One server, and another of the same name to its clients, as two masters are. */
export class Standalone implements FleetRedis {
  readonly topology = 'standalone';
  readonly server: RedisServer;
  readonly other: RedisServer;

  private constructor(server: RedisServer, other: RedisServer) {
    this.server = server;
    this.other = other;
  }

  static async start(flavour: RedisFlavour, certificates: ServerCertificates): Promise<Standalone> {
    const server = await startRedis({ flavour, certificates });
    const { username, password } = server;
    return new Standalone(server, await startRedis({ flavour, certificates, application: { username, password } }));
  }

  async newWires(): Promise<RedisWires> {
    const { coordinates } = this.server;
    const proxies = await proxiesTo([coordinates]);
    const server = { ...coordinates, port: proxies[0]?.port ?? 0 };
    return { proxies, orders: { topology: 'standalone', server } };
  }

  stop(): Promise<void> {
    return stopAll([this.server, this.other]);
  }
}
