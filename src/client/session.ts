import { inspect } from 'node:util';
import { handleOf } from '../session/session-id.ts';
import type { LivingSession } from '../tiering/context.ts';
import { UnreadData } from './session-data.ts';

/** What may be shown of a session: to a log, to a debugger, to its user. */
export interface SessionSummary {
  /** A public name, 22 base64url characters; changes when the id is regenerated. */
  readonly handle: string;
  readonly label: string | undefined;
  readonly createdAt: Date;
  /** When the user last logged in: at `create` or `regenerate` with a `userId`. */
  readonly authenticatedAt: Date | undefined;
  readonly lastSeenAt: Date;
  /** When the session ends unless it is used. */
  readonly idleExpiresAt: Date;
  /** When the session ends no matter what. */
  readonly absoluteExpiresAt: Date;
}

/**
 * A session as it was when it was read or written. Changing `data` changes nothing stored: `update` does.
 * `util.inspect` and `JSON.stringify` show the handle, never the id, the user or the data.
 */
export class Session<T> implements SessionSummary {
  readonly #id: string;
  readonly #living: LivingSession;
  #data: T | UnreadData<T>;

  /** @internal */
  constructor(id: string, living: LivingSession, data: T | UnreadData<T>) {
    this.#id = id;
    this.#living = living;
    this.#data = data;
  }

  /** The secret to give to the browser, 43 base64url characters. */
  get id(): string {
    return this.#id;
  }

  /** The application's data: this caller's own copy. */
  get data(): T {
    if (this.#data instanceof UnreadData) this.#data = this.#data.read();
    return this.#data;
  }

  get userId(): string | undefined {
    return this.#living.record.userId;
  }

  /** Counts the writes of this session, from 1; orders them. */
  get revision(): number {
    return this.#living.record.revision;
  }

  get handle(): string {
    return handleOf(this.#living.storageKey);
  }

  get label(): string | undefined {
    return this.#living.record.label;
  }

  get createdAt(): Date {
    return new Date(this.#living.record.createdAt);
  }

  get authenticatedAt(): Date | undefined {
    return toDate(this.#living.record.authenticatedAt);
  }

  get lastSeenAt(): Date {
    return new Date(this.#living.lastSeenAt);
  }

  get idleExpiresAt(): Date {
    return new Date(this.#living.idleExpiresAt);
  }

  get absoluteExpiresAt(): Date {
    return new Date(this.#living.record.absoluteExpiresAt);
  }

  /** Who answered. A write and a strong read say `durable`. */
  get servedBy(): 'durable' | 'primary' {
    return this.#living.servedBy;
  }

  toJSON(): { handle: string; revision: number; servedBy: 'durable' | 'primary' } {
    return { handle: this.handle, revision: this.revision, servedBy: this.servedBy };
  }

  // Not a method: a computed name is more than `isolatedDeclarations` can describe.
  static {
    Object.defineProperty(this.prototype, inspect.custom, {
      value(this: Session<unknown>): string {
        return `Session ${inspect(this.toJSON())}`;
      },
    });
  }
}

export function toDate(time: number | undefined): Date | undefined {
  return time === undefined ? undefined : new Date(time);
}
