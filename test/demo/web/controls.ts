import { CannotPress, type Button, type Visitor } from './buttons/button.ts';
import { DATABASE_BUTTONS } from './buttons/database-buttons.ts';
import { REDIS_BUTTONS } from './buttons/redis-buttons.ts';
import { SESSION_BUTTONS } from './buttons/session-buttons.ts';
import { Watch } from './watch.ts';
import type { World } from './world.ts';

const BUTTONS: ReadonlyMap<string, Button> = new Map(
  Object.entries({ ...REDIS_BUTTONS, ...DATABASE_BUTTONS, ...SESSION_BUTTONS }),
);

/** The answer to a press, which the panel shows at once. */
export interface Answer {
  readonly status: 200 | 404 | 409 | 503;
  readonly text: string;
}

/** Presses one button at a time. What the library did about it goes to every panel, as an event. */
export class Controls {
  readonly #world: World;
  #watching = new AbortController();
  #queue: Promise<unknown> = Promise.resolve();
  #stories = 0;

  constructor(world: World) {
    this.#world = world;
  }

  press(name: string, visitor: Visitor): Promise<Answer> {
    const button = BUTTONS.get(name);
    if (button === undefined) return Promise.resolve({ status: 404, text: 'There is no such button.' });
    const answer = this.#queue.then(() => this.#press(button, visitor));
    this.#queue = answer.catch(() => undefined);
    return answer;
  }

  async #press(button: Button, visitor: Visitor): Promise<Answer> {
    this.#watching.abort();
    this.#watching = new AbortController();
    const watch = new Watch(this.#world, this.#watching.signal);
    try {
      const { did, reaction } = await button(this.#world, visitor);
      const story = { number: (this.#stories += 1), at: watch.since, did };
      this.#world.feed.send('story', story);
      void Promise.resolve(reaction(watch)).then(
        (text) => this.#world.feed.send('story', { ...story, reaction: text }),
        (error: unknown) => this.#world.feed.send('story', { ...story, reaction: sentenceOf(error) }),
      );
      return { status: 200, text: did };
    } catch (error) {
      if (error instanceof CannotPress) return { status: 409, text: error.message };
      return { status: 503, text: sentenceOf(error) };
    }
  }
}

/** The library's errors say what happened; others are a bug of the demo. */
function sentenceOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unexpected';
  return `The library answered with an error (${code}), and changed nothing: neither store, or not the one that is needed, answers at present.`;
}
