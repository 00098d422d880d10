import { FaultProxy } from '../../support/servers/fault-proxy.ts';
import { type GaleraCluster, type GaleraNode, hasFaketime, startGalera } from '../../support/servers/galera.ts';
import { asMariadbAdmin, connectMariadb } from '../../support/servers/mariadb.ts';
import { until } from '../../support/servers/until.ts';
import type { Watched } from '../statement-watch.ts';
import { type DatabaseWire, type FleetDatabase, through } from './fleet-database.ts';

/** How wrong the clocks are at first, of the node that the seed chooses. */
const CLOCK = '-40s';
const WHOLE_TIMEOUT_MS = 60_000;

/** Three servers that all take writes. Each node of the fleet knows one of them. */
export class Galera implements FleetDatabase {
  readonly name = 'galera';
  readonly cluster: GaleraCluster;
  readonly mishaps = 0;
  readonly watched: readonly (() => Promise<Watched>)[];

  private constructor(cluster: GaleraCluster) {
    this.cluster = cluster;
    this.watched = cluster.nodes.map((node, at) => () => watch(node, at));
  }

  static async start(seed: number): Promise<Galera> {
    const clocks = Array.from({ length: 3 }, (_, at) => (hasFaketime() && at === seed % 3 ? CLOCK : undefined));
    const cluster = await startGalera({ clocks });
    const [first] = cluster.nodes;
    await asMariadbAdmin(first!, 'CREATE TABLE mysql.holdfast_watch (id INT PRIMARY KEY, n INT NOT NULL DEFAULT 0)');
    await asMariadbAdmin(first!, 'INSERT INTO mysql.holdfast_watch (id) VALUES (0), (1), (2)');
    await cluster.whenComplete();
    return new Galera(cluster);
  }

  /** The server of the node at this place. */
  at(place: number): GaleraNode {
    return this.cluster.node(place % this.cluster.nodes.length);
  }

  async newWire(place: number): Promise<DatabaseWire> {
    const { coordinates, url, ca } = this.at(place);
    const proxy = await FaultProxy.start(coordinates);
    return { proxy, orders: { provider: 'mysql', url: through(proxy, url), ca } };
  }

  /** Resolves when all servers are members that answer, however much is being written. */
  async whenWhole(): Promise<void> {
    const isMember = async (node: GaleraNode): Promise<boolean> => {
      const status = await node.status();
      return status['wsrep_cluster_size'] === '3' && status['wsrep_local_state_comment'] === 'Synced';
    };
    await until(async () => (await Promise.all(this.cluster.nodes.map(isMember))).every(Boolean), {
      what: 'the cluster to be whole',
      timeoutMs: WHOLE_TIMEOUT_MS,
    });
  }

  stop(): Promise<void> {
    return this.cluster.stop();
  }
}

/** Commits on one server, which takes all of them. Nobody else writes to that row. Statements that a node gave up wait there, so they are not counted. */
async function watch(node: GaleraNode, at: number): Promise<Watched> {
  const connection = await connectMariadb(node.adminUrl, node.ca);
  return {
    async ask() {
      await connection.query(`UPDATE mysql.holdfast_watch SET n = n + 1 WHERE id = ${at}`);
      return new Map();
    },
    close: () => connection[Symbol.asyncDispose](),
  };
}
