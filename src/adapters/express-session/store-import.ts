import { IMPORT_CLOCK_MARGIN_MS } from '../../limits/http.ts';
import { OldEntries } from '../../http/import/import-entries.ts';
import { sessionsOf, type OldSession, type OldStore as ReadableStore } from '../../http/import/import-store.ts';
import type { CreateOptions } from '../../client/options/call-options.ts';
import type { Platform } from '../../platform/platform.ts';
import type { StoreLifetimes } from './store-lifetimes.ts';
import { expiryOf, isPlain, recordOf, type StoreRecord } from './store-record.ts';

/**
 * A store of express-session that holds the sessions from before, such as those of connect-redis and connect-pg-simple.
 */
export interface OldStore extends ReadableStore {
  /** Stores a session; needed with `importSince`. */
  set?(sid: string, session: never, callback: (error?: unknown) => void): unknown;
  /** Touches a session; called until `importSince`. */
  touch?(sid: string, session: never, callback: (error?: unknown) => void): unknown;
  /** Removes every session; needed for `clear`. */
  clear?(callback: (error?: unknown) => void): unknown;
}

/** The old store as it is used while old instances run beside the new ones. */
export interface StoreInCharge extends ReadableStore {
  set(sid: string, session: object, callback?: (error?: unknown) => void): unknown;
  touch?(sid: string, session: object, callback?: (error?: unknown) => void): unknown;
}

/**
 * Migrates the sessions of an old store. Until `since` all nodes use the old store, because old instances know no other. For a minute
 * after that sessions are copied, because a node whose clock is behind still uses the old store. From then on sessions move.
 */
export class StoreImport {
  readonly #store: OldStore;
  readonly #since: number;
  readonly #entries: OldEntries;

  constructor(store: OldStore, since: number) {
    this.#store = store;
    this.#since = since;
    this.#entries = new OldEntries(sessionsOf(store));
  }

  /** Returns the old store until `since`; undefined from then on. */
  inCharge(platform: Platform): StoreInCharge | undefined {
    return platform.now() < this.#since ? (this.#store as StoreInCharge) : undefined;
  }

  /**
   * Returns the session that the old store has under this id; null if it has none, or another value. The old store
   * decides what has expired: many stores renew their own time to live, but not the date in what they stored.
   * @throws {ImportUnavailableError} the old store did not answer.
   */
  async read(sid: string, platform: Platform): Promise<StoreRecord | null> {
    const session = await this.#entries.load(platform, sid);
    return session && importedRecord(sid, session, platform.now());
  }

  /** True while sessions are copied, so that their entries stay in the old store. */
  areCopied(platform: Platform): boolean {
    return platform.now() < this.#since + IMPORT_CLOCK_MARGIN_MS;
  }

  /**
   * Returns true if the session is still alive: if a copied session has no entry any more, a node whose clock is behind
   * has ended it there.
   */
  async goesOn({ sid, isImported }: StoreRecord, platform: Platform): Promise<boolean> {
    if (isImported !== true) return true;
    if (!this.areCopied(platform)) {
      this.#entries.sweep(platform, sid);
      return true;
    }
    return (await this.#entries.load(platform, sid)) !== null;
  }

  /**
   * Deletes a moved session from the old store. A failure is published on `holdfast:background-failure`; later requests
   * repeat it.
   */
  async moved(sid: string, platform: Platform): Promise<void> {
    if (!this.areCopied(platform)) await this.#entries.tryToDelete(platform, sid);
  }

  /**
   * Deletes an ended session from the old store.
   * @throws {ImportUnavailableError} it failed, so the session would come back.
   */
  async end(sid: string, platform: Platform): Promise<void> {
    await this.#entries.delete(platform, sid);
  }

  get canClear(): boolean {
    return typeof this.#store.clear === 'function';
  }

  clear(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#store.clear?.((error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }
}

/** Returns the record of a session of an old store; null for another value, and for a session that has expired. */
export function importedRecord(sid: string, session: OldSession, now: number): StoreRecord | null {
  if (!isPlain(session['cookie'])) return null;
  const record = recordOf(sid, session);
  const expiresAt = expiryOf(record, now);
  return expiresAt !== null && expiresAt <= now ? null : { ...record, isImported: true };
}

/** Returns the options with which an imported session is created. */
export function importOptions(
  record: StoreRecord,
  id: string,
  now: number,
  {
    lifetimes,
    userIdOf,
  }: { readonly lifetimes: StoreLifetimes; readonly userIdOf: (session: object) => string | undefined },
): CreateOptions {
  const userId = userIdOf(record.data);
  const lifetime = lifetimes.forNew(record, now);
  return {
    id,
    // The import is no login; the time of the login is unknown.
    ...(userId !== undefined && { userId, authenticatedAt: null }),
    ...(lifetime !== undefined && { lifetime }),
  };
}
