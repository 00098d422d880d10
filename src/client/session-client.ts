import { Engine, type Health } from '../engine/engine.ts';
import { SessionNotFoundError } from '../errors.ts';
import { newSessionId, sessionIdFor } from '../session/session-id.ts';
import {
  DEFAULT_GET,
  resolveBy,
  resolveCreateOptions,
  resolveDestroyByUser,
  resolveReadyOptions,
  resolveRegenerateOptions,
  resolveReplaceOptions,
  resolveUpdateOptions,
  type CreateOptions,
  type DestroyByUserOptions,
  type DestroyOptions,
  type GetOptions,
  type ReadyOptions,
  type RegenerateOptions,
  type ReplaceOptions,
  type UpdateOptions,
} from './options/call-options.ts';
import { Calls } from './calls.ts';
import type { ResolvedLifetime } from './options/lifetime-options.ts';
import { resolveOptions, type SessionClientOptions } from './options/client-options.ts';
import type { DeepReadonly } from './data/plain-data.ts';
import { boundedSchema } from './data/schema.ts';
import { SessionData } from './data/session-data.ts';
import { HttpSupport } from './http-support.ts';
import { SessionReads } from './session-reads.ts';
import { findNamed, requireNamed, type SessionRef } from './session-ref.ts';
import { SessionEnds } from './write/session-ends.ts';
import { SessionWrites } from './write/session-writes.ts';
import { regenerate, replace, requireChange, update, type Change } from './write/session-writer.ts';
import type { Session, SessionSummary } from './session.ts';
import type { StoredSession } from './stored-sessions.ts';

/**
 * Keeps encrypted sessions in two tiers. Every method that does I/O rejects with `TierUnavailableError` when no tier that
 * could answer was reached: an outage is never reported as a missing session. A write rejects with `OutcomeUnknownError`
 * when it may have happened. Both have a `retryable` flag.
 * @example
 * const sessions = new SessionClient<{ cart: string[] }>({
 *   keys: keyRingFile('keys.json', { passphrase }),
 *   primary: redisTier({ url: 'rediss://redis.internal:6379', username: 'shop', password }),
 *   durable: prismaTier(prisma, { provider: 'postgresql' }),
 * });
 */
