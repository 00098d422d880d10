import { EnvelopeError, HoldfastError, reencryptSessions, type SessionClient } from '../../src/index.ts';
import { openNode, type Numbered } from './rotation-client.ts';
import type { FromRotationNode, ToRotationNode, WorkReport } from './rotation-messages.ts';

const CALLERS = 4;
const POPULATE_AT_ONCE = 16;
/** Of a node's calls, so many change something. */
const UPDATE_SHARE = 0.3;
/** … and so many are a whole life: login, new id, device list, logout. */
const LIFE_SHARE = 0.05;

class RotationNode {
  readonly #sessions: SessionClient<Numbered>;
  readonly #failures: Record<string, number> = {};
  #calls = 0;
  #isResting = true;
  #work: Promise<unknown> = Promise.resolve();

  constructor(sessions: SessionClient<Numbered>) {
    this.#sessions = sessions;
  }

  async populate(from: number, count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let done = 0; done < count; done += POPULATE_AT_ONCE) {
      const batch = Array.from({ length: Math.min(POPULATE_AT_ONCE, count - done) }, (_, n) => from + done + n);
      const made = await Promise.all(
        batch.map((n) => this.#sessions.create({ n, writes: 0 }, { userId: `u_${n % 100}` })),
      );
      ids.push(...made.map(({ id }) => id));
    }
    return ids;
  }

  work(ids: readonly string[]): void {
    this.#isResting = false;
    this.#work = Promise.all(Array.from({ length: CALLERS }, () => this.#callOn(ids)));
  }

  async rest(): Promise<WorkReport> {
    this.#isResting = true;
    await this.#work;
    return { calls: this.#calls, failures: this.#failures };
  }

  /** Each session's number, or why it could not be read. */
  async read(ids: readonly string[], consistency: 'bounded' | 'strong'): Promise<(number | string | null)[]> {
    const answers: (number | string | null)[] = [];
    for (const id of ids) {
      answers.push(
        await this.#sessions.get(id, { consistency }).then(
          (session) => session?.data.n ?? null,
          (error: unknown) => wordFor(error),
        ),
      );
    }
    return answers;
  }

  async #callOn(ids: readonly string[]): Promise<void> {
    while (!this.#isResting) {
      const id = ids[Math.floor(Math.random() * ids.length)] ?? '';
      const dice = Math.random();
      this.#calls += 1;
      try {
        if (dice < LIFE_SHARE) await this.#live();
        else if (dice < LIFE_SHARE + UPDATE_SHARE) await this.#sessions.update(id, (data) => void (data.writes += 1));
        else if ((await this.#sessions.get(id)) === null) this.#fail('missing');
      } catch (error) {
        this.#fail(wordFor(error));
      }
    }
  }

  async #live(): Promise<void> {
    const userId = `visitor ${Math.random()}`;
    const { id } = await this.#sessions.create({ n: -1, writes: 0 });
    const session = await this.#sessions.regenerate(id, { userId });
    if ((await this.#sessions.listByUser(userId)).length !== 1) this.#fail('not-listed');
    if (!(await this.#sessions.destroy(session.id))) this.#fail('not-destroyed');
  }

  #fail(word: string): void {
    this.#failures[word] = (this.#failures[word] ?? 0) + 1;
  }
}

function wordFor(error: unknown): string {
  if (error instanceof EnvelopeError) return error.reason;
  return error instanceof HoldfastError ? error.code : 'unexpected';
}

function send(message: FromRotationNode): void {
  process.send?.(message);
}

function walk(sessions: SessionClient<Numbered>, cursor: string | undefined): Promise<unknown> {
  return reencryptSessions(sessions, {
    batchSize: 200,
    onProgress: (progress) => send({ kind: 'progress', progress }),
    ...(cursor === undefined ? {} : { cursor }),
  });
}

let sessions: SessionClient<Numbered> | undefined;
let node: RotationNode | undefined;

async function obey(message: ToRotationNode): Promise<unknown> {
  if (message.kind === 'start') {
    ({ sessions } = await openNode(message.orders));
    node = new RotationNode(sessions);
    return undefined;
  }
  if (node === undefined || sessions === undefined) throw new Error('not started');
  switch (message.kind) {
    case 'populate':
      return node.populate(message.from, message.count);
    case 'work':
      return node.work(message.ids);
    case 'rest':
      return node.rest();
    case 'read':
      return node.read(message.ids, message.consistency);
    case 'walk':
      return walk(sessions, message.cursor);
    default:
      return message satisfies never;
  }
}

// The parent has ended.
process.once('disconnect', () => process.exit(1));
process.on('message', (message: ToRotationNode) => {
  obey(message).then(
    (answer) => send({ kind: 'done', answer }),
    (error: unknown) => send({ kind: 'failed', message: String(error) }),
  );
});
