import type { KeyObject } from 'node:crypto';
import { Engine, type Health } from '../engine/engine.ts';
import { ConfigurationError, SessionNotFoundError } from '../errors.ts';
import { HANDLES_MAX } from '../limits/durable-tier.ts';
import type { Platform } from '../platform/platform.ts';
import { newSessionId, sessionIdFor, storageKeyOf } from '../session/session-id.ts';
import type { LivingSession } from '../tiering/context.ts';
import {
  DEFAULT_GET,
  resolveCreateOptions,
  resolveExcept,
  resolveGetOptions,
  resolveReadyOptions,
  resolveRegenerateOptions,
  resolveReplaceOptions,
  resolveUpdateOptions,
  type CreateOptions,
  type DestroyByUserOptions,
  type GetOptions,
  type ReadyOptions,
  type RegenerateOptions,
  type ReplaceOptions,
  type UpdateOptions,
} from './options/call-options.ts';
import { resolveOptions, type ResolvedOptions, type SessionClientOptions } from './options/client-options.ts';
import type { DeepReadonly } from './data/plain-data.ts';
import { boundedSchema } from './data/schema.ts';
import { SessionData } from './data/session-data.ts';
import { findNamed, isIdFor, requireNamed, stillLiving, type SessionRef } from './session-ref.ts';
import { SessionWrites } from './write/session-writes.ts';
import { regenerate, replace, requireChange, update, type Change } from './write/session-writer.ts';
import { Session, type SessionSummary } from './session.ts';
import { storedSessions, type StoredSession } from './stored-sessions.ts';
import { findByHandles, summarize } from './user-sessions.ts';

/**
 * Encrypted sessions in two tiers. Every method may reject with `TierUnavailableError` when nobody who could answer was
 * reachable: an outage is never reported as a missing session. Writes may reject with `OutcomeUnknownError`.
 */
export class SessionClient<T = unknown, Input = T> implements AsyncDisposable {
  readonly #options: ResolvedOptions<T>;
  readonly #engine: Engine;
  readonly #data: SessionData<T>;
  readonly #writes: SessionWrites<T>;

  /** Throws `ConfigurationError`. Does no I/O: the first use connects, or `ready()`. */
  constructor(options: SessionClientOptions<T, Input>) {
    this.#options = resolveOptions<T>(options);
    const { lifetime, updateTimeoutMs, serializer, schema } = this.#options;
    const engine = new Engine(this.#options.engine);
    this.#engine = engine;
    this.#data = new SessionData(
      serializer,
      schema && boundedSchema(schema, engine.platform, updateTimeoutMs),
      engine.memo,
    );
    this.#writes = new SessionWrites({ engine, data: this.#data, updateTimeoutMs, maxLifetimeMs: lifetime.maxMs });
  }

  /**
   * Connects now. Rejects at once with `ConfigurationError` (TLS, credentials, grants, table) or `KeyRingError`. Where waiting
   * may help, it keeps trying for `timeout`: then it rejects with `TierUnavailableError` when the durable tier is away, or with
   * what the key source failed with. A primary tier that is only away does not keep it from being ready.
   */
  async ready(options: ReadyOptions = {}): Promise<void> {
    return this.#engine.ready(resolveReadyOptions(options));
  }

  /** The namespace of this client's sessions. */
  get namespace(): string {
    return this.#options.engine.namespace;
  }

  /** The lifetime of a session that is created without one, in milliseconds. */
  get lifetime(): { readonly idle: number; readonly absolute: number } {
    const { idleMs, absoluteMs } = this.#options.lifetime;
    return { idle: idleMs, absolute: absoluteMs };
  }

  /** The longest absolute lifetime that a call may give a session, in milliseconds. */
  get maxLifetime(): number {
    return this.#options.lifetime.maxMs;
  }

