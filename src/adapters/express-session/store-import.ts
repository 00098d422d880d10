import { IMPORT_CLOCK_MARGIN_MS } from '../../limits.ts';
import { OldEntries } from '../../http/import-entries.ts';
import { sessionsOf, type OldStore as ReadableStore } from '../../http/import-store.ts';
import type { Platform } from '../../platform/platform.ts';
import { expiryOf, isPlain, recordOf, type StoreRecord } from './store-record.ts';

/** A store of express-session that the sessions from before are in, such as those of connect-redis and connect-pg-simple. */
export interface OldStore extends ReadableStore {
  /** Needed with `importSince`. */
  set?(sid: string, session: never, callback: (error?: unknown) => void): unknown;
  /** Used until `importSince`. */
  touch?(sid: string, session: never, callback: (error?: unknown) => void): unknown;
  /** Needed for `clear`. */
  clear?(callback: (error?: unknown) => void): unknown;
}

/** The old store as it is used while old instances run beside the new ones. */
export interface StoreInCharge extends ReadableStore {
  set(sid: string, session: object, callback?: (error?: unknown) => void): unknown;
  touch?(sid: string, session: object, callback?: (error?: unknown) => void): unknown;
}

/**
 * The sessions of an old store. Until `since` it stays in charge: old instances know nothing of another. For a minute after that, while
 * clocks that are behind may keep some nodes with it, sessions are copied; from then on they move.
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

  /** The old store, while it decides; undefined from then on. */
  inCharge(platform: Platform): StoreInCharge | undefined {
    return platform.now() < this.#since ? (this.#store as StoreInCharge) : undefined;
  }

  /**
   * The session that the old store has under this id; null if it has none, or something else. It is trusted about expiry: many a store
   * renews its own time to live and not the date in what it stored. Rejects with `ImportUnavailableError`.
   */
  async read(sid: string, platform: Platform): Promise<StoreRecord | null> {
    const session = await this.#entries.load(platform, sid);
    if (session === null || !isPlain(session['cookie'])) return null;
    const record = recordOf(sid, session);
    const now = platform.now();
    const expiresAt = expiryOf(record, now);
    return expiresAt !== null && expiresAt <= now ? null : { ...record, isImported: true };
  }

  /** Whether sessions are copied, and their entries stay. */
  areCopied(platform: Platform): boolean {
    return platform.now() < this.#since + IMPORT_CLOCK_MARGIN_MS;
  }

  /** Whether the session of this record goes on: while entries stay, one that is gone was ended by a node that is behind. */
  async goesOn({ sid, isImported }: StoreRecord, platform: Platform): Promise<boolean> {
    if (isImported !== true) return true;
    if (!this.areCopied(platform)) {
      this.#entries.sweep(platform, sid);
      return true;
    }
    return (await this.#entries.load(platform, sid)) !== null;
  }

  /** Takes the session out of the old store, now that it is here. What fails is announced, and tried again by later requests. */
  async moved(sid: string, platform: Platform): Promise<void> {
    if (!this.areCopied(platform)) await this.#entries.tryToDelete(platform, sid);
  }

  /** The session is over. Rejects with `ImportUnavailableError`: it would come back. */
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
