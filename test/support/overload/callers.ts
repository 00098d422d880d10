import { HoldfastError, type SessionClient, TierUnavailableError } from '../../../src/index.ts';
import type { CallName, CallTally } from './messages.ts';

export interface Data {
  filling: string;
  writes: number;
}

/** Of 20 calls. Known sessions are few, so that updates of one session meet as well. */
const MIX: readonly CallName[] = [
  ...Array.from({ length: 6 }, () => 'create' as const),
  ...Array.from({ length: 6 }, () => 'strong read' as const),
  ...Array.from({ length: 3 }, () => 'update' as const),
  ...Array.from({ length: 3 }, () => 'touch' as const),
  ...Array.from({ length: 2 }, () => 'read' as const),
];

/** Calls one thing or the other, and notes how it ended and how long that took. */
export class Callers {
  readonly created: string[] = [];
  readonly #sessions: SessionClient<Data>;
  readonly #data: Data;
  readonly #known: readonly string[];
  readonly #tallies = emptyTallies();
  #unsettled = 0;

  constructor(sessions: SessionClient<Data>, data: Data, known: readonly string[]) {
    this.#sessions = sessions;
    this.#data = data;
    this.#known = known;
  }

  get unsettled(): number {
    return this.#unsettled;
  }

  get tallies(): Readonly<Record<CallName, CallTally>> {
    return this.#tallies;
  }

  /** Never rejects. */
  async call(): Promise<void> {
    const name = anyOf(MIX);
    const start = performance.now();
    this.#unsettled += 1;
    const outcome = await this.#make(name).catch(wordFor);
    this.#unsettled -= 1;
    const tally = this.#tallies[name];
    tally.outcomes[outcome] = (tally.outcomes[outcome] ?? 0) + 1;
    tally.slowestMs = Math.max(tally.slowestMs, performance.now() - start);
  }

  /** Calls per second of callers that each wait for their last answer. */
  async inClosedLoop(callers: number, ms: number): Promise<number> {
    const start = performance.now();
    let calls = 0;
    const loops = Array.from({ length: callers }, async () => {
      for (; performance.now() < start + ms; calls += 1) await this.call();
    });
    await Promise.all(loops);
    return (1_000 * calls) / (performance.now() - start);
  }

  async #make(name: CallName): Promise<string> {
    const id = anyOf(this.#known);
    switch (name) {
      case 'create':
        this.created.push((await this.#sessions.create(this.#data)).id);
        return 'ok';
      case 'read':
        return (await this.#sessions.get(id)) === null ? 'missing' : 'ok';
      case 'strong read':
        return (await this.#sessions.get(id, { consistency: 'strong' })) === null ? 'missing' : 'ok';
      case 'touch':
        await this.#sessions.touch(id);
        return 'ok';
      case 'update':
        await this.#sessions.update(id, (data) => void (data.writes += 1));
        return 'ok';
      default:
        return name satisfies never;
    }
  }
}

function emptyTallies() {
  const empty = (): { outcomes: Record<string, number>; slowestMs: number } => ({ outcomes: {}, slowestMs: 0 });
  return { create: empty(), read: empty(), 'strong read': empty(), touch: empty(), update: empty() };
}

/** What is no error of the library is shown as it is. */
function wordFor(error: unknown): string {
  if (error instanceof TierUnavailableError) return `${error.code} ${error.tier} ${error.reason}`;
  return error instanceof HoldfastError ? error.code : String(error);
}

function anyOf<T>(values: readonly T[]): T {
  return values[Math.floor(Math.random() * values.length)]!;
}
