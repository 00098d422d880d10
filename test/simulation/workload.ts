import type { Health, Session, SessionClient } from '../../src/index.ts';
import { HoldfastError } from '../../src/errors.ts';
import type { Operation, OperationKind, Outcome } from './history.ts';
import { nameOf, summaryOf, toOutcome } from './outcomes.ts';
import { FEED_FRESH_MS, type SimulationPlan } from './plan.ts';
import type { Process, World } from './world.ts';

export interface Cart {
  items: string[];
}

export interface SimulatedNode {
  readonly process: Process;
  readonly client: SessionClient<Cart>;
}

/** A session across its changes of id, as its callers know it. */
export interface KnownSession {
  readonly number: number;
  /** Oldest first; the last one is the present one. */
  readonly ids: string[];
  latest: { readonly revision: number; readonly items: readonly string[] };
  /** Somebody set out to end it. */
  isDoomed: boolean;
}

type Draft = Pick<Operation, 'kind'> &
  Partial<Omit<Operation, 'index' | 'invokedAt' | 'kind' | 'node' | 'outcome' | 'returnedAt'>>;
type Action = (client: SessionClient<Cart>) => Promise<Session<Cart> | boolean | number | null | void>;

const WEIGHTS: Readonly<Record<Exclude<OperationKind, 'create'>, number>> = {
  get: 44,
  strongGet: 6,
  update: 20,
  replace: 6,
  touch: 4,
  regenerate: 5,
  destroy: 5,
  destroyByUser: 2.5,
};

/** Actors that call nodes at random, each one call after another, and record the answers. */
export class Workload {
  readonly history: Operation[] = [];
  readonly sessions: KnownSession[] = [];
  readonly crashed: string[] = [];
  readonly #world: World;
  readonly #plan: SimulationPlan;
  readonly #makeNode: () => SimulatedNode;
  readonly #nodes: SimulatedNode[];
  /** Operations without an answer, and what goes on if none can come any more. */
  readonly #open = new Map<Operation, () => void>();
  /** Sessions that are left in peace, and until when. */
  readonly #quiet = new Map<KnownSession, number>();
  readonly #closing = new Set<string>();
  #chasers = 0;
  #left: number;

  constructor(world: World, plan: SimulationPlan, makeNode: () => SimulatedNode) {
    this.#world = world;
    this.#plan = plan;
    this.#makeNode = makeNode;
    this.#left = plan.operations;
    this.#nodes = Array.from({ length: plan.nodes }, makeNode);
  }

  get isDone(): boolean {
    return this.#left <= 0 && this.#open.size === 0 && this.#chasers === 0;
  }