export class SessionClient<T = unknown, Input = T> implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #lifetime: ResolvedLifetime;
  readonly #calls: Calls;
  readonly #reads: SessionReads<T>;
  readonly #writes: SessionWrites<T>;
  readonly #ends: SessionEnds;
  /** @internal Serves the layers for HTTP. */
  readonly '~http': HttpSupport<T, Input>;
  /** The namespace of this client's sessions. */
  readonly namespace: string;
  /** The lifetime of a session that is created without one, in milliseconds. */
  readonly lifetime: { readonly idle: number; readonly absolute: number };
  /** The longest absolute lifetime that a call may give a session, in milliseconds. */
  readonly maxLifetime: number;

  /**
   * Checks the options. Does no I/O: the first call connects, or `ready`.
   * @throws {ConfigurationError} names the option that is wrong, and what is accepted.
   */
  constructor(options: SessionClientOptions<T, Input>) {
    const { engine: engineOptions, lifetime, updateTimeoutMs, serializer, schema } = resolveOptions<T>(options);
    const engine = new Engine(engineOptions);
    const { platform, memo } = engine;
    this.#engine = engine;
    this.#lifetime = lifetime;
    const data = new SessionData(serializer, schema && boundedSchema(schema, platform, updateTimeoutMs), memo);
    this.#writes = new SessionWrites({ engine, data, updateTimeoutMs, maxLifetimeMs: lifetime.maxMs });
    this.#reads = new SessionReads(engine, data);
    this.#ends = new SessionEnds(engine);
    this.#calls = new Calls(platform, engineOptions.namespace);
    this['~http'] = new HttpSupport({ engine, writes: this.#writes, lifetime, calls: this.#calls });
    this.namespace = engineOptions.namespace;
    this.lifetime = Object.freeze({ idle: lifetime.idleMs, absolute: lifetime.absoluteMs });
    this.maxLifetime = lifetime.maxMs;
  }

  /**
   * Connects now. Where waiting may help, it keeps trying for `timeout`. A primary tier that is only away does not keep a
   * client from being ready.
   * @throws {ConfigurationError} at once: TLS, credentials, grants or the table have to be corrected.
   * @throws {KeyRingError} at once: the key ring is refused.
   * @throws {TierUnavailableError} the durable tier was away for all of `timeout`.
   * @example
   * await sessions.ready({ timeout: '30s' });
   */
  async ready(options: ReadyOptions = {}): Promise<void> {
    return this.#engine.ready(resolveReadyOptions(options));
  }

  /**
   * Returns a fresh id, 43 base64url characters, for a session that has to be named before `create` makes it.
   * @example
   * await sessions.create({ cart: [] }, { id: sessions.newId() });
   */
  newId(): string {
    return newSessionId(this.#engine.platform);
  }

  /**
   * Returns the id that always belongs to this text in this namespace, such as another framework's session id. The text has to be a
   * secret that cannot be guessed: everyone who knows it knows the id.
   * @example
   * const session = await sessions.get(sessions.idFor(foreignId));
   */
  idFor(text: string): string {
    return sessionIdFor(this.namespace, text);
  }

  /**
   * Creates a session with one INSERT. It is durable once this resolves.
   * @throws {PayloadError} the data, the user id or the label cannot be stored.
   * @throws {SessionExistsError} the given `id` is taken.
   * @throws {SessionEndedError} the given `id` belongs to a session that has ended.
   * @example
   * const session = await sessions.create({ cart: [] }, { userId: 'ada', label: 'Firefox on Linux' });
   * console.log(session.id); // the secret to give to the browser
   */
  async create(data: DeepReadonly<Input> | Input, options: CreateOptions = {}): Promise<Session<T>> {
    const creation = resolveCreateOptions(options, this.#lifetime);
    return this.#calls.run('create', () => this.#writes.create(data, creation));
  }

  /**
   * Returns the session, or null if there is none. Moves its idle deadline, at most once per touch interval.
   * @throws {EnvelopeError} what is stored does not open.
   * @example
   * const session = await sessions.get(id);
   * if (session !== null) console.log(session.data.cart, session.userId);
   */
  get(id: string, options: GetOptions = DEFAULT_GET): Promise<Session<T> | null> {
    return this.#calls.run('get', () => this.#reads.get(id, options));
  }

  /**
   * Changes the data. `change` gets a private draft, which it may mutate or replace by returning a value; it may be async
   * and may run more than once. No concurrent update is ever lost.
   * @throws {SessionNotFoundError} there is no such session.
   * @throws {PayloadError} the new data cannot be stored.
   * @throws {RevisionConflictError} other writes kept winning, or `change` did not end, until `updateTimeout`.
   * @example
   * await sessions.update(id, ({ cart }) => {
   *   cart.push('tea');
   * });
   */
  async update(session: SessionRef<T>, change: Change<T, Input>, options: UpdateOptions = {}): Promise<Session<T>> {
    requireChange(change);
    const changes = resolveUpdateOptions(options, this.#lifetime);
    const named = requireNamed('update', session);
    return this.#calls.run('update', () =>
      this.#writes.change(named, (context, deadline) => update(context, change, changes, deadline)),
    );
  }

  /**
   * Replaces the data if the session is still at `revision`, by default the revision of the session in hand.
   * @throws {RevisionConflictError} the session is at another revision.
   * @throws {SessionNotFoundError} there is no such session.
   * @throws {PayloadError} the data cannot be stored.
   * @example
   * const session = await sessions.get(id);
   * if (session !== null) await sessions.replace(session, { cart: [] });
   */
  async replace(
    session: SessionRef<T>,
    data: DeepReadonly<Input> | Input,
    options: ReplaceOptions = {},
  ): Promise<Session<T>> {
    const named = findNamed('replace', session);
    const changes = resolveReplaceOptions(options, named?.living?.record.revision, this.#lifetime);
    if (named === null) throw new SessionNotFoundError();
    return this.#calls.run('replace', () => this.#writes.change(named, (context) => replace(context, data, changes)));
  }

  /**
   * Moves the idle deadline as `get` does, and waits for it.
   * @throws {SessionNotFoundError} there is no such session.
   * @example
   * await sessions.touch(id);
   */
  async touch(session: SessionRef<T>): Promise<void> {
    const named = requireNamed('touch', session);
    return this.#calls.run('touch', () => this.#writes.touch(named));
  }

  /**
   * Gives the session a new id; the old one is dead before this resolves. Do it at every login: it ends session fixation
   * (OWASP ASVS 5, 7.2.4).
   * @throws {SessionNotFoundError} there is no such session.
   * @throws {PayloadError} the data, the user id or the label cannot be stored.
   * @example
   * const session = await sessions.regenerate(id, { userId: 'ada', lifetime: { absolute: '8h' } });
   */
  async regenerate(session: SessionRef<T>, options: RegenerateOptions<Input> = {}): Promise<Session<T>> {
    const changes = resolveRegenerateOptions(options, this.#lifetime);
    const named = requireNamed('regenerate', session);
    return this.#calls.run('regenerate', () =>
      this.#writes.move(named, (context, deadline) => regenerate(context, changes, deadline)),
    );
  }

  /**
   * Ends the session for good. True if it was alive. An id that `regenerate` replaced within the last 30 s ends the session
   * under its new one: a logout may lose a race with a login.
   * @throws {RevocationNotDurableError} only the primary tier was reached.
   * @example
   * const wasAlive = await sessions.destroy(id);
   */
  async destroy(session: SessionRef<T>, options: DestroyOptions = {}): Promise<boolean> {
    const by = resolveBy('destroy', options);
    const named = findNamed('destroy', session);
    return named === null ? false : this.#calls.run('destroy', () => this.#ends.one(named, by));
  }

  /**
   * Yields every living session of the namespace without its id, in an order without meaning. For operators: it reads all
   * of the table, page by page. A session that is created or gets a new id meanwhile may be missed. One that does not open,
   * or whose data the schema refuses, is left out and announced on `holdfast:envelope-rejected`.
   * @example
   * for await (const { handle, userId, lastSeenAt } of sessions.all()) console.log(handle, userId, lastSeenAt);
   */
  all(): AsyncGenerator<StoredSession<T>, void, undefined> {
    return this.#reads.all();
  }

  /**
   * True if the session of this id lives on under another one, which `regenerate` gave it within the last 30 s. A request gets that
   * answer that was sent before the login of another tab was answered. Reads the durable tier.
   * @example
   * if ((await sessions.get(id)) === null && (await sessions.movedSince(id))) console.log('retry with the new cookie');
   */
  async movedSince(id: string): Promise<boolean> {
    return this.#calls.run('movedSince', () => this.#reads.hasMoved(id));
  }

  /**
   * Ends every session of the namespace. Returns how many were alive.
   * @example
   * const count = await sessions.destroyAll();
   */
  async destroyAll(options: DestroyOptions = {}): Promise<number> {
    const by = resolveBy('destroyAll', options);
    return this.#calls.run('destroyAll', () => this.#ends.all(by));
  }

  /**
   * Returns the user's living sessions without their ids, the latest seen first. Reads the durable tier.
   * @example
   * const devices = await sessions.listByUser('ada');
   * console.log(devices.map(({ handle, label, lastSeenAt }) => ({ handle, label, lastSeenAt })));
   */
  listByUser(userId: string): Promise<SessionSummary[]> {
    return this.#calls.run('listByUser', () => this.#reads.listByUser(userId));
  }

  /**
   * Ends the user's sessions, except the one that is given. Returns how many were alive.
   * @example
   * const count = await sessions.destroyByUser('ada', { except: id }); // after a change of the password
   */
  async destroyByUser(userId: string, options: DestroyByUserOptions<T> = {}): Promise<number> {
    const { kept, by } = resolveDestroyByUser(options);
    return this.#calls.run('destroyByUser', () => this.#ends.ofUser(userId, kept, by));
  }

  /**
   * Ends those of the user's sessions that have these handles, and no others. Given one handle: true if it was alive. Given
   * several, 1 000 at most: how many were.
   * @example
   * for (const { handle } of await sessions.listByUser('ada')) await sessions.destroyByHandle('ada', handle);
   */
  destroyByHandle(userId: string, handle: string, options?: DestroyOptions): Promise<boolean>;
  destroyByHandle(userId: string, handles: readonly string[], options?: DestroyOptions): Promise<number>;
  async destroyByHandle(
    userId: string,
    handles: string | readonly string[],
    options: DestroyOptions = {},
  ): Promise<boolean | number> {
    const by = resolveBy('destroyByHandle', options);
    const names = [handles].flat().map(String);
    const count = await this.#calls.run('destroyByHandle', () => this.#ends.withHandles(userId, names, by));
    return Array.isArray(handles) ? count : count > 0;
  }

  /**
   * Returns what this process knows of its tiers and keys. Does no I/O and never rejects.
   * @example
   * const { durable, keys } = await sessions.health(); // { state: 'degraded', reason: 'feed-late', since: 2026-… }
   */
  async health(): Promise<Health> {
    return this.#engine.health;
  }

  /**
   * Closes connections and stops timers, after the calls under way have ended. The application's Prisma client stays open.
   * Takes three times `durableTimeout`, or a little more, where `destroyByUser` was called just before: a login that was in
   * flight on another node may still have to be ended.
   * @example
   * process.once('SIGTERM', () => void sessions.close());
   */
  close(): Promise<void> {
    return this.#engine.close();
  }

  /** Closes the client at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal Returns the engine of a client; undefined for anything but a client of this copy of the package. */
  static engineOf(value: unknown): Engine | undefined {
    return typeof value === 'object' && value !== null && #engine in value ? value.#engine : undefined;
  }
}
