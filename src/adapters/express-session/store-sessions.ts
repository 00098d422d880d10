import type { SessionClient } from '../../client/session-client.ts';
import type { Session } from '../../client/session.ts';
import { ConfigurationError, isHoldfastError, PayloadError, type HoldfastErrorCode } from '../../errors.ts';
import { nullIfOver } from '../../http/error-answer.ts';
import { storeOutcome, type StoreOutcome } from '../../telemetry/channels.ts';
import type { Known } from './known-sessions.ts';
import { isSameCookie, isSameData, merge } from './merge.ts';
import { expiryOf, isStoreRecord, sessionOf, type PlainSession, type StoreRecord } from './store-record.ts';
import { importOptions, type StoreInCharge } from './store-import.ts';
import { isWorthStoring, StoreLifetimes } from './store-lifetimes.ts';
import { resolveStoreOptions, type HoldfastStoreOptions, type ResolvedStoreOptions } from './store-options.ts';

/** A session as its framework gets it, and the store's record of it. */
export interface Loaded {
  readonly session: PlainSession;
  readonly known: Known;
}

/** The store's operations, the same for all three frameworks, which name their sessions themselves and always store them whole. */
export class StoreSessions {
  readonly #client: SessionClient<StoreRecord>;
  readonly #options: ResolvedStoreOptions;
  readonly #lifetimes: StoreLifetimes;
  /** The creations under way, by the framework's id. */
  readonly #creations = new Map<string, Promise<unknown>>();

  /**
   * Does no I/O.
   * @throws {ConfigurationError} an option is wrong.
   */
  constructor(client: SessionClient, options: HoldfastStoreOptions<never>) {
    this.#options = resolveStoreOptions(client, options);
    this.#client = client as SessionClient<StoreRecord>;
    this.#lifetimes = new StoreLifetimes(client);
  }

  /** The old store, while it is in charge of all sessions. */
  get oldInCharge(): StoreInCharge | undefined {
    return this.#options.imports?.inCharge(this.#client['~http'].platform);
  }

