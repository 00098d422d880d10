import { inspect } from 'node:util';
import { handleOf } from '../session/session-id.ts';
import type { LivingSession } from '../tiering/context.ts';
import type { DeepReadonly } from './data/plain-data.ts';

/** The properties of a session that may be shown to a log, to a debugger, and to its user. */
export interface SessionSummary {
  /** A public name, 22 base64url characters; changes when the id is regenerated. */
  readonly handle: string;
  readonly label: string | undefined;
  readonly createdAt: Date;
  /** The time of the user's last login: at `create` or `regenerate` with a `userId`. */
  readonly authenticatedAt: Date | undefined;
  readonly lastSeenAt: Date;
  /** The time when the session ends unless it is used. */
  readonly idleExpiresAt: Date;
  /** The time when the session ends no matter what. */
  readonly absoluteExpiresAt: Date;
}

/**
 * A session as it was when it was read or written. Its `data` is shared and frozen: `update` changes what is stored.
 * `util.inspect` and `JSON.stringify` show the handle, never the id, the user or the data.
 */
export class Session<T> implements SessionSummary {
  readonly #id: string;
  readonly #living: LivingSession;
  #data: DeepReadonly<T> | undefined;
  /** Parses the data when somebody asks for it; undefined once it is parsed. */
  #unread: (() => DeepReadonly<T>) | undefined;

  /** @internal Takes the data, or `unread`, which parses them at the first look. */
  constructor(id: string, living: LivingSession, data: DeepReadonly<T> | undefined, unread?: () => DeepReadonly<T>) {
    this.#id = id;
    this.#living = living;
    this.#data = data;
    this.#unread = unread;
  }

  /** The secret to give to the browser, 43 base64url characters. */
  get id(): string {
    return this.#id;
  }

  /**
   * The application's data. Deeply frozen, and the same object for all who read this session until it changes. With another
   * serializer than JSON, or a schema whose output is not plain data, it is this reader's own and not frozen.
   */
  get data(): DeepReadonly<T> {
    if (this.#unread !== undefined) {
      this.#data = this.#unread();
      this.#unread = undefined;
    }
    return this.#data as DeepReadonly<T>;
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

  /** The tier that answered: `durable` after a write and a strong read. */
  get servedBy(): 'durable' | 'primary' {
    return this.#living.servedBy;
  }

  toJSON(): { handle: string; revision: number; servedBy: 'durable' | 'primary' } {
    return { handle: this.handle, revision: this.revision, servedBy: this.servedBy };
  }

  /** Returns the id and the state of a session; undefined for anything but a session of this copy of the package. */
  static inHand(value: unknown): { readonly id: string; readonly living: LivingSession } | undefined {
    if (typeof value !== 'object' || value === null || !(#living in value)) return undefined;
    return { id: value.#id, living: value.#living };
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

/** Returns the Date of milliseconds since the epoch. */
export function toDate(time: number | undefined): Date | undefined {
  return time === undefined ? undefined : new Date(time);
}
