import { createAuthority, type ServerCertificates } from './certificates.ts';
import { freePorts, whilePortsAreTaken } from './ports.ts';
import type { Provider } from './provider.ts';
import { type ClusterPlan, clusterFiles, planNodes, type PlannedNode } from './redis-cluster-files.ts';
import { type ClusterLine, parseClusterNodes } from './redis-cluster-nodes.ts';
import { moveSlot } from './redis-cluster-slots.ts';
import { type Account, newAccount } from './redis-config.ts';
import type { RedisFlavour } from './redis-machine.ts';
import { launchPeer, redisFlavours, RedisServer } from './redis.ts';
import { until } from './until.ts';

export interface ClusterOptions {
  /** @defaultValue the first of `redisFlavours()` */
  readonly flavour?: RedisFlavour;
  /** The application's ACL covers the keys `<namespace>:*`; may hold a glob. @defaultValue `holdfast` */
  readonly namespace?: string;
  /** Masters share the slots evenly. @defaultValue 3 */
  readonly masters?: number;
  /** Dealt out among the masters in turn. @defaultValue one for each master */
  readonly replicas?: number;
  /** Masters without a slot, to move some to. @defaultValue 0 */
  readonly spares?: number;
  /** After so long without an answer a node counts as failed. @defaultValue 1,000 */
  readonly nodeTimeoutMs?: number;
  /** All nodes refuse commands when some slots have no master. @defaultValue false */
  readonly fullCoverage?: boolean;
  /** What nodes name in MOVED: their address, the host name `localhost`, or nothing but the port. @defaultValue `ip` */
  readonly announce?: 'ip' | 'hostname' | 'unknown-endpoint';
  /** More configuration for every node. */
  readonly directives?: Readonly<Record<string, string>>;
  /** @defaultValue a new authority's */
  readonly certificates?: ServerCertificates;
}

/** All that a client needs, as plain data that can cross a process boundary. */
export interface ClusterCoordinates extends Account {
  readonly flavour: RedisFlavour;
  readonly provider: Provider;
  /** `rediss://host:port` of every node, without user and password. */
  readonly urls: readonly string[];
  readonly ca: string;
  readonly admin: Account;
}

/** How a replica takes over: asks its master first, asks the other masters only, or asks nobody. */
export type FailoverMode = 'planned' | 'force' | 'takeover';

