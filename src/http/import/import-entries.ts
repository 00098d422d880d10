import { isHoldfastError } from '../../errors.ts';
import { IMPORT_RETRY_MS, IMPORT_SIDS_REMEMBERED } from '../../limits/http.ts';
import type { Platform } from '../../platform/platform.ts';
import { backgroundFailure } from '../../telemetry/channels.ts';
import { destroyOld, loadOld, type OldSession, type OldSessions } from './import-store.ts';

/** Loads and deletes entries of the old store, and remembers what this process has deleted. */
export class OldEntries {
  readonly #sessions: OldSessions;
  /** The entries that this process has deleted, or is about to, the latest last: they need not be deleted again. */
  readonly #deleted = new Set<string>();
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(sessions: OldSessions) {
    this.#sessions = sessions;
  }

  load(platform: Platform, sid: string): Promise<OldSession | null> {
    return loadOld(platform, this.#sessions, sid);
  }

  /**
   * Deletes an entry.
   * @throws {ImportUnavailableError} the old store did not.
   */
  async delete(platform: Platform, sid: string): Promise<void> {
    this.#remember(sid);
    try {
      await destroyOld(platform, this.#sessions, sid);
    } catch (error) {
      this.#deleted.delete(sid);
      this.#failedAt = platform.monotonic();
      throw error;
    }
  }

  /**
   * Deletes an entry, and never rejects: a failure is published on `holdfast:background-failure`, and a later request
   * with this cookie repeats it.
   */
  async tryToDelete(platform: Platform, sid: string): Promise<void> {
    try {
      await this.delete(platform, sid);
    } catch (error) {
      if (!backgroundFailure.hasSubscribers) return;
      backgroundFailure.publish({ work: 'import', code: isHoldfastError(error) ? error.code : 'unexpected' });
    }
  }

  /**
   * Deletes, in the background, an entry whose session has moved: the process that moved it may have failed to. Does nothing
   * for `IMPORT_RETRY_MS` after a failure, so that many requests do not all ask an old store that is down.
   */
  sweep(platform: Platform, sid: string): void {
    if (this.#deleted.has(sid) || platform.monotonic() - this.#failedAt < IMPORT_RETRY_MS) return;
    void this.tryToDelete(platform, sid);
  }

  #remember(sid: string): void {
    this.#deleted.delete(sid);
    this.#deleted.add(sid);
    if (this.#deleted.size <= IMPORT_SIDS_REMEMBERED) return;
    for (const oldest of this.#deleted) {
      this.#deleted.delete(oldest);
      return;
    }
  }
}