  /** An id for a session that `create` is to make, where it has to be named before it exists. */
  newId(): string {
    return newSessionId(this.#engine.platform);
  }

  /**
   * The id that always belongs to this text in this namespace, such as another framework's session id. Whoever knows the text
   * knows the id: it has to be a secret that cannot be guessed.
   */
  idFor(text: string): string {
    return sessionIdFor(this.#options.engine.namespace, text);
  }

  /**
   * A new session. One INSERT; durable once this resolves. Throws `PayloadError`; with `id` also `SessionExistsError` and
   * `SessionEndedError`, and `OutcomeUnknownError` where the session may exist.
   */
  async create(data: DeepReadonly<Input> | Input, options: CreateOptions = {}): Promise<Session<T>> {
    return this.#writes.create(data, resolveCreateOptions(options, this.#options.lifetime));
  }

  /** The session, or null if there is none. Slides the idle deadline, at most once per touch interval. */
  get(id: string, options: GetOptions = DEFAULT_GET): Promise<Session<T> | null> {
    // Not async: most calls are this one, and would each make one more promise.
    try {
      const readOptions = resolveGetOptions(options);
      if (!isIdFor('get', id)) return Promise.resolve(null);
      return this.#engine.use(({ store }) =>
        store.read(storageKeyOf(id), readOptions).then((living) => this.#read(id, living)),
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Changes the data. `change` gets a private draft, which it may mutate or replace by returning a value; it may be async and
   * may run more than once. No concurrent update is ever lost. Throws `SessionNotFoundError`, `PayloadError`, and
   * `RevisionConflictError` when others kept winning, or `change` did not end, until `updateTimeout`.
   */
  async update(session: SessionRef<T>, change: Change<T, Input>, options: UpdateOptions = {}): Promise<Session<T>> {
    requireChange(change);
    const changes = resolveUpdateOptions(options, this.#options.lifetime);
    const named = requireNamed('update', session);
    return this.#writes.change(named, (context, deadline) => update(context, change, changes, deadline));
  }

  /**
   * Replaces the data if the session is still at `revision`, by default that of the session in hand; else throws
   * `RevisionConflictError`.
   */
  async replace(
    session: SessionRef<T>,
    data: DeepReadonly<Input> | Input,
    options: ReplaceOptions = {},
  ): Promise<Session<T>> {
    const named = findNamed('replace', session);
    const changes = resolveReplaceOptions(options, named?.living?.record.revision, this.#options.lifetime);
    if (named === null) throw new SessionNotFoundError();
    return this.#writes.change(named, (context) => replace(context, data, changes));
  }

  /** Slides the idle deadline as `get` does, and waits for it. Throws `SessionNotFoundError`. */
  async touch(session: SessionRef<T>): Promise<void> {
    const named = requireNamed('touch', session);
    return this.#engine.use(async ({ store, platform }) => {
      const inHand = stillLiving(named, platform.now());
      const living = inHand ?? (await store.read(named.storageKey, { consistency: 'bounded', touch: false }));
      if (living === null || !(await store.touch(living))) throw new SessionNotFoundError();
    });
  }

  /** A new id for the session, after a login; the old one is dead before this resolves. Throws `SessionNotFoundError`. */
  async regenerate(session: SessionRef<T>, options: RegenerateOptions<Input> = {}): Promise<Session<T>> {
    const changes = resolveRegenerateOptions(options, this.#options.lifetime);
    const named = requireNamed('regenerate', session);
    const moving = this.#writes.change(named, (context, deadline) => regenerate(context, changes, deadline));
    return moving.finally(() => this.#engine.memo?.forget(named.storageKey));
  }

  /**
   * Ends the session for good. True if it was alive. An id that `regenerate` replaced within the last 30 s ends the session under its
   * new one: a logout may lose a race with a login. Rejects with `RevocationNotDurableError` if only the primary tier could be told.
   */
  async destroy(session: SessionRef<T>): Promise<boolean> {
    const named = findNamed('destroy', session);
    return named === null ? false : this.#end(named.storageKey, named.living !== undefined);
  }

  /**
   * Every living session of the namespace, in no order that means anything; never their ids. For operators: it reads all of the
   * table, page by page. A session that is created or gets a new id meanwhile may be missed. One that does not open, or
   * whose data the schema refuses, is left out and announced on `holdfast:envelope-rejected`.
   */
  all(): AsyncGenerator<StoredSession<T>, void, undefined> {
    return storedSessions(this.#engine, this.#data);
  }

  /**
   * Whether the session of this id lives on under another one, which `regenerate` gave it within the last 30 s: what a request finds that
   * was sent before the login of another tab was answered. Asks the durable tier.
   */
  async movedSince(id: string): Promise<boolean> {
    return isIdFor('movedSince', id) && (await this.#engine.use(({ store }) => store.hasMoved(storageKeyOf(id))));
  }

  /** Ends every session of the namespace. How many were alive. */
  destroyAll(): Promise<number> {
    return this.#forgetting(this.#engine.use(({ store }) => store.destroyAll()));
  }

  /** The user's living sessions, the latest seen first; never their ids. Asks the durable tier. */
  listByUser(userId: string): Promise<SessionSummary[]> {
    return this.#engine.use(({ codec, store }) =>
      summarize(codec, userId, store.listByUser(codec.userKeys(userId)), this.#engine.platform.now()),
    );
  }

  /** Ends the user's sessions, except the one that is given. How many were alive. */
  async destroyByUser(userId: string, options: DestroyByUserOptions<T> = {}): Promise<number> {
    const keptKey = resolveExcept(options);
    return this.#forgetting(
      this.#engine.use(({ codec, store }) => store.destroyByUser(codec.userKeys(userId), keptKey)),
    );
  }

  /**
   * Ends those of the user's sessions that have these handles; others are not touched. Of one handle: true if it was alive. Of
   * several, 1 000 at most: how many were.
   */
  destroyByHandle(userId: string, handle: string): Promise<boolean>;
  destroyByHandle(userId: string, handles: readonly string[]): Promise<number>;
  async destroyByHandle(userId: string, handles: string | readonly string[]): Promise<boolean | number> {
    const isOne = !Array.isArray(handles);
    const sought = [handles].flat().map(String);
    if (sought.length > HANDLES_MAX) throw new ConfigurationError(`handles: expected ${HANDLES_MAX} at most.`);
    const storageKeys = await this.#engine.use(({ codec, store }) =>
      findByHandles(store.listByUser(codec.userKeys(userId)), sought),
    );
    const ending = this.#engine.use(({ store }) => store.destroyEach(storageKeys));
    const count = await ending.finally(() => storageKeys.forEach((key) => this.#engine.memo?.forget(key)));
    return isOne ? count > 0 : count;
  }

  /** What this process knows of its tiers and keys; asks nobody, never rejects. */
  async health(): Promise<Health> {
    return this.#engine.health;
  }

  /** Lets go of connections and timers, after what is under way has ended. The application's Prisma client stays open. */
  close(): Promise<void> {
    return this.#engine.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal The keys that authenticate cookies now, the one that signs first; resolves once the client is open. */
  '~cookieKeys'(): Promise<readonly KeyObject[]> {
    return this.#engine.use(async ({ codec }) => codec.cookieKeys);
  }

  /** @internal A new session with what `change` makes of `initial`: its draft goes through the schema, as that of `update` does. */
  async '~begin'(initial: Input, change: Change<T, Input>, options: CreateOptions): Promise<Session<T>> {
    requireChange(change);
    return this.#writes.begin(initial, change, resolveCreateOptions(options, this.#options.lifetime));
  }

  /** @internal */
  get '~platform'(): Platform {
    return this.#engine.platform;
  }

  /** @internal Slides the idle deadline of a session in hand as `get` does, without asking anybody or waiting. */
  '~slide'(session: Session<T>): Promise<void> {
    const named = requireNamed('slide', session);
    return this.#engine.use(async ({ store, platform }) => {
      const living = stillLiving(named, platform.now());
      if (living !== undefined) store.slide(living);
    });
  }

  /** @internal The engine of a client; undefined for anything but a client of this copy of the package. */
  static engineOf(value: unknown): Engine | undefined {
    return typeof value === 'object' && value !== null && #engine in value ? value.#engine : undefined;
  }

  /** Nothing is remembered of a session that has ended here; of one that ended elsewhere, for `MEMO_LIFETIME_MS` at most. */
  #end(storageKey: Buffer, isKnown: boolean): Promise<boolean> {
    const ending = this.#engine.use(({ store }) => store.destroy(storageKey, isKnown));
    return ending.finally(() => this.#engine.memo?.forget(storageKey));
  }

  #read(id: string, living: LivingSession | null): Promise<Session<T>> | Session<T> | null {
    if (living === null) return null;
    const data = this.#data.read(living);
    if (data instanceof Promise) return data.then((valid) => new Session(id, living, valid));
    return new Session(id, living, data);
  }

  #forgetting<R>(ending: Promise<R>): Promise<R> {
    return ending.finally(() => this.#engine.memo?.clear());
  }
}
