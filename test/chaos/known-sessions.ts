import type { News } from './messages.ts';

/** A session across its changes of id, as far as this node knows. */
export interface SharedSession {
  readonly number: number;
  /** Oldest first; the last one is the present one. */
  readonly ids: string[];
  userId: string | null;
  /** Somebody set out to end it. */
  isOver: boolean;
}

/** The sessions that all nodes work on: each node sends what it learns to the others. */
export class KnownSessions {
  readonly #sessions = new Map<number, SharedSession>();
  readonly #send: (news: News) => void;

  constructor(send: (news: News) => void) {
    this.#send = send;
  }

  get all(): SharedSession[] {
    return [...this.#sessions.values()];
  }

  get living(): SharedSession[] {
    return this.all.filter(({ isOver, ids }) => !isOver && ids.length > 0);
  }

  /** Ended sessions must stay ended, so they are read too: for longer than other nodes may take to learn of it. */
  get lately(): SharedSession[] {
    return this.all.filter(({ isOver, ids }) => isOver && ids.length > 0).slice(-40);
  }

  announce(news: News): void {
    if (this.learn(news)) this.#send(news);
  }

  /** True if it was news. */
  learn({ session: number, id, userId, isOver }: News): boolean {
    const session = this.#sessions.get(number) ?? { number, ids: [], userId: null, isOver: false };
    this.#sessions.set(number, session);
    const before = JSON.stringify(session);
    if (id !== undefined && !session.ids.includes(id)) session.ids.push(id);
    if (userId !== undefined) session.userId = userId;
    if (isOver === true) session.isOver = true;
    return JSON.stringify(session) !== before;
  }
}
