import type { SessionClient } from '../../client/session-client.ts';
import { ImportUnavailableError, isHoldfastError } from '../../errors.ts';
import { IMPORT_FAILURES_IN_ROW_MAX, IMPORT_PROGRESS_EVERY } from '../../limits/cli.ts';
import { destroyOld, loadOld } from '../../http/import/import-store.ts';
import type { Platform } from '../../platform/platform.ts';
import { retry } from '../../platform/retry.ts';
import type { ImportSource } from './import-source.ts';
import { translationOf, type Creation, type Translate } from './import-target.ts';

/** The sessions of an import so far. */
export interface ImportCounts {
  /** The sessions that were looked at. */
  scanned: number;
  /** The sessions that were created; with `dryRun`, those that would be. */
  imported: number;
  /** The sessions that were here already: from an earlier run, or because their browser came first. */
  present: number;
  /** The sessions that have ended here since they were imported; they do not come back. */
  ended: number;
  /** The sessions that the old store has no more, that have expired, or that `toSession` does not want. */
  skipped: number;
  /** The sessions that could not be read, translated or stored. */
  failed: number;
}

export interface ImportProgress extends Readonly<ImportCounts> {
  /** The number of sessions in the old store when the import began; as many as were looked at where it cannot say. */
  readonly total: number;
  readonly perSecond: number;
  readonly etaMs: number;
  /** The number of failures by the code of the error. */
  readonly failures: Readonly<Record<string, number>>;
}

export interface ImportOptions {
  readonly platform: Platform;
  readonly concurrency: number;
  /** True to only count. */
  readonly dryRun: boolean;
  /** Deletes each session from the old store once it is here. */
  readonly move: boolean;
  readonly onProgress: (progress: ImportProgress) => void;
  readonly signal: AbortSignal;
}

/**
 * Imports the sessions of an old store. The id of each follows from its old id, so that a session is imported once however often this
 * runs: to go on after an interruption, it runs again.
 */
export class SessionsImport {
  readonly #client: SessionClient;
  readonly #source: ImportSource;
  readonly #options: ImportOptions;
  readonly #translate: Translate;
  readonly #counts: ImportCounts = { scanned: 0, imported: 0, present: 0, ended: 0, skipped: 0, failed: 0 };
  readonly #failures = new Map<string, number>();
  readonly #startedAt: number;
  #total: number | null = null;
  #isOver = false;
  #failuresInRow = 0;

  constructor(client: SessionClient, source: ImportSource, options: ImportOptions) {
    this.#client = client;
    this.#source = source;
    this.#options = options;
    this.#translate = translationOf(client, source, options.platform);
    this.#startedAt = options.platform.monotonic();
  }

  /** Ends early once the signal is aborted, after the sessions that are under way. */
  async run(): Promise<void> {
    const { sids, total } = await this.#source.list();
    this.#total = total;
    const queue = (async function* () {
      yield* sids;
    })();
    const work = async (): Promise<void> => {
      try {
        while (!this.#isOver && !this.#options.signal.aborted) {
          const { done, value } = await queue.next();
          if (done === true) return;
          await this.#one(value);
          if (this.#counts.scanned % IMPORT_PROGRESS_EVERY === 0) this.#options.onProgress(this.progress);
        }
      } catch (error) {
        this.#isOver = true;
        throw error;
      }
    };
    const ends = await Promise.allSettled(Array.from({ length: this.#options.concurrency }, work));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  get progress(): ImportProgress {
    const { scanned } = this.#counts;
    const elapsedMs = this.#options.platform.monotonic() - this.#startedAt;
    const total = Math.max(this.#total ?? scanned, scanned);
    return {
      ...this.#counts,
      total,
      perSecond: elapsedMs > 0 ? Math.round((scanned * 1_000) / elapsedMs) : 0,
      etaMs: scanned > 0 ? Math.round((elapsedMs * (total - scanned)) / scanned) : 0,
      failures: Object.fromEntries(this.#failures),
    };
  }

  async #one(sid: string): Promise<void> {
    const outcome = await this.#outcomeOf(sid);
    this.#counts.scanned += 1;
    this.#counts[outcome] += 1;
  }

  async #outcomeOf(sid: string): Promise<keyof ImportCounts> {
    try {
      const outcome = await this.#import(sid);
      this.#failuresInRow = 0;
      return outcome;
    } catch (error) {
      const code = codeOfOne(error);
      if (code === undefined || this.#options.signal.aborted) throw error;
      // What a session holds is its own, however many follow each other. Of the rest too many mean that something else is wrong.
      if (code !== 'HOLDFAST_PAYLOAD' && (this.#failuresInRow += 1) > IMPORT_FAILURES_IN_ROW_MAX) throw error;
      this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1);
      return 'failed';
    }
  }

  async #import(sid: string): Promise<keyof ImportCounts> {
    const { platform, dryRun, move, signal } = this.#options;
    const old = await loadOld(platform, this.#source, sid);
    const creation = old && (await this.#translate(sid, old));
    if (creation === null) return 'skipped';
    if (dryRun) return 'imported';
    const outcome = await retry(platform, signal, () => this.#create(creation));
    if (move) await destroyOld(platform, this.#source, sid);
    return outcome;
  }

  async #create({ data, options }: Creation): Promise<'ended' | 'imported' | 'present'> {
    try {
      await this.#client.create(data, options);
      return 'imported';
    } catch (error) {
      if (isHoldfastError(error) && error.code === 'HOLDFAST_SESSION_EXISTS') return 'present';
      if (isHoldfastError(error) && error.code === 'HOLDFAST_SESSION_ENDED') return 'ended';
      throw error;
    }
  }
}

/** Returns the code of an error that may be of one session alone, such as an entry that is no JSON; undefined for an outage. */
function codeOfOne(error: unknown): string | undefined {
  if (!isHoldfastError(error)) return 'unexpected';
  if (error instanceof ImportUnavailableError) return error.reason === 'unexpected' ? error.code : undefined;
  return ['HOLDFAST_CONFIGURATION', 'HOLDFAST_PAYLOAD'].includes(error.code) ? error.code : undefined;
}
