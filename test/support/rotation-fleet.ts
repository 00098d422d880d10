import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateKeyRing, type KeyRing, type WalkProgress } from '../../src/index.ts';
import type { FromRotationNode, RotationOrders, ToRotationNode, WorkReport } from './rotation-messages.ts';
import { putRing } from './put-ring.ts';
import type { RedisCoordinates } from './servers/redis.ts';
import { freshDatabase, uniqueNamespace, type FreshDatabase } from './shared.ts';

const NODE_PROCESS = fileURLToPath(new URL('rotation-node.ts', import.meta.url));

/** Processes over one Redis and one database, and the ring file that they all read. */
export class RotationFleet implements AsyncDisposable {
  readonly orders: RotationOrders;
  readonly #database: FreshDatabase;
  readonly #folder: string;
  readonly #kek: Buffer;
  readonly #nodes: RotationProcess[] = [];

  private constructor(orders: RotationOrders, database: FreshDatabase, folder: string, kek: Buffer) {
    this.orders = orders;
    this.#database = database;
    this.#folder = folder;
    this.#kek = kek;
  }

  static async start(redis: RedisCoordinates, namespace: string = uniqueNamespace()): Promise<RotationFleet> {
    const database = await freshDatabase('postgresql');
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-rotation-'));
    const kek = randomBytes(32);
    const orders: RotationOrders = {
      redis,
      databaseUrl: database.url,
      databaseCa: database.ca ?? '',
      namespace,
      ringPath: join(folder, 'keys.json'),
      kek: kek.toString('base64'),
    };
    const fleet = new RotationFleet(orders, database, folder, kek);
    await fleet.save(await generateKeyRing());
    return fleet;
  }

  save(ring: KeyRing): Promise<void> {
    return putRing(this.orders.ringPath, ring, { kek: this.#kek });
  }

  async node(): Promise<RotationProcess> {
    const node = new RotationProcess();
    this.#nodes.push(node);
    await node.ask({ kind: 'start', orders: this.orders });
    return node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#nodes) node.kill();
    await this.#database.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** One process, seen from here. It answers one question at a time. */
export class RotationProcess {
  readonly #process: ChildProcess;
  #settle: { resolve(answer: unknown): void; reject(error: Error): void } | undefined;
  onProgress: (progress: WalkProgress) => void = () => undefined;

  constructor() {
    this.#process = fork(NODE_PROCESS, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' });
    this.#process.on('message', (message: FromRotationNode) => this.#receive(message));
    this.#process.once('exit', () => this.#settle?.reject(new Error('the process is gone')));
  }

  ask(message: ToRotationNode): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#process.send(message);
    });
  }

  async populate(from: number, count: number): Promise<string[]> {
    return (await this.ask({ kind: 'populate', from, count })) as string[];
  }

  async rest(): Promise<WorkReport> {
    return (await this.ask({ kind: 'rest' })) as WorkReport;
  }

  async read(ids: readonly string[], consistency: 'bounded' | 'strong'): Promise<unknown[]> {
    return (await this.ask({ kind: 'read', ids, consistency })) as unknown[];
  }

  /** As `kill -9` does. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  #receive(message: FromRotationNode): void {
    switch (message.kind) {
      case 'progress':
        return this.onProgress(message.progress);
      case 'done':
        return this.#settle?.resolve(message.answer);
      case 'failed':
        return this.#settle?.reject(new Error(message.message));
      default:
        return message satisfies never;
    }
  }
}
