import { HoldfastError, type Session, type SessionClient } from '../../src/index.ts';
import type { Operation, Outcome } from '../simulation/history.ts';
import type { Random } from '../simulation/random.ts';
import { machineTime } from './clock.ts';
import type { Journal } from './journal.ts';
import type { KnownSessions, SharedSession } from './known-sessions.ts';
import type { NodeOrders } from './messages.ts';

export interface Cart {
  items: string[];
}

type Draft = Pick<Operation, 'kind'> & Partial<Pick<Operation, 'id' | 'item' | 'session' | 'userId'>>;
type Answer = Session<Cart> | boolean | number | null | void;

const WEIGHTS = {
  get: 56,
  strongGet: 5,
  update: 22,
  touch: 4,
  regenerate: 4,
  destroy: 1.2,
  destroyByUser: 0.4,
} as const;

/** Enough to meet in the same session, few enough to stay within what the machine can do. */
const SESSIONS = 16;
/**
 * Every other session is seldom written or read from the database: both repair what other nodes hold of it, so that
 * where they happen often, a node that missed a notice is not behind for long.
 */
const QUIET_CHANCE = 0.15;
const USERS = 40;
const ACTORS = 8;
const PAUSE_MS = 70;
/** Now and then many call at once: more than the bulkhead lets through. */
const BURST = 24;
const BURST_CHANCE = 0.01;
/** A session with more is ended: each read of it is written down with all its items. */
const ITEMS_MAX = 80;
/** What has not ended by then will be reported as such. */
const REST_MS = 40_000;
const LOOKERS = 8;

/** Actors that call this node's client at random and record the answers. */
export class Workload {
  readonly sessions: KnownSessions;
  readonly #orders: NodeOrders;
  readonly #random: Random;
  readonly #client: SessionClient<Cart>;
  readonly #journal: Journal;
  #created = 0;
  #calls = 0;
  #isStopped = false;
  #actors: Promise<unknown> = Promise.resolve();

  constructor(
    orders: NodeOrders,
    random: Random,
    client: SessionClient<Cart>,
    sessions: KnownSessions,
    journal: Journal,
  ) {
    this.#journal = journal;
    this.#orders = orders;
    this.#random = random;
    this.#client = client;
    this.sessions = sessions;
  }

  start(): void {
    this.#actors = Promise.all(Array.from({ length: ACTORS }, () => this.#actor()));
  }

