import { type RedisSentinel, startRedisSentinel } from '../../support/servers/redis-sentinel.ts';
import type { RedisFlavour, RedisServer } from '../../support/servers/redis.ts';
import { until } from '../../support/servers/until.ts';
import { type FleetRedis, proxiesTo, type RedisWires, stopAll } from './fleet-redis.ts';

/** Two, so that there is one to promote while an old master has not become a replica again. */
const REPLICAS = 2;
/** Long enough for a busy machine, short enough for a fail-over within a round. */
const DOWN_AFTER_MS = 1_000;

/** A master, replicas and three sentinels. A node has wires to the sentinels, and reaches the servers directly. */
export class Sentinel implements FleetRedis {
  readonly topology = 'sentinel';
  readonly set: RedisSentinel;

  private constructor(set: RedisSentinel) {
    this.set = set;
  }

  static async start(flavour: RedisFlavour): Promise<Sentinel> {
    return new Sentinel(await startRedisSentinel({ flavour, replicas: REPLICAS, downAfterMs: DOWN_AFTER_MS }));
  }

  async newWires(): Promise<RedisWires> {
    const proxies = await proxiesTo(this.set.sentinels);
    const urls = proxies.map(({ host, port }) => `rediss://${host}:${port}`);
    return { proxies, orders: { topology: 'sentinel', sentinels: { ...this.set.coordinates, urls } } };
  }

  /** The server that the first sentinel names; no fault touches that sentinel. */
  master(): Promise<RedisServer> {
    return this.set.master();
  }

  /** All sentinels name one server, which is a master. An old master may believe that it is one for ten seconds more. */
  async whenSettled(): Promise<void> {
    const isSettled = async (): Promise<boolean> => {
      const [first, ...others] = await Promise.all(this.set.sentinels.map((sentinel) => this.set.master(sentinel)));
      if (first === undefined || others.some((other) => other !== first)) return false;
      return String(await first.cli('INFO', 'replication')).includes('role:master');
    };
    await until(isSettled, { what: 'the sentinels to name one master', timeoutMs: 30_000 });
  }

  stop(): Promise<void> {
    return stopAll([...this.set.sentinels, ...this.set.servers]);
  }
}
