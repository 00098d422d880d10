import { type ClusterNode, type RedisCluster, startRedisCluster } from '../../support/servers/redis-cluster.ts';
import type { RedisFlavour } from '../../support/servers/redis.ts';
import { type FleetRedis, proxiesTo, type RedisWires, stopAll } from './fleet-redis.ts';

/** Three masters, a replica of each. A node has a wire to each of the six. */
export class Cluster implements FleetRedis {
  readonly topology = 'cluster';
  readonly cluster: RedisCluster;

  private constructor(cluster: RedisCluster) {
    this.cluster = cluster;
  }

  static async start(flavour: RedisFlavour): Promise<Cluster> {
    return new Cluster(await startRedisCluster({ flavour }));
  }

  async newWires(): Promise<RedisWires> {
    const { nodes, coordinates } = this.cluster;
    const proxies = await proxiesTo(nodes);
    const natMap = Object.fromEntries(
      nodes.map(({ host, port }, at) => [`${host}:${port}`, { host: '127.0.0.1', port: proxies[at]?.port ?? 0 }]),
    );
    const urls = proxies.map(({ host, port }) => `rediss://${host}:${port}`);
    return { proxies, orders: { topology: 'cluster', cluster: { ...coordinates, urls }, natMap } };
  }

  /** A master that has slots, and its replica. */
  async shard(choice: number): Promise<{ master: ClusterNode; replica: ClusterNode }> {
    const { cluster } = this;
    const lines = await cluster.node(0).clusterNodes();
    const owners = lines.filter(({ ranges }) => ranges.length > 0);
    const owner = owners[Math.floor(choice * owners.length)];
    const [first] = owner?.ranges[0] ?? [0];
    const master = await cluster.masterOf(first, cluster.node(0));
    const [replica] = await cluster.replicasOf(master, cluster.node(0));
    if (replica === undefined) throw new Error('a master has no replica');
    return { master, replica };
  }

  /** Some slots of a master that hold keys. */
  async usedSlots(master: ClusterNode, most: number): Promise<number[]> {
    return master.asAdmin(async (admin) => {
      const [, keys] = await admin.scanBuffer('0', 'COUNT', 1_000);
      const slots = await Promise.all(keys.map((key) => admin.cluster('KEYSLOT', key)));
      return [...new Set(slots)].slice(0, most);
    });
  }

  stop(): Promise<void> {
    return stopAll(this.cluster.nodes);
  }
}
