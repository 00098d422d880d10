import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FaultProxy } from '../support/servers/fault-proxy.ts';
import type { DatabaseWire } from './database/fleet-database.ts';
import type { RedisWires } from './redis/fleet-redis.ts';
import type { FromNode, News, NodeReport, ToNode } from './messages.ts';

const NODE_PROCESS = fileURLToPath(new URL('node-process.ts', import.meta.url));

/** One process, seen from outside, and its wires. */
export class FleetNode {
  readonly name: string;
  /** Which of the fleet's places it has: another one takes it when this one is killed. */
  readonly place: number;
  readonly toRedis: readonly FaultProxy[];
  readonly toDatabase: FaultProxy;
  readonly #process: ChildProcess;
  readonly #questions = new Map<FromNode['kind'], { resolve(answer: FromNode): void; reject(error: Error): void }>();
  onNews: (news: News) => void = () => undefined;

  constructor(name: string, place: number, redis: RedisWires, database: DatabaseWire) {
    this.name = name;
    this.place = place;
    this.toRedis = redis.proxies;
    this.toDatabase = database.proxy;
    this.#process = fork(NODE_PROCESS, {
      // The server names the node of a statement by this.
      env: { ...process.env, PGAPPNAME: name },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#process.on('message', (message: FromNode) => this.#receive(message));
    this.#process.once('exit', (code) => this.#fail(`${name} ended with ${String(code)}`));
  }

  send(message: ToNode): void {
    // A process that is being killed may go between the question and the sending.
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }

  ask(message: ToNode): Promise<FromNode> {
    return new Promise((resolve, reject) => {
      this.#questions.set(message.kind as FromNode['kind'], { resolve, reject });
      this.send(message);
    });
  }

  async report(): Promise<NodeReport> {
    const answer = await this.ask({ kind: 'report' });
    if (answer.kind !== 'report') throw new Error(`${this.name} answered ${answer.kind}`);
    return answer;
  }

  /** Blocks the process, which notices nothing. */
  freeze(): void {
    this.#process.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process.kill('SIGCONT');
  }

  /** In the middle of whatever it does. */
  async kill(): Promise<void> {
    this.#process.removeAllListeners('exit');
    const isGone = new Promise((resolve) => this.#process.once('exit', resolve));
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGKILL');
      await isGone;
    }
    await Promise.all([...this.toRedis, this.toDatabase].map((wire) => wire.stop()));
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
