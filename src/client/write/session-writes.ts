import type { Engine } from '../../engine/engine.ts';
import { SessionNotFoundError } from '../../errors.ts';
import type { SessionData } from '../data/session-data.ts';
import type { ResolvedCreation } from '../options/call-options.ts';
import { stillLiving, type Named } from '../session-ref.ts';
import { Session } from '../session.ts';
import { create } from './session-creation.ts';
import { changedData, written, type WriterContext, type Written } from './session-writer.ts';
import { UpdateQueue, type Deadline } from './update-queue.ts';

/** The parts that the writes of a client work with. */
export interface SessionWritesOptions<T> {
  readonly engine: Engine;
  readonly data: SessionData<T>;
  readonly updateTimeoutMs: number;
  /** The longest absolute lifetime that a session may be given. */
  readonly maxLifetimeMs: number;
}

/** A write of one session, which is to end by the deadline. */
export type Write<T> = (context: WriterContext<T>, deadline: Deadline) => Promise<Written<T>>;

/** Runs the writes of one client, in turn for each session, and makes sessions of what they wrote. */
export class SessionWrites<T> {
  readonly #options: SessionWritesOptions<T>;
  readonly #queue: UpdateQueue;

  constructor(options: SessionWritesOptions<T>) {
    this.#options = options;
    this.#queue = new UpdateQueue(options.engine.platform, options.updateTimeoutMs);
  }

  /** Stores a new session with these data. Throws `PayloadError` and what `create` throws. */
  async create(data: unknown, creation: ResolvedCreation): Promise<Session<T>> {
    return this.#insert(await this.#options.data.write(data), creation);
  }

  /** Stores a new session with what `change` makes of `initial`: its draft goes through the schema, as that of `update` does. */
  async begin(initial: unknown, change: (draft: T) => unknown, creation: ResolvedCreation): Promise<Session<T>> {
    const { engine, data, updateTimeoutMs } = this.#options;
    const { platform } = engine;
    const deadline = platform.monotonic() + updateTimeoutMs;
    return this.#insert(await changedData({ platform, data }, await data.write(initial), change, deadline), creation);
  }

  /** Moves the idle deadline, if that is due. Rejects with `SessionNotFoundError`. */
  async touch(named: Named): Promise<void> {
    return this.#options.engine.use(async ({ store, platform }) => {
      const inHand = stillLiving(named, platform.now());
      const living = inHand ?? (await store.read(named.storageKey, { consistency: 'bounded', touch: false }));
      if (living === null || !(await store.touch(living))) throw new SessionNotFoundError();
    });
  }

  /** Runs a write when its turn has come. The session in hand saves the first read, unless another write came before. */
  async change(named: Named, write: Write<T>): Promise<Session<T>> {
    const { engine, data, maxLifetimeMs } = this.#options;
    const { id, storageKey } = named;
    return engine.use(async ({ platform, store, codec, audit, sealer }) => {
      const context = { platform, store, codec, audit, sealer, id, storageKey, data, maxLifetimeMs };
      const result = await this.#queue.run(storageKey.toString('latin1'), (deadline, isFirst) =>
        write({ ...context, living: isFirst ? stillLiving(named, platform.now()) : undefined }, deadline),
      );
      return this.#session(result);
    });
  }

  /** Runs a write that gives the session another id, and forgets what is remembered under the old one. */
  async move(named: Named, write: Write<T>): Promise<Session<T>> {
    try {
      return await this.change(named, write);
    } finally {
      this.#options.engine.memo?.forget(named.storageKey);
    }
  }

  async #insert(bytes: Buffer, creation: ResolvedCreation): Promise<Session<T>> {
    const { engine, data } = this.#options;
    const view = await data.reread(bytes);
    return engine.use(async (parts) => {
      const { id, sealed, record } = await create(parts, creation, bytes);
      return this.#session({ id, session: written(sealed, record), view });
    });
  }

  /** Makes a session of what was written. JSON is parsed at the first look. */
  #session({ id, session, view }: Written<T>): Session<T> {
    const { data } = this.#options;
    if (view === undefined) return new Session(id, session, undefined, () => data.readNow(session));
    return new Session(id, session, data.share(session, view));
  }
}
