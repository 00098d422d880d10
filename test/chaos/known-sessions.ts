import type { News } from './messages.ts';

/** A session across its changes of id, as far as this node has heard. */
export interface SharedSession {
  readonly number: number;
  /** Oldest first; the last one is the present one. */
  readonly ids: string[];
  userId: string | null;
  /** Somebody set out to end it. */
  isOver: boolean;
}

/** The sessions that all nodes work on: what one learns, it tells the others. */
export class KnownSessions {
  readonly #sessions = new Map<number, SharedSession>();
  readonly #tell: (news: News) => void;

  constructor(tell: (news: News) => void) {
    this.#tell = tell;
  }

  get all(): SharedSession[] {
    return [...this.#sessions.values()];
  }

  get living(): SharedSession[] {
    return this.all.filter(({ isOver, ids }) => !isOver && ids.length > 0);
  }

  /** The dead must stay dead, so they are asked for as well: for longer than other nodes may take to hear of it. */
  get lately(): SharedSession[] {
    return this.all.filter(({ isOver, ids }) => isOver && ids.length > 0).slice(-40);
  }

  announce(news: News): void {
    if (this.learn(news)) this.#tell(news);
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
