import type { KeyObject } from 'node:crypto';
import { ConfigurationError, OutcomeUnknownError, SessionNotFoundError } from '../errors.ts';
import { HANDLES_MAX, READY_TIMEOUT_MS_DEFAULT, READY_TIMEOUT_MS_MAX } from '../limits.ts';
import { requireOptions } from '../option-checks.ts';
import { parseDuration, type Duration } from '../platform/duration.ts';
import type { Platform } from '../platform/platform.ts';
import type { SealedRecord } from '../session/sealed-record.ts';
import { isSessionId, newSessionId, storageKeyOf } from '../session/session-id.ts';
import type { SessionRecord } from '../session/session-record.ts';
import type { TierHealth } from '../telemetry/standing.ts';
import type { ReadOptions } from '../tiering/read-path.ts';
import type { TieredStore } from '../tiering/tiered-store.ts';
import type { MaintenanceTarget, Opened } from '../maintenance/target.ts';
import type { KeysHealth } from './key-keeper.ts';
import { Opening } from './opening.ts';
import {
  resolveLifetime,
  resolveOptions,
  type Lifetime,
  type ResolvedOptions,
  type SessionClientOptions,
} from './options.ts';
import type { DeepReadonly } from './plain-data.ts';
import { SessionData } from './session-data.ts';
import {
  regenerate,
  replace,
  update,
  written,
  type Change,
  type WriterContext,
  type Written,
} from './session-writer.ts';
import { Session, type SessionSummary } from './session.ts';
import { UpdateQueue, type Deadline } from './update-queue.ts';
import { findByHandles, summarize } from './user-sessions.ts';

export interface CreateOptions {
  /** The application's own id of the user; 1 to 512 bytes. Stored sealed, and as a keyed hash to find the user's sessions. */
  readonly userId?: string;
  /** A line for the user's device list, such as `Firefox on Linux`; at most 512 bytes, stored sealed. */
  readonly label?: string;
  /** Overrides the client's `lifetime` for this session, up to its `maxLifetime`. */
  readonly lifetime?: Lifetime;
}

export interface ReadyOptions {
  /** How long to keep trying; 0 tries once. From 0 to 10 min. @defaultValue '10s' */
  readonly timeout?: Duration;
}

export interface GetOptions {
  /** Whether this read counts as activity. @defaultValue true */
  readonly touch?: boolean;
  /** `strong` asks the durable tier, whatever the primary tier holds. @defaultValue 'bounded' */
  readonly consistency?: 'bounded' | 'strong';
}

export interface RegenerateOptions<Input> {
  /** The user that has just logged in, which sets `authenticatedAt`. A new one restarts the absolute lifetime. */
  readonly userId?: string;
  /** Replaces the data. */
  readonly data?: DeepReadonly<Input> | Input;
}

/** What this process knows of its tiers and its keys. */
export interface Health {
  readonly primary: TierHealth;
  readonly durable: TierHealth;
  /** `down`: no ring is loaded. `degraded`: the last good ring is in use, but it is not, or may not be, the fleet's newest. */
  readonly keys: KeysHealth;
}

/**
 * Encrypted sessions in two tiers. Every method may reject with `TierUnavailableError` when nobody who could answer was
 * reachable: an outage is never reported as a missing session. Writes may reject with `OutcomeUnknownError`.
 */
export class SessionClient<T = unknown, Input = T> implements AsyncDisposable, MaintenanceTarget {
  readonly #options: ResolvedOptions<T>;
  readonly #opening: Opening<T>;
  readonly #data: SessionData<T>;
  readonly #queue: UpdateQueue;

  /** Throws `ConfigurationError`. Does no I/O: the first use connects, or `ready()`. */
  constructor(options: SessionClientOptions<T, Input>) {
    const resolved = resolveOptions<T>(options);
    this.#options = resolved;
    this.#opening = new Opening(resolved);
    this.#data = new SessionData(resolved.serializer, resolved.schema, this.#opening.memo);
    this.#queue = new UpdateQueue(resolved.platform, resolved.updateTimeoutMs);
  }

  /**
   * Connects now. Rejects at once with `ConfigurationError` (TLS, credentials, grants, table) or `KeyRingError`. Where waiting
   * may help, it keeps trying for `timeout`: then it rejects with `TierUnavailableError` when the durable tier is away, or with
   * what the key source failed with. A primary tier that is only away does not keep it from being ready.
   */
  async ready(options: ReadyOptions = {}): Promise<void> {
    requireOptions('ready options', options, ['timeout']);
    const { timeout = READY_TIMEOUT_MS_DEFAULT } = options;
    return this.#opening.ready(parseDuration('timeout', timeout, 0, READY_TIMEOUT_MS_MAX));
  }