  /** Nodes whose `close` has not ended. */
  get unclosed(): readonly string[] {
    return [...this.#closing];
  }

  start(): void {
    for (let actor = 0; actor < this.#plan.actors; actor += 1) this.#pause();
  }

  nodeAt(choice: number): SimulatedNode {
    return this.#nodes[Math.floor(choice * this.#nodes.length)]!;
  }

  /** The process ends between two of its steps. What it had sent is still under way; a new process takes its place. */
  crash(choice: number): void {
    const { process } = this.nodeAt(choice);
    process.crash();
    this.crashed.push(process.name);
    this.#nodes[Math.floor(choice * this.#nodes.length)] = this.#makeNode();
    const orphaned = [...this.#open].filter(([operation]) => operation.node === process.name);
    for (const [operation, goOn] of orphaned) {
      this.#open.delete(operation);
      goOn();
    }
  }

  /** The process is asked to end: its calls are awaited, and a new process takes its place. */
  retire(choice: number): void {
    this.#close(this.nodeAt(choice));
    this.#nodes[Math.floor(choice * this.#nodes.length)] = this.#makeNode();
  }

  /** What each node says of itself. */
  async health(): Promise<ReadonlyMap<string, Health>> {
    const answers = this.#nodes.map(async ({ process, client }) => [process.name, await client.health()] as const);
    return new Map(await Promise.all(answers));
  }

  /**
   * Opens each node that was not called while it could have opened. Such a node asks the primary server for nothing, so it would notice
   * only at its first call that the server was demoted meanwhile.
   */
  openAll(): void {
    for (const { process, client } of this.#nodes) {
      process.deliver(() => void client.ready().catch(() => undefined));
    }
  }

  /** Every node reads every session by every id it ever had, and asks the durable tier too. */
  lookOnce(): void {
    for (const node of this.#nodes) {
      for (const session of this.sessions) {
        for (const id of session.ids) {
          this.#read(node, 'get', session, id, () => undefined, false);
          this.#read(node, 'strongGet', session, id, () => undefined, false);
        }
      }
    }
  }

  /** Every node reads the sessions that were found alive since then. */
  lookAtLiving(since: number): void {
    const found = this.history.filter(({ kind, invokedAt }) => kind === 'get' && invokedAt >= since);
    const living = new Set(found.flatMap(({ outcome, id }) => (outcome.kind === 'session' ? [id] : [])));
    for (const node of this.#nodes) {
      for (const session of this.sessions) {
        const id = session.ids.at(-1);
        if (id !== undefined && living.has(id)) this.#read(node, 'get', session, id, () => undefined, false);
      }
    }
  }

  close(): void {
    for (const node of this.#nodes) this.#close(node);
  }

  #close({ process, client }: SimulatedNode): void {
    this.#closing.add(process.name);
    process.deliver(() => void client.close().finally(() => this.#closing.delete(process.name)));
  }

  #pause(): void {
    const { random } = this.#world;
    const pauseMs = -Math.log(1 - random.unit()) * this.#plan.pauseMs;
    this.#world.at(pauseMs, () => {
      if (this.#left <= 0) return;
      this.#left -= 1;
      this.#act();
    });
  }

  #act(): void {
    const { random } = this.#world;
    const node = this.nodeAt(random.unit());
    const living = this.sessions.filter(
      (session) => !session.isDoomed && (this.#quiet.get(session) ?? 0) <= this.#world.now,
    );
    if (living.length === 0 || (living.length < this.#plan.sessions && random.chance(0.3))) return this.#create(node);
    // The dead must stay dead, so they are asked for as well.
    const lately = this.sessions.filter(({ isDoomed, ids }) => isDoomed && ids.length > 0).slice(-2);
    const kind = random.weighted(WEIGHTS);
    const isRead = kind === 'get' || kind === 'strongGet';
    const session = random.pick(isRead && lately.length > 0 && random.chance(0.3) ? lately : living)!;
    const id = random.chance(0.15) ? random.pick(session.ids)! : session.ids.at(-1)!;
    switch (kind) {
      case 'get':
      case 'strongGet':
        return this.#read(node, kind, session, id, () => this.#pause(), random.chance(0.7));
      case 'update':
        return this.#update(node, session, id);
      case 'replace':
        return this.#replace(node, session, id);
      case 'touch':
        return this.#start(node, { kind, session: session.number, id }, (client) => client.touch(id));
      case 'regenerate':
        return this.#regenerate(node, session, id);
      case 'destroy':
        session.isDoomed = true;
        return this.#start(node, { kind, session: session.number, id }, (client) => client.destroy(id));
      case 'destroyByUser':
        return this.#destroyMany(node, random.chance(0.4) ? id : null);
      default:
        return kind satisfies never;
    }
  }

  #create(node: SimulatedNode): void {
    const { random } = this.#world;
    const userId = random.chance(0.7) ? this.#user() : null;
    const session: KnownSession = {
      number: this.sessions.length,
      ids: [],
      latest: { revision: 0, items: [] },
      isDoomed: true,
    };
    this.sessions.push(session);
    const item = `c${this.history.length}`;
    this.#start(
      node,
      { kind: 'create', session: session.number, userId, item },
      (client) => client.create({ items: [item] }, userId === null ? {} : { userId }),
      (outcome) => {
        session.isDoomed = outcome.kind !== 'session';
      },
    );
  }

  #read(
    node: SimulatedNode,
    kind: 'get' | 'strongGet',
    session: KnownSession,
    id: string,
    goOn: () => void,
    touch: boolean,
  ): void {
    const consistency = kind === 'get' ? 'bounded' : 'strong';
    const draft: Draft = { kind, session: session.number, id, isPassive: !touch };
    this.#start(node, draft, (client) => client.get(id, { consistency, touch }), undefined, goOn);
  }

  #update(node: SimulatedNode, session: KnownSession, id: string): void {
    const item = `u${this.history.length}`;
    const pauseMs = this.#world.random.chance(0.2) ? this.#world.random.logBetween(0.1, 50) : 0;
    this.#start(node, { kind: 'update', session: session.number, id, item }, (client) =>
      client.update(id, async (cart) => {
        cart.items.push(item);
        if (pauseMs > 0) await new Promise<void>((resolve) => node.process.after(pauseMs, resolve));
      }),
    );
  }