  /** Resolves when the last call has ended, or should have. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.race([this.#actors, this.#pause(REST_MS)]);
  }

  /** Reads every session by every id it ever had, from this node's view and from the database. */
  async look(): Promise<void> {
    const left = this.sessions.all.flatMap((session) => session.ids.map((id) => ({ session, id })));
    const looker = async (): Promise<void> => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        await this.#read('get', next.session, next.id, false);
        await this.#read('strongGet', next.session, next.id, false);
      }
    };
    await Promise.all(Array.from({ length: LOOKERS }, looker));
  }

  async #actor(): Promise<void> {
    while (!this.#isStopped) {
      await this.#pause(-Math.log(1 - this.#random.unit()) * PAUSE_MS);
      const width = this.#random.chance(BURST_CHANCE) ? BURST : 1;
      await Promise.all(Array.from({ length: width }, () => this.#act()));
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms).unref());
  }

  #act(): Promise<void> {
    const random = this.#random;
    const { living, lately } = this.sessions;
    if (living.length === 0 || (living.length < SESSIONS && random.chance(0.3))) return this.#create();
    const drawn = random.weighted(WEIGHTS);
    const isRead = drawn === 'get' || drawn === 'strongGet';
    const session = random.pick(isRead && lately.length > 0 && random.chance(0.2) ? lately : living)!;
    const isLoud = drawn === 'update' || drawn === 'strongGet';
    const kind = isLoud && isQuiet(session) && !random.chance(QUIET_CHANCE) ? 'get' : drawn;
    const id = random.chance(0.1) ? random.pick(session.ids)! : session.ids.at(-1)!;
    switch (kind) {
      case 'get':
      case 'strongGet':
        return this.#read(kind, session, id, random.chance(0.7));
      case 'update':
        return this.#update(session, id);
      case 'touch':
        return this.#run({ kind, session: session.number, id }, () => this.#client.touch(id));
      case 'regenerate':
        return this.#regenerate(session, id);
      case 'destroy':
        return this.#destroy(session, id);
      case 'destroyByUser':
        return session.userId === null ? this.#read('get', session, id, true) : this.#destroyByUser(session.userId);
      default:
        return kind satisfies never;
    }
  }

  #create(): Promise<void> {
    const session = this.#orders.number * 1_000_000 + this.#created;
    this.#created += 1;
    const userId = this.#random.chance(0.4) ? this.#user() : null;
    const item = this.#newItem();
    return this.#run({ kind: 'create', session, userId, item }, () =>
      this.#client.create({ items: [item] }, userId === null ? {} : { userId }),
    );
  }

  #read(kind: 'get' | 'strongGet', session: SharedSession, id: string, touch: boolean): Promise<void> {
    const consistency = kind === 'get' ? 'bounded' : 'strong';
    return this.#run({ kind, session: session.number, id }, () => this.#client.get(id, { consistency, touch }));
  }

  async #update(session: SharedSession, id: string): Promise<void> {
    const item = this.#newItem();
    let count = 0;
    await this.#run({ kind: 'update', session: session.number, id, item }, () =>
      this.#client.update(id, (cart) => {
        count = cart.items.push(item);
      }),
    );
    if (count > ITEMS_MAX && !session.isOver) await this.#destroy(session, session.ids.at(-1)!);
  }

  #regenerate(session: SharedSession, id: string): Promise<void> {
    const userId = this.#random.chance(0.3) ? this.#user() : null;
    return this.#run({ kind: 'regenerate', session: session.number, id, userId }, () =>
      this.#client.regenerate(id, userId === null ? {} : { userId }),
    );
  }

  #destroy({ number }: SharedSession, id: string): Promise<void> {
    this.sessions.announce({ session: number, isOver: true });
    return this.#run({ kind: 'destroy', session: number, id }, () => this.#client.destroy(id));
  }

  #destroyByUser(userId: string): Promise<void> {
    for (const { number, userId: owner } of this.sessions.living) {
      if (owner === userId) this.sessions.announce({ session: number, isOver: true });
    }
    return this.#run({ kind: 'destroyByUser', userId }, () => this.#client.destroyByUser(userId));
  }

  #user(): string {
    return `user-${this.#random.below(USERS)}`;
  }

  #newItem(): string {
    return `${this.#orders.name}.${this.#calls}`;
  }

  async #run(draft: Draft, call: () => Promise<Answer>): Promise<void> {
    const operation: Operation = {
      session: null,
      id: null,
      userId: null,
      item: null,
      expectedRevision: null,
      ...draft,
      index: this.#calls,
      node: this.#orders.name,
      invokedAt: machineTime(),
      returnedAt: Infinity,
      outcome: { kind: 'pending' },
    };
    this.#calls += 1;
    this.#journal.begun(operation);
    let outcome: Outcome;
    try {
      outcome = toOutcome(await call());
    } catch (error) {
      outcome = { kind: 'failed', code: error instanceof HoldfastError ? error.code : String(error) };
    }
    operation.returnedAt = machineTime();
    operation.outcome = outcome;
    this.#journal.ended(operation);
    this.#spread(operation);
  }

  #spread({ session, kind, userId, outcome }: Operation): void {
    if (session === null) return;
    if (outcome.kind === 'session') {
      const isOwner = kind === 'create' || userId !== null;
      this.sessions.announce({ session, id: outcome.id, ...(isOwner ? { userId } : {}) });
    }
    // Whatever was said of an earlier id, the present one is what callers go on with; only they may find it gone.
    if (outcome.kind === 'absent' && kind === 'strongGet') {
      const known = this.sessions.all.find(({ number }) => number === session);
      if (known?.ids.length === 1) this.sessions.announce({ session, isOver: true });
    }
    if (outcome.kind === 'failed' && kind === 'regenerate') this.sessions.announce({ session, isOver: true });
  }
}

function isQuiet({ number }: SharedSession): boolean {
  return number % 2 === 0;
}

function toOutcome(answer: Answer): Outcome {
  if (answer === null) return { kind: 'absent' };
  if (typeof answer !== 'object') return { kind: 'done', value: answer ?? null };
  const { id, revision, data, absoluteExpiresAt, servedBy } = answer;
  return { kind: 'session', id, revision, items: data.items, absoluteExpiresAt: absoluteExpiresAt.getTime(), servedBy };
}