  /** A new session with a new id. One INSERT; durable once this resolves. Throws `PayloadError`. */
  async create(data: DeepReadonly<Input> | Input, options: CreateOptions = {}): Promise<Session<T>> {
    requireOptions('create options', options, ['userId', 'label', 'lifetime']);
    const lifetime = resolveLifetime('lifetime', options.lifetime, this.#options.lifetime);
    const bytes = await this.#data.write(data);
    const view = await this.#data.reread(bytes);
    return this.#opening.use(async ({ store, seal }) => {
      const now = this.#options.platform.now();
      const record: SessionRecord = {
        revision: 1,
        createdAt: now,
        absoluteExpiresAt: now + lifetime.absoluteMs,
        idleLifetimeMs: lifetime.idleMs,
        authenticatedAt: options.userId === undefined ? undefined : now,
        lineage: [],
        userId: options.userId,
        label: options.label,
        schemaVersion: 0,
        data: bytes,
      };
      const { id, sealed } = await insertNew(store, (key) => seal(key, record, now), this.#options.platform);
      return this.#session({ id, session: written(sealed, record), view });
    });
  }

  /** The session, or null if there is none. Slides the idle deadline, at most once per touch interval. */
  async get(id: string, options: GetOptions = DEFAULT_GET): Promise<Session<T> | null> {
    const readOptions = options === DEFAULT_GET ? DEFAULT_READ : resolveGetOptions(options);
    if (!isSessionId(id)) return null;
    const living = await this.#opening.use(({ store }) => store.read(storageKeyOf(id), readOptions));
    if (living === null) return null;
    const data = this.#data.read(living);
    return new Session(id, living, data instanceof Promise ? await data : data);
  }

  /**
   * Changes the data. `change` gets a private draft, which it may mutate or replace by returning a value; it may be async and
   * may run more than once. No concurrent update is ever lost. Throws `SessionNotFoundError`, `PayloadError`, and
   * `RevisionConflictError` when others kept winning, or `change` did not end, until `updateTimeout`.
   */
  async update(id: string, change: Change<T, Input>): Promise<Session<T>> {
    if (typeof change !== 'function')
      throw new ConfigurationError('update: expected a function that changes the data.');
    return this.#write(id, (context, deadline) => update(context, change, deadline));
  }

  /** Replaces the data if the session is still at `revision`; else throws `RevisionConflictError`. */
  async replace(
    id: string,
    data: DeepReadonly<Input> | Input,
    options: { readonly revision: number },
  ): Promise<Session<T>> {
    requireOptions('replace options', options, ['revision']);
    const { revision } = options;
    if (!Number.isSafeInteger(revision) || revision < 1) {
      throw new ConfigurationError('revision: expected the revision of a session, a whole number from 1.');
    }
    return this.#write(id, (context) => replace(context, data, revision));
  }