  #replace(node: SimulatedNode, session: KnownSession, id: string): void {
    const { revision, items } = session.latest;
    const item = `r${this.history.length}`;
    const draft: Draft = { kind: 'replace', session: session.number, id, item, expectedRevision: revision };
    this.#start(node, draft, (client) => client.replace(id, { items: [...items, item] }, { revision }));
  }

  #regenerate(node: SimulatedNode, session: KnownSession, id: string): void {
    const userId = this.#world.random.chance(0.4) ? this.#user() : null;
    this.#start(node, { kind: 'regenerate', session: session.number, id, userId }, (client) =>
      client.regenerate(id, userId === null ? {} : { userId }),
    );
  }

  #destroyMany(node: SimulatedNode, exceptId: string | null): void {
    const userId = exceptId === null && this.#world.random.chance(0.1) ? null : this.#user();
    this.#start(
      node,
      { kind: 'destroyByUser', userId, exceptId },
      (client) => {
        if (userId === null) return client.destroyAll();
        return client.destroyByUser(userId, exceptId === null ? {} : { except: exceptId });
      },
      () => this.#noteDoom(),
    );
  }

  /** Sessions that the last look found dead need a successor. */
  #noteDoom(): void {
    for (const session of this.sessions) {
      const last = this.history.findLast((operation) => operation.session === session.number);
      if (last?.outcome.kind === 'absent') session.isDoomed = true;
    }
  }

  #user(): string {
    return `user-${this.#world.random.below(this.#plan.users)}`;
  }

  #start(
    node: SimulatedNode,
    draft: Draft,
    action: Action,
    onEnd: (outcome: Outcome) => void = () => undefined,
    goOn: () => void = () => this.#pause(),
  ): void {
    const { process, client } = node;
    const operation: Operation = {
      session: null,
      id: null,
      userId: null,
      item: null,
      expectedRevision: null,
      ...draft,
      index: this.history.length,
      node: process.name,
      invokedAt: this.#world.now,
      returnedAt: Infinity,
      outcome: { kind: 'pending' },
    };
    this.history.push(operation);
    this.#open.set(operation, goOn);
    this.#world.note(() => `> #${operation.index} ${process.name} ${operation.kind} ${nameOf(operation)}`);
    const end = (outcome: Outcome): void => {
      operation.returnedAt = this.#world.now;
      operation.outcome = outcome;
      this.#learn(operation);
      onEnd(outcome);
      if (draft.kind !== 'get' && draft.kind !== 'strongGet') this.#chase(operation);
      this.#world.note(() => `< #${operation.index} ${process.name} ${operation.kind} ${summaryOf(outcome)}`);
      if (this.#open.delete(operation)) goOn();
    };
    process.deliver(() => {
      operation.invokedAt = this.#world.now;
      void action(client).then(
        (answer) => end(toOutcome(answer)),
        (error: unknown) => end({ kind: 'failed', code: error instanceof HoldfastError ? error.code : String(error) }),
      );
    });
  }

  /** A caller that got an answer checks it: at once, and when the bounds have passed. */
  #chase({ session: number, outcome, node: name }: Operation): void {
    const { random } = this.#world;
    const isAnswered = outcome.kind === 'session' || outcome.kind === 'done';
    if (!isAnswered || this.#left <= 0 || !random.chance(0.6)) return;
    const session =
      number === null ? random.pick(this.sessions.filter(({ ids }) => ids.length > 0)) : this.sessions[number];
    if (session === undefined || session.ids.length === 0) return;
    const delaysMs = [random.logBetween(0.1, 100), FEED_FRESH_MS + random.logBetween(30, 2_000)];
    const delayMs = random.pick(delaysMs) ?? 0;
    if (this.#plan.isPeaceful && random.chance(0.5)) this.#quiet.set(session, this.#world.now + delayMs);
    const id = random.pick(session.ids.slice(-2))!;
    this.#chasers += 1;
    this.#world.at(delayMs, () => {
      this.#chasers -= 1;
      const own = this.#nodes.find(({ process }) => process.name === name);
      const node = own !== undefined && random.chance(0.3) ? own : this.nodeAt(random.unit());
      this.#read(node, 'get', session, id, () => undefined, random.chance(0.3));
    });
  }

  /** What callers remember: the newest id and data, and that a session is gone. */
  #learn({ session: number, outcome, kind }: Operation): void {
    const session = number === null ? undefined : this.sessions[number];
    if (session === undefined) return;
    if (outcome.kind === 'session') {
      if (!session.ids.includes(outcome.id)) session.ids.push(outcome.id);
      if (outcome.revision > session.latest.revision || this.#world.random.chance(0.2)) session.latest = outcome;
    }
    const isGone =
      outcome.kind === 'absent' || (outcome.kind === 'failed' && outcome.code === 'HOLDFAST_SESSION_NOT_FOUND');
    if (isGone && (kind === 'get' || kind === 'strongGet') && this.#world.random.chance(0.3)) session.isDoomed = true;
  }
}
