import { SessionClient, type SessionClientOptions } from 'holdfast';
import { prismaTier } from 'holdfast/prisma';
import { redisTier } from 'holdfast/redis';
import { openPrisma, type OpenedPrisma } from '../support/servers/databases.ts';
import type { RedisServer } from '../support/servers/redis.ts';
import type { SqliteFile } from '../support/servers/sqlite.ts';
import type { KeyCabinet } from './key-cabinet.ts';
import type { ShopSession } from './stage.ts';

export const NAMESPACE = 'shop';
/** Short, so that sliding can be watched; the default is 30 s. */
export const TOUCH_INTERVAL_MS = 1_000;

export interface FleetServers {
  readonly redis: RedisServer;
  readonly database: SqliteFile;
  readonly keys: KeyCabinet;
}

export type Call<R> = (sessions: SessionClient<ShopSession>) => Promise<R>;

/** One server of the shop: its own session client, its own Prisma client. */
class ShopNode {
  readonly #sessions: SessionClient<ShopSession>;
  readonly #prisma: OpenedPrisma;
  readonly #underWay = new Set<Promise<unknown>>();

  private constructor(sessions: SessionClient<ShopSession>, prisma: OpenedPrisma) {
    this.#sessions = sessions;
    this.#prisma = prisma;
  }

  static async start({ redis, database, keys }: FleetServers): Promise<ShopNode> {
    const opened = await openPrisma('sqlite', database.url);
    const options: SessionClientOptions<ShopSession> = {
      keys: keys.source(),
      primary: redisTier({
        url: `rediss://${redis.host}:${redis.port}`,
        username: redis.username,
        password: redis.password,
        tls: { ca: redis.ca ?? '' },
      }),
      durable: prismaTier(opened.prisma, { provider: 'sqlite' }),
      namespace: NAMESPACE,
      touchInterval: TOUCH_INTERVAL_MS,
    };
    const sessions = new SessionClient<ShopSession>(options);
    await sessions.ready();
    return new ShopNode(sessions, opened);
  }

  async call<R>(work: Call<R>): Promise<R> {
    const call = work(this.#sessions);
    this.#underWay.add(call);
    try {
      return await call;
    } finally {
      this.#underWay.delete(call);
    }
  }

  /** As a good deployment stops a server: what was begun is finished. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    await this.#sessions.close();
    await this.#prisma.close();
  }
}

/** The shop's nodes behind their load balancer. */
export class Fleet implements AsyncDisposable {
  readonly #nodes: ShopNode[];
  #turn = 0;

  private constructor(nodes: ShopNode[]) {
    this.#nodes = nodes;
  }

  static async start(servers: FleetServers, size: number): Promise<Fleet> {
    return new Fleet(await Promise.all(Array.from({ length: size }, () => ShopNode.start(servers))));
  }

  get size(): number {
    return this.#nodes.length;
  }

  /** On the node whose turn it is, or on a certain one. */
  call<R>(work: Call<R>, node: number = this.#turn++): Promise<R> {
    const chosen = this.#nodes[node % this.#nodes.length];
    if (chosen === undefined) throw new Error('The shop has no nodes.');
    return chosen.call(work);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop()));
  }
}