  /** Slides the idle deadline as `get` does, and waits for it. Throws `SessionNotFoundError`. */
  async touch(id: string): Promise<void> {
    const storageKey = requireKey(id);
    return this.#opening.use(async ({ store }) => {
      const living = await store.read(storageKey, { consistency: 'bounded', touch: false });
      if (living === null || !(await store.touch(living))) throw new SessionNotFoundError();
    });
  }

  /** A new id for the session, after a login; the old one is dead before this resolves. Throws `SessionNotFoundError`. */
  async regenerate(id: string, options: RegenerateOptions<Input> = {}): Promise<Session<T>> {
    requireOptions('regenerate options', options, ['userId', 'data']);
    const moving = this.#write(id, (context, deadline) => regenerate(context, options, deadline));
    return moving.finally(() => this.#opening.memo?.forget(requireKey(id)));
  }

  /**
   * Ends the session for good. True if it was alive. Rejects with `RevocationNotDurableError` if only the primary tier could
   * be told.
   */
  async destroy(id: string): Promise<boolean> {
    if (!isSessionId(id)) return false;
    return this.#end(storageKeyOf(id));
  }

  /**
   * Whether the session of this id lives on under another one, which `regenerate` gave it within the last 30 s: what a request finds that
   * was sent before the login of another tab was answered. Asks the durable tier.
   */
  async movedSince(id: string): Promise<boolean> {
    return isSessionId(id) && (await this.#opening.use(({ store }) => store.hasMoved(storageKeyOf(id))));
  }

  /** Ends every session of the namespace. How many were alive. */
  destroyAll(): Promise<number> {
    return this.#forgetting(this.#opening.use(({ store }) => store.destroyAll()));
  }

  /** The user's living sessions, the latest seen first; never their ids. Asks the durable tier. */
  listByUser(userId: string): Promise<SessionSummary[]> {
    return this.#opening.use(({ codec, store }) =>
      summarize(codec, userId, store.listByUser(codec.userKeys(userId)), this.#options.platform.now()),
    );
  }

  /** Ends the user's sessions, except the one whose id is given. How many were alive. */
  async destroyByUser(userId: string, options: { readonly except?: string } = {}): Promise<number> {
    requireOptions('destroyByUser options', options, ['except']);
    const { except } = options;
    // Taken for "except nobody", it would end the one session that was to be kept.
    if (except !== undefined && !isSessionId(except)) throw new ConfigurationError('except: expected a session id.');
    const keptKey = except === undefined ? null : storageKeyOf(except);
    return this.#forgetting(
      this.#opening.use(({ codec, store }) => store.destroyByUser(codec.userKeys(userId), keptKey)),
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
    const storageKeys = await this.#opening.use(({ codec, store }) =>
      findByHandles(store.listByUser(codec.userKeys(userId)), sought),
    );
    const ending = this.#opening.use(({ store }) => store.destroyEach(storageKeys));
    const count = await ending.finally(() => storageKeys.forEach((key) => this.#opening.memo?.forget(key)));
    return isOne ? count > 0 : count;
  }

  /** What this process knows of its tiers and keys; asks nobody, never rejects. */
  async health(): Promise<Health> {
    const { store, keysHealth } = this.#opening;
    return { primary: store.primaryHealth, durable: store.durableHealth, keys: keysHealth };
  }

  /** Lets go of connections and timers, after what is under way has ended. The application's Prisma client stays open. */
  close(): Promise<void> {
    return this.#opening.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal The keys that authenticate cookies now, the one that signs first; resolves once the client is open. */
  '~cookieKeys'(): Promise<readonly KeyObject[]> {
    return this.#opening.use(async ({ codec }) => codec.cookieKeys);
  }

  /** @internal */
  '~use'<R>(call: (opened: Opened) => Promise<R>): Promise<R> {
    return this.#opening.use(call);
  }

  /** Nothing is remembered of a session that has ended here; of one that ended elsewhere, for `MEMO_LIFETIME_MS` at most. */
  #end(storageKey: Buffer): Promise<boolean> {
    const ending = this.#opening.use(({ store }) => store.destroy(storageKey));
    return ending.finally(() => this.#opening.memo?.forget(storageKey));
  }

  #forgetting<R>(ending: Promise<R>): Promise<R> {
    return ending.finally(() => this.#opening.memo?.clear());
  }

  async #write(
    id: string,
    write: (context: WriterContext<T>, deadline: Deadline) => Promise<Written<T>>,
  ): Promise<Session<T>> {
    const storageKey = requireKey(id);
    return this.#opening.use(async ({ platform, codec, store, seal }) => {
      const maxLifetimeMs = this.#options.lifetime.maxMs;
      const context = { id, storageKey, platform, data: this.#data, codec, store, seal, maxLifetimeMs };
      const result = await this.#queue.run(storageKey.toString('latin1'), (deadline) => write(context, deadline));
      return this.#session(result);
    });
  }

  /** JSON that has just been written is parsed when somebody looks at it. */
  #session({ id, session, view }: Written<T>): Session<T> {
    if (view === undefined) return new Session(id, session, undefined, this.#data);
    return new Session(id, session, this.#data.share(session, view));
  }
}

/** Under a fresh id; once more under another when the outcome is unknown, since nobody has been told the first. */
async function insertNew(
  store: TieredStore,
  seal: (storageKey: Buffer) => Promise<SealedRecord>,
  platform: Platform,
  isLast = false,
): Promise<{ id: string; sealed: SealedRecord }> {
  const id = newSessionId(platform);
  try {
    const sealed = await seal(storageKeyOf(id));
    if ((await store.create(sealed)) === 'inserted') return { id, sealed };
    // 256 random bits do not collide.
    throw new OutcomeUnknownError();
  } catch (error) {
    if (isLast || !(error instanceof OutcomeUnknownError)) throw error;
    return insertNew(store, seal, platform, true);
  }
}

const DEFAULT_GET: GetOptions = {};
const DEFAULT_READ: ReadOptions = { consistency: 'bounded', touch: true };

function resolveGetOptions(options: GetOptions): ReadOptions {
  requireOptions('get options', options, ['touch', 'consistency']);
  const { touch = true, consistency = 'bounded' } = options;
  if (typeof touch !== 'boolean') throw new ConfigurationError('touch: expected a boolean.');
  if (consistency !== 'bounded' && consistency !== 'strong') {
    throw new ConfigurationError("consistency: expected 'bounded' or 'strong'.");
  }
  return { touch, consistency };
}

/** A malformed id names no session. */
function requireKey(id: string): Buffer {
  if (!isSessionId(id)) throw new SessionNotFoundError();
  return storageKeyOf(id);
}