  /** Returns null if there is none. Does not count as activity: frameworks touch a session when the response ends. */
  async load(sid: string): Promise<Loaded | null> {
    const id = this.#idFor(sid);
    if (id === undefined) return null;
    const session = (await this.#getOwn(id)) ?? (await this.#import(sid, id));
    if (session === null || !isStoreRecord(session.data)) return null;
    const base: StoreRecord = session.data;
    const plain = sessionOf(base, session.lastSeenAt.getTime(), this.#client['~http'].platform.now());
    return plain && { session: plain, known: { session, base, isNew: false } };
  }

  /** Stores what the request changed. Returns undefined if the session has ended: it is never brought back. */
  async save(next: StoreRecord, known: Known | undefined): Promise<Known | undefined> {
    const now = this.#client['~http'].platform.now();
    const expiresAt = expiryOf(next, now);
    if (expiresAt !== null && expiresAt <= now) {
      await this.end(next.sid, known);
      return undefined;
    }
    if (known === undefined) return this.#creating(next.sid, this.#create(next, now));
    if (isSameData(known.base, next)) return this.touch(next, known);
    return this.#unlessOver('set', known, () => this.#write(next, known, now));
  }

  /** Slides the idle deadline, and stores the cookie's attributes where they were changed. Never creates a session. */
  async touch(next: StoreRecord, known: Known | undefined): Promise<Known | undefined> {
    const current = known ?? (await this.load(next.sid))?.known;
    if (current === undefined) return undefined;
    const now = this.#client['~http'].platform.now();
    const { session, base } = current;
    const touched = next.cookie === null ? base : { ...next, data: base.data };
    if (!isSameCookie(base, touched) || isWorthStoring(base, session.lastSeenAt.getTime(), now)) {
      return this.#unlessOver('touch', current, () => this.#write(touched, current, now));
    }
    await this.#client['~http'].slide(session);
    return current;
  }

  /** Ends the session, here and where it would be imported from. Idempotent. */
  async end(sid: string, known: Known | undefined): Promise<void> {
    const id = this.#idFor(sid);
    if (id === undefined) return;
    const { imports } = this.#options;
    // A session that is not stored yet cannot be ended, and would be there afterwards.
    await this.#creations.get(sid);
    try {
      const wasAlive = await this.#client.destroy(known?.session ?? id);
      // Another request may be importing it: an id that was never used here is not known to have ended.
      if (!wasAlive && (await this.#import(sid, id)) !== null) await this.#client.destroy(id);
    } finally {
      await imports?.end(sid, this.#client['~http'].platform);
    }
  }

  /** Returns every living session, by the framework's id. */
  async *all(): AsyncGenerator<readonly [sid: string, session: PlainSession], void, undefined> {
    const platform = this.#client['~http'].platform;
    for await (const { data, lastSeenAt } of this.#client.all()) {
      const session = isStoreRecord(data) ? sessionOf(data, lastSeenAt.getTime(), platform.now()) : null;
      if (session !== null) yield [data.sid, session];
    }
  }

  async endAll(): Promise<void> {
    const { imports } = this.#options;
    if (imports?.canClear === false) {
      throw new ConfigurationError('clear: the store of importFrom has no clear, and its sessions would come back.');
    }
    await this.#client.destroyAll();
    await imports?.clear();
  }

  #creating<V>(sid: string, creation: Promise<V>): Promise<V> {
    const underWay = Promise.allSettled([this.#creations.get(sid), creation]).then(() => {
      if (this.#creations.get(sid) === underWay) this.#creations.delete(sid);
    });
    this.#creations.set(sid, underWay);
    return creation;
  }

  async #create(next: StoreRecord, now: number): Promise<Known | undefined> {
    const id = this.#client.idFor(next.sid);
    const { imports } = this.#options;
    // It may have been read while the old store was in charge.
    if (imports?.areCopied(this.#client['~http'].platform) && (await this.#import(next.sid, id)) !== null) {
      return this.#overwrite(next, id, now);
    }
    const userId = this.#options.userIdOf(next.data);
    const lifetime = this.#lifetimes.forNew(next, now);
    try {
      const session = await this.#client.create(next, {
        id,
        ...(userId !== undefined && { userId }),
        ...(lifetime !== undefined && { lifetime }),
      });
      return { session, base: next, isNew: true };
    } catch (error) {
      if (hasCode(error, 'HOLDFAST_SESSION_EXISTS')) return this.#overwrite(next, id, now);
      return dropIfOver('set', null, error);
    }
  }

  /**
   * Stores a session that the request never read, under an id that exists: for a script, or a `genid` that returns an
   * id twice.
   */
  async #overwrite(next: StoreRecord, id: string, now: number): Promise<Known | undefined> {
    const session = await this.#get(id);
    if (session === null) return undefined;
    return this.#unlessOver('set', { session, base: session.data, isNew: false }, (known) =>
      this.#write(next, known, now),
    );
  }

  async #write(next: StoreRecord, { session, base, isNew }: Known, now: number): Promise<Known> {
    const userId = this.#changedUser(base, next, isNew);
    const lifetime = this.#lifetimes.forChange(base, next, now);
    const written = await this.#client.update(session, (stored) => merge(stored, base, next), {
      ...(userId !== undefined && { userId }),
      ...(lifetime !== undefined && { lifetime }),
    });
    return { session: written, base: next, isNew };
  }

  /**
   * Returns undefined if this request does not change the user, null if it signs the user out.
   * @throws {ConfigurationError} the session gets a user and keeps its id.
   */
  #changedUser(base: StoreRecord, next: StoreRecord, isNew: boolean): string | null | undefined {
    const { userIdOf, mayKeepId } = this.#options;
    const userId = userIdOf(next.data);
    if (userId === userIdOf(base.data)) return undefined;
    if (userId === undefined) return null;
    if (isNew || mayKeepId) return userId;
    throw new ConfigurationError(
      'HoldfastStore: a session got a user, but kept its id. Call req.session.regenerate() before the user is stored, as ' +
        'Passport does from 0.6 on, or an attacker who knew the id before is signed in too.',
    );
  }

  async #unlessOver(
    call: StoreOutcome['call'],
    known: Known,
    write: (known: Known) => Promise<Known>,
  ): Promise<Known | undefined> {
    try {
      return await write(known);
    } catch (error) {
      return dropIfOver(call, known.session, error);
    }
  }

  #get(id: string, consistency: 'bounded' | 'strong' = 'bounded'): Promise<Session<StoreRecord> | null> {
    return this.#client.get(id, { touch: false, consistency }).catch(nullIfOver);
  }

  /** Returns null also for an imported session that a node whose clock is behind has ended in its old store. */
  async #getOwn(id: string): Promise<Session<StoreRecord> | null> {
    const session = await this.#get(id);
    const { imports } = this.#options;
    if (session === null || imports === undefined || !isStoreRecord(session.data)) return session;
    if (await imports.goesOn(session.data, this.#client['~http'].platform)) return session;
    await this.#client.destroy(session, { by: 'old-store' });
    return null;
  }

  /** Moves the session of an old store here, and returns it. */
  async #import(sid: string, id: string): Promise<Session<StoreRecord> | null> {
    const { imports } = this.#options;
    if (imports === undefined) return null;
    const platform = this.#client['~http'].platform;
    const record = await imports.read(sid, platform);
    // Another request may have moved it between the two looks.
    if (record === null) return this.#get(id, 'strong');
    const session = await this.#createImported(record, id, platform.now());
    await imports.moved(sid, platform);
    return session;
  }

  /**
   * Creates an imported session. Only one of several requests succeeds. An id is used once: a session that has ended
   * here does not come back.
   */
  async #createImported(record: StoreRecord, id: string, now: number): Promise<Session<StoreRecord> | null> {
    const options = importOptions(record, id, now, { lifetimes: this.#lifetimes, userIdOf: this.#options.userIdOf });
    try {
      return await this.#client.create(record, options);
    } catch (error) {
      if (hasCode(error, 'HOLDFAST_SESSION_EXISTS')) return this.#get(id, 'strong');
      if (hasCode(error, 'HOLDFAST_SESSION_ENDED')) return null;
      throw error;
    }
  }

  /** Returns undefined for a text that cannot be the id of a session. */
  #idFor(sid: string): string | undefined {
    try {
      return this.#client.idFor(sid);
    } catch (error) {
      if (error instanceof PayloadError) return undefined;
      throw error;
    }
  }
}

/** Publishes on `holdfast:store` an outcome that no response shows. */
export function announce(call: StoreOutcome['call'], session: Session<StoreRecord> | null, error: unknown): void {
  if (!storeOutcome.hasSubscribers) return;
  storeOutcome.publish({
    call,
    code: isHoldfastError(error) ? error.code : 'unexpected',
    handle: session?.handle ?? null,
  });
}

/**
 * Drops the error for a session that has ended. Express has sent its answer by then, so an error would only break the
 * connection.
 */
function dropIfOver(call: StoreOutcome['call'], session: Session<StoreRecord> | null, error: unknown): undefined {
  if (!hasCode(error, 'HOLDFAST_SESSION_NOT_FOUND') && !hasCode(error, 'HOLDFAST_SESSION_ENDED')) throw error;
  announce(call, session, error);
}

function hasCode(error: unknown, code: HoldfastErrorCode): boolean {
  return isHoldfastError(error) && error.code === code;
}
