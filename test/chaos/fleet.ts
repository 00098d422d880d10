import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyRing, type KeyRing } from '../../src/index.ts';
import type { Operation } from '../simulation/history.ts';
import { createAuthority } from '../support/servers/certificates.ts';
import type { FaultProxy } from '../support/servers/fault-proxy.ts';
import type { RedisFlavour } from '../support/servers/redis.ts';
import type { FleetDatabaseName } from './database/fleet-database.ts';
import { Galera } from './database/galera.ts';
import { Postgres } from './database/postgres.ts';
import { FleetNode } from './fleet-node.ts';
import { readJournal } from './journal.ts';
import type { News, NodeReport } from './messages.ts';
import { Cluster } from './redis/cluster.ts';
import type { TopologyName } from './redis/fleet-redis.ts';
import { Sentinel } from './redis/sentinel.ts';
import { Standalone } from './redis/standalone.ts';

const NODES = 3;

export interface FleetPlan {
  readonly seed: number;
  readonly topology: TopologyName;
  readonly flavour: RedisFlavour;
  readonly database: FleetDatabaseName;
  readonly revalidateAfterMs: number;
}

interface Servers {
  readonly redis: Cluster | Sentinel | Standalone;
  readonly database: Galera | Postgres;
}

/** Servers, and processes that use them, each over wires of its own. */
export class Fleet implements AsyncDisposable {
  readonly redis: Cluster | Sentinel | Standalone;
  readonly database: Galera | Postgres;
  /** Those that are ready, and live. */
  readonly nodes: FleetNode[] = [];
  /** Names of those that were killed. */
  readonly killed = new Set<string>();
  readonly #plan: FleetPlan;
  readonly #keys: KeyRing;
  readonly #folder: string;
  readonly #processes = new Set<FleetNode>();
  readonly #news: News[] = [];
  #numbered = 0;
  #isAtWork = false;

  private constructor(plan: FleetPlan, servers: Servers, keys: KeyRing, folder: string) {
    this.#plan = plan;
    this.redis = servers.redis;
    this.database = servers.database;
    this.#keys = keys;
    this.#folder = folder;
  }

  static async start(plan: FleetPlan): Promise<Fleet> {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-chaos-'));
    const fleet = new Fleet(plan, await startServers(plan), await generateKeyRing(), folder);
    try {
      await Promise.all(Array.from({ length: NODES }, (_, place) => fleet.addNode(place)));
      return fleet;
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** One more node, which knows of every session and remembers nothing of what happened to it. */
  async addNode(place: number): Promise<FleetNode> {
    this.#numbered += 1;
    const number = this.#numbered;
    const [redis, database] = await Promise.all([this.redis.newWires(), this.database.newWire(place)]);
    const node = new FleetNode(`node-${number}`, place, redis, database);
    this.#processes.add(node);
    node.onNews = (news) => this.#spread(news, node);
    await node.ask({
      kind: 'start',
      orders: {
        name: node.name,
        number,
        seed: this.#plan.seed * 100 + number,
        jwks: this.#keys.toJwks(),
        redis: redis.orders,
        database: database.orders,
        revalidateAfterMs: this.#plan.revalidateAfterMs,
        journal: this.#journalOf(node.name),
      },
    });
    for (const news of this.#news) node.send({ kind: 'learn', news });
    this.nodes.push(node);
    if (this.#isAtWork) await node.ask({ kind: 'work' });
    return node;
  }

  /**
   * Kills a node with SIGKILL. The other nodes get the news that it did not send, as users return with their cookies.
   */
  async killNode(node: FleetNode): Promise<void> {
    this.nodes.splice(this.nodes.indexOf(node), 1);
    this.killed.add(node.name);
    await node.kill();
    for (const { session, kind, outcome, userId } of readJournal(this.#journalOf(node.name))) {
      if (session === null || (kind !== 'create' && kind !== 'regenerate')) continue;
      const isOwner = kind === 'create' || userId !== null;
      if (outcome.kind === 'session') this.#spread({ session, id: outcome.id, ...(isOwner ? { userId } : {}) });
      // Nobody knows its id any more, if it got a new one.
      if (outcome.kind === 'pending' && kind === 'regenerate') this.#spread({ session, isOver: true });
    }
  }

  /** Those of all nodes that live. */
  get redisWires(): FaultProxy[] {
    return this.nodes.flatMap(({ toRedis }) => toRedis);
  }

  async work(): Promise<void> {
    this.#isAtWork = true;
    await Promise.all(this.nodes.map((node) => node.ask({ kind: 'work' })));
  }

  async rest(): Promise<void> {
    this.#isAtWork = false;
    await Promise.all(this.nodes.map((node) => node.ask({ kind: 'rest' })));
  }

  async look(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.ask({ kind: 'look' })));
  }

  /** Of all nodes that ever were. */
  operations(): Operation[] {
    return Array.from({ length: this.#numbered }, (_, n) => readJournal(this.#journalOf(`node-${n + 1}`))).flat();
  }

  /** Of those that live. */
  async report(): Promise<NodeReport> {
    const reports = await Promise.all(this.nodes.map((node) => node.report()));
    return { events: reports.flatMap(({ events }) => events), stalls: reports.flatMap(({ stalls }) => stalls) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes].map((node) => node.kill()));
    await Promise.all([this.redis.stop(), this.database.stop()]);
    await rm(this.#folder, { recursive: true, force: true });
  }

  #journalOf(name: string): string {
    return join(this.#folder, `${name}.jsonl`);
  }

  #spread(news: News, from?: FleetNode): void {
    this.#news.push(news);
    for (const node of this.nodes) if (node !== from) node.send({ kind: 'learn', news });
  }
}

async function startServers({ seed, topology, flavour, database: name }: FleetPlan): Promise<Servers> {
  const certificates = await (await createAuthority()).issue();
  const start = {
    standalone: () => Standalone.start(flavour, certificates),
    sentinel: () => Sentinel.start(flavour),
    cluster: () => Cluster.start(flavour),
  };
  const startDatabase = { galera: () => Galera.start(seed), postgresql: () => Postgres.start(certificates) };
  const [redis, database] = await Promise.all([start[topology](), startDatabase[name]()]);
  return { redis, database };
}
