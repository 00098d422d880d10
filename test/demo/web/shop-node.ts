import type { Express } from 'express';
import { SessionClient, type Session } from 'holdfast';
import { prismaTier } from 'holdfast/prisma';
import { redisTier } from 'holdfast/redis';
import { sessionsOfRequests, type Sessions, type Shop } from '../../../examples/shop/sessions.ts';
import { shop } from '../../../examples/shop/shop.ts';
import { openPrisma, type OpenedPrisma } from '../../support/servers/databases.ts';
import type { FaultProxy } from '../../support/servers/fault-proxy.ts';
import type { PostgresServer } from '../../support/servers/postgres.ts';
import type { RedisServer } from '../../support/servers/redis.ts';
import { NAMESPACE } from '../fleet.ts';
import type { KeyCabinet } from '../key-cabinet.ts';
import type { Recorder } from './recorder.ts';

export interface NodeServers {
  readonly redis: RedisServer;
  /** The nodes reach Redis through it. */
  readonly wire: FaultProxy;
  readonly postgres: PostgresServer;
  readonly keys: KeyCabinet;
  readonly recorder: Recorder;
}

/** A client whose reads and writes are measured. */
class MeasuredClient extends SessionClient<Shop> {
  readonly #recorder: Recorder;
  readonly #node: number;

  constructor(options: ConstructorParameters<typeof SessionClient<Shop>>[0], recorder: Recorder, node: number) {
    super(options);
    this.#recorder = recorder;
    this.#node = node;
  }

  override get(...args: Parameters<SessionClient<Shop>['get']>): Promise<Session<Shop> | null> {
    return this.#recorder.measure({ kind: 'read', node: this.#node }, () => super.get(...args));
  }

  override update(...args: Parameters<SessionClient<Shop>['update']>): Promise<Session<Shop>> {
    return this.#recorder.measure({ kind: 'write', node: this.#node }, () => super.update(...args));
  }
}

/** One of the shop's two servers: an own session client, an own Prisma client, and the shop of the examples. */
export class ShopNode implements AsyncDisposable {
  readonly sessions: SessionClient<Shop>;
  readonly shop: Express;
  /** The session of a request to the panel. */
  readonly ofRequest: Sessions;
  readonly #prisma: OpenedPrisma;

  private constructor(sessions: SessionClient<Shop>, prisma: OpenedPrisma) {
    this.sessions = sessions;
    this.#prisma = prisma;
    this.shop = shop(sessions, { framedBy: "'self'" });
    this.ofRequest = sessionsOfRequests(sessions);
  }

  static async start({ redis, wire, postgres, keys, recorder }: NodeServers, node: number): Promise<ShopNode> {
    const opened = await openPrisma('postgresql', postgres.url, { ca: postgres.ca });
    const sessions = new MeasuredClient(
      {
        keys: keys.source(),
        primary: redisTier({
          url: `rediss://${wire.host}:${wire.port}`,
          username: redis.username,
          password: redis.password,
          tls: { ca: redis.ca ?? '' },
        }),
        durable: prismaTier(opened.prisma, { provider: 'postgresql' }),
        namespace: NAMESPACE,
        // A laptop that is busy with something else must not look like an outage.
        durableTimeout: '5s',
      },
      recorder,
      node,
    );
    const shopNode = new ShopNode(sessions, opened);
    try {
      await sessions.ready({ timeout: '1m' });
      return shopNode;
    } catch (error) {
      await shopNode[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sessions.close();
    await this.#prisma.close();
  }
}
