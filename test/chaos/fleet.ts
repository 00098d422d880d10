import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { KeyRing } from '../../src/index.ts';
import { migrate } from '../support/servers/databases.ts';
import { FaultProxy } from '../support/servers/fault-proxy.ts';
import { startPostgres, type PostgresServer } from '../support/servers/postgres.ts';
import { startRedis, type RedisServer } from '../support/servers/redis.ts';
import type { FromNode, News, NodeReport, ToNode } from './messages.ts';

const NODE_PROCESS = fileURLToPath(new URL('node-process.ts', import.meta.url));
const NODES = 3;

/** Servers, and processes that use them, each over wires of its own. */
export class Fleet implements AsyncDisposable {
  readonly redis: RedisServer;
  readonly postgres: PostgresServer;
  readonly nodes: FleetNode[] = [];
  readonly #keys: KeyRing;
  readonly #news: News[] = [];
  #numbered = 0;

  private constructor(redis: RedisServer, postgres: PostgresServer, keys: KeyRing) {
    this.redis = redis;
    this.postgres = postgres;
    this.#keys = keys;
  }

  static async start(seed: number): Promise<Fleet> {
    const [redis, postgres, keys] = await Promise.all([startRedis(), startPostgres(), KeyRing.generate()]);
    const fleet = new Fleet(redis, postgres, keys);
    try {
      await migrate('postgresql', postgres.url, { ca: postgres.ca });
      await Promise.all(Array.from({ length: NODES }, (_, n) => fleet.addNode(seed * NODES + n)));
      return fleet;
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** One more node, which knows of every session and remembers nothing of what happened to it. */
  async addNode(seed: number): Promise<FleetNode> {
    const { redis, postgres } = this;
    this.#numbered += 1;
    const number = this.#numbered;
    const node = await FleetNode.fork(`node-${number}`, redis, postgres);
    this.nodes.push(node);
    node.onNews = (news) => this.#spread(node, news);
    const databaseUrl = new URL(postgres.url);
    databaseUrl.port = `${node.toPostgres.port}`;
    await node.ask({
      kind: 'start',
      orders: {
        name: node.name,
        number,
        seed,
        jwks: this.#keys.toJwks(),
        redis: { ...redis.coordinates, port: node.toRedis.port },
        databaseUrl: databaseUrl.href,
        databaseCa: postgres.ca,
      },
    });
    for (const news of this.#news) node.tell({ kind: 'learn', news });
    return node;
  }

  all(kind: 'look' | 'rest' | 'work'): Promise<unknown> {
    return Promise.all(this.nodes.map((node) => node.ask({ kind })));
  }

  reports(): Promise<NodeReport[]> {
    return Promise.all(this.nodes.map((node) => node.report()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    // A server that was left frozen does not hear the signal that ends it.
    await Promise.allSettled([this.redis.resume(), this.postgres.resume()]);
    await Promise.all([this.redis.stop(), this.postgres.stop()]);
  }

  #spread(from: FleetNode, news: News): void {
    this.#news.push(news);
    for (const node of this.nodes) if (node !== from) node.tell({ kind: 'learn', news });
  }
}

/** One process, seen from here. */
export class FleetNode {
  readonly name: string;
  readonly toRedis: FaultProxy;
  readonly toPostgres: FaultProxy;
  readonly #process: ChildProcess;
  readonly #questions = new Map<FromNode['kind'], { resolve(answer: FromNode): void; reject(error: Error): void }>();
  onNews: (news: News) => void = () => undefined;

  private constructor(name: string, toRedis: FaultProxy, toPostgres: FaultProxy) {
    this.name = name;
    this.toRedis = toRedis;
    this.toPostgres = toPostgres;
    this.#process = fork(NODE_PROCESS, {
      // By this name the server tells whose statements it runs.
      env: { ...process.env, PGAPPNAME: name },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // JSON knows no Infinity.
      serialization: 'advanced',
    });
    this.#process.on('message', (message: FromNode) => this.#receive(message));
    this.#process.once('exit', (code) => this.#fail(`${name} ended with ${String(code)}`));
  }

  static async fork(name: string, redis: RedisServer, postgres: PostgresServer): Promise<FleetNode> {
    return new FleetNode(name, await FaultProxy.start(redis.coordinates), await FaultProxy.start(postgres.coordinates));
  }

  tell(message: ToNode): void {
    if (this.#process.connected) this.#process.send(message);
  }

  ask(message: ToNode): Promise<FromNode> {
    return new Promise((resolve, reject) => {
      this.#questions.set(message.kind as FromNode['kind'], { resolve, reject });
      this.tell(message);
    });
  }

  async report(): Promise<NodeReport> {
    const answer = await this.ask({ kind: 'report' });
    if (answer.kind !== 'report') throw new Error(`${this.name} answered ${answer.kind}`);
    return answer;
  }

  async stop(): Promise<void> {
    this.#process.removeAllListeners('exit');
    this.#process.kill('SIGKILL');
    await Promise.all([this.toRedis.stop(), this.toPostgres.stop()]);
  }

  #receive(message: FromNode): void {
    if (message.kind === 'news') return this.onNews(message.news);
    if (message.kind === 'failed') return this.#fail(`${this.name}: ${message.message}`);
    this.#questions.get(message.kind)?.resolve(message);
    this.#questions.delete(message.kind);
  }

  #fail(what: string): void {
    const error = new Error(what);
    for (const { reject } of this.#questions.values()) reject(error);
    this.#questions.clear();
  }
}
