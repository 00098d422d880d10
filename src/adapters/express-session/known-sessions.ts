import { inspect } from 'node:util';
import type { Session } from '../../client/session.ts';
import type { StoreRecord } from './store-record.ts';

/** The store's record of a session while a request uses it. */
export interface Known {
  /** The session at the revision that the request saw last. */
  readonly session: Session<StoreRecord>;
  /** The values of the request's own object when it was read or last stored. A write stores only the differences. */
  readonly base: StoreRecord;
  /** True if this request created the session, so that no other could have known its id before. */
  readonly isNew: boolean;
}

/**
 * The known sessions, by the object that stands for one in its framework: the session itself, or koa-session's context.
 * The writes of one object run one after another: a `save` that was not awaited may still be under way when the
 * response ends.
 */
export class KnownSessions {
  readonly #known = new WeakMap<object, Known>();
  readonly #turns = new WeakMap<object, Promise<unknown>>();

  /** Returns undefined if nothing is known, or if the object belongs to a session of another id by now. */
  of(holder: object | undefined, sid: string): Known | undefined {
    const known = holder && this.#known.get(ownerOf(holder));
    return known?.base.sid === sid ? known : undefined;
  }

  learn(holder: object, known: Known): void {
    this.#known.set(ownerOf(holder), known);
  }

  /**
   * Removes the tag, and returns the record of it: express-session builds an object of its own from the result of
   * `get`.
   */
  untag(session: object): Known | undefined {
    const known = this.#known.get(ownerOf(session));
    delete (session as Record<string, unknown>)[TAG];
    return known;
  }

  /** Runs a write once those of the same object that came before have ended. */
  inTurn<R>(holder: object, write: () => Promise<R>): Promise<R> {
    const owner = ownerOf(holder);
    const before = this.#turns.get(owner);
    const turn = before === undefined ? write() : before.then(write, write);
    this.#turns.set(owner, turn);
    return turn;
  }
}

/** The name under which a session carries its tag. */
const TAG = '~holdfast';

/**
 * Travels with a session through @fastify/session, which copies names and values into an object of its own and shows
 * the store neither that object nor the request. JSON leaves it out, so that it is not stored.
 */
class Tag {
  toJSON(): undefined {
    return undefined;
  }

  [inspect.custom](): string {
    return '[holdfast]';
  }
}

/** Gives a session a tag, which stands for it wherever its values are copied to. */
export function tag<S extends object>(session: S): S {
  return Object.assign(session, { [TAG]: new Tag() });
}

function ownerOf(holder: object): object {
  const carried: unknown = Object.hasOwn(holder, TAG) ? (holder as Record<string, unknown>)[TAG] : undefined;
  return carried instanceof Tag ? carried : holder;
}