/** Starts a cluster of our own: TLS on all its ways, ACL users only, own ports, own folders. About 2.2 s. */
export async function startRedisCluster(options: ClusterOptions = {}): Promise<RedisCluster> {
  const certificates = options.certificates ?? (await (await createAuthority()).issue());
  return whilePortsAreTaken(async () => {
    const cluster = await prepare(options, certificates);
    try {
      await cluster.start();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  });
}

async function prepare(options: ClusterOptions, certificates: ServerCertificates): Promise<RedisCluster> {
  const { masters = 3, replicas = masters, spares = 0 } = options;
  const flavour = options.flavour ?? redisFlavours()[0] ?? 'redis';
  const plan: ClusterPlan = {
    nodes: planNodes({ masters, replicas, spares }, await freePorts(2 * (masters + replicas + spares))),
    accounts: {
      admin: newAccount('harness'),
      application: newAccount('shop'),
      replication: newAccount('replication'),
    },
    keyPattern: `${options.namespace ?? 'holdfast'}:*`,
    certificates,
    nodeTimeoutMs: options.nodeTimeoutMs ?? 1_000,
    fullCoverage: options.fullCoverage ?? false,
    announce: options.announce ?? 'ip',
    directives: options.directives ?? {},
  };
  // The certificates that a test brings may be bad ones.
  const verify = options.certificates === undefined;
  const nodes = await Promise.all(plan.nodes.map((planned) => prepareNode(flavour, plan, planned, verify)));
  const { admin, application } = plan.accounts;
  return new RedisCluster(nodes, {
    ...application,
    flavour,
    provider: nodes[0]?.provider ?? 'local',
    urls: nodes.map(({ host, port }) => `rediss://${host}:${port}`),
    ca: certificates.ca,
    admin,
  });
}

async function prepareNode(
  flavour: RedisFlavour,
  plan: ClusterPlan,
  planned: PlannedNode,
  verify: boolean,
): Promise<ClusterNode> {
  const { admin, application } = plan.accounts;
  const { port } = planned;
  const machine = await launchPeer(flavour, port, clusterFiles(plan, planned));
  const { host, provider } = machine;
  const url = `rediss://${application.username}:${application.password}@${host}:${port}`;
  const coordinates = { ...application, flavour, provider, host, port, url, ca: plan.certificates.ca, admin };
  return new ClusterNode(planned.id, machine, coordinates, { verify });
}

/** One node: may be paused, resumed, killed and started as any server. */
export class ClusterNode extends RedisServer {
  /** 40 hex digits. */
  readonly id: string;

  constructor(id: string, ...server: ConstructorParameters<typeof RedisServer>) {
    super(...server);
    this.id = id;
  }

  async isMaster(): Promise<boolean> {
    const [role] = (await this.cli('ROLE')) as [string];
    return role === 'master';
  }

  /** This node is a replica, and in step with its master. */
  async follows(): Promise<boolean> {
    const replication = String(await this.cli('INFO', 'replication'));
    return replication.includes('role:slave') && replication.includes('master_link_status:up');
  }

  /** The cluster as this node knows it. */
  async clusterNodes(): Promise<ClusterLine[]> {
    return parseClusterNodes(String(await this.cli('CLUSTER', 'NODES')));
  }

  /** This node has a cluster that serves, and is a master or in step with one. */
  async serves(): Promise<boolean> {
    const [state, replication] = await this.asAdmin((admin) =>
      Promise.all([admin.cluster('INFO') as Promise<unknown>, admin.info('replication')]),
    );
    if (!String(state).includes('cluster_state:ok')) return false;
    return replication.includes('role:master') || replication.includes('master_link_status:up');
  }
}

/** A little more than the time after which Redis gives a planned promotion up. */
const PROMOTION_MS = 7_000;

export class RedisCluster implements AsyncDisposable {
  readonly nodes: readonly ClusterNode[];
  readonly coordinates: ClusterCoordinates;

  constructor(nodes: readonly ClusterNode[], coordinates: ClusterCoordinates) {
    this.nodes = nodes;
    this.coordinates = coordinates;
  }

  get urls(): readonly string[] {
    return this.coordinates.urls;
  }
  get ca(): string {
    return this.coordinates.ca;
  }
  get username(): string {
    return this.coordinates.username;
  }
  get password(): string {
    return this.coordinates.password;
  }

  /** Masters come first, then replicas in the order of their masters, then spares. */
  node(at: number): ClusterNode {
    const node = this.nodes[at];
    if (!node) throw new RangeError(`the cluster has no node ${at}`);
    return node;
  }

  async start(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.start()));
    await this.whenServing();
  }

  /** Waits until these nodes, or all, have a cluster that serves. */
  async whenServing(nodes: readonly ClusterNode[] = this.nodes): Promise<void> {
    await Promise.all(
      nodes.map((node) => until(() => node.serves(), { what: 'the cluster to serve', timeoutMs: 30_000 })),
    );
  }

  /** The master of a slot, as `witness` knows it. */
  async masterOf(slot: number, witness: ClusterNode): Promise<ClusterNode> {
    const lines = await witness.clusterNodes();
    const owner = lines.find(({ ranges }) => ranges.some(([first, last]) => slot >= first && slot <= last));
    return this.#byId(owner?.id);
  }

  /** The replicas of a node, as `witness` knows them. */
  async replicasOf(master: ClusterNode, witness: ClusterNode): Promise<ClusterNode[]> {
    const lines = await witness.clusterNodes();
    return lines.filter((line) => line.master === master.id).map(({ id }) => this.#byId(id));
  }

  /** Makes a replica the master, and waits until it is one. A replica of a dead master needs a mode of its own. */
  async promote(replica: ClusterNode, mode: FailoverMode = 'planned'): Promise<void> {
    const how = mode === 'planned' ? [] : [mode.toUpperCase()];
    const attempt = async (): Promise<boolean> => {
      if (await replica.isMaster()) return true;
      // Refused as long as the replica still takes a master for down that has just come back.
      await until(() => replica.cli('CLUSTER', 'FAILOVER', ...how), { what: 'the replica to obey' });
      return until(() => replica.isMaster(), { what: 'the replica to be promoted', timeoutMs: PROMOTION_MS });
    };
    // Redis drops a promotion that has not come about in 5 s, as where the replica has just begun to follow, and says nothing.
    await attempt().catch(attempt);
  }

  /** Moves slots with their keys, one after the other, as redis-cli does; clients go on meanwhile. */
  async moveSlots(from: ClusterNode, to: ClusterNode, slots: readonly number[]): Promise<void> {
    const masters = [];
    for (const { id, flags } of await from.clusterNodes()) {
      if (flags.includes('master') && !flags.includes('fail') && id !== from.id && id !== to.id) masters.push(id);
    }
    await from.asAdmin((source) =>
      to.asAdmin(async (target) => {
        for (const slot of slots) await moveSlot(slot, { node: from, admin: source }, { node: to, admin: target });
      }),
    );
    // The others learn it by gossip as well; this is sooner.
    for (const id of masters) {
      await this.#byId(id).asAdmin((admin) =>
        Promise.all(slots.map((slot) => admin.call('CLUSTER', 'SETSLOT', slot, 'NODE', to.id))),
      );
    }
  }

  /** How often each node, in the order of `nodes`, has executed these commands. */
  calls(...commands: string[]): Promise<number[]> {
    return Promise.all(this.nodes.map((node) => node.calls(...commands)));
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #byId(id: string | undefined): ClusterNode {
    const node = this.nodes.find((candidate) => candidate.id === id);
    if (!node) throw new Error('the cluster names a node that is not of this harness, or none');
    return node;
  }
}
