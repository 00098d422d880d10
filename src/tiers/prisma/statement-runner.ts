import { TierFailure } from '../../errors.ts';
import { REJECTED_RETRY_MS_MAX, REJECTED_RETRY_MS_MIN } from '../../limits.ts';
import { delay, type Platform } from '../../platform/platform.ts';
import type { Statement } from './dialect.ts';
import { leavesStatementActive, toTierFailure } from './failure.ts';
import type { Lane } from './lane.ts';
import type { PrismaClientLike } from './prisma-client.ts';
import type { Row } from './rows.ts';

export interface RunnerOptions {
  readonly platform: Platform;
  readonly timeoutMs: number;
  /** Where statements wait for their turn, if the client has one connection only. */
  readonly lane: Lane | null;
  /** What a new connection is told first. */
  readonly settings: readonly Statement[];
}

type Send<T> = () => PromiseLike<T>;

/**
 * Somebody else's statement was in the way, and the same one may pass a moment later. Nothing was changed, or, for
 * `rows-moved`, nothing that repeating it would change again.
 */
const PASSING_REASONS: ReadonlySet<string> = new Set(['busy', 'deadlock', 'rows-moved', 'serialization']);

/** The one place where statements are sent. Every call settles within the time-out, and throws a `TierFailure` or nothing. */
export class StatementRunner {
  readonly #client: PrismaClientLike;
  readonly #options: RunnerOptions;

  constructor(client: PrismaClientLike, options: RunnerOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** What `convert` makes of the rows. It is part of the attempt: a failure that passes makes another. */
  rows<T>({ text, values }: Statement, convert: (rows: readonly Row[]) => T): Promise<T> {
    return this.#run(async () => convert((await this.#client.$queryRawUnsafe(text, ...values)) as readonly Row[]));
  }

  /** How many rows it changed. */
  count({ text, values }: Statement): Promise<number> {
    return this.#run(() => this.#client.$executeRawUnsafe(text, ...values));
  }

  applySettings(): Promise<void> {
    return this.#run(() => this.#sendSettings());
  }

  /** Drivers wait for ever on a silent server (prisma/prisma#12419), and a statement that was given up may still run. */
  #run<T>(send: Send<T>): Promise<T> {
    const { platform, timeoutMs, lane } = this.#options;
    const deadline = platform.monotonic() + timeoutMs;
    let begun = false;
    const work = (): Promise<T> => {
      begun = true;
      return this.#attempt(send, deadline);
    };
    return new Promise((resolve, reject) => {
      const tooLate = (): TierFailure => new TierFailure(begun ? 'ambiguous' : 'not-sent', 'deadline');
      const cancel = platform.after(timeoutMs, () => reject(tooLate()));
      const settled = lane ? lane.run(work) : work();
      settled.then(resolve, reject).finally(cancel);
    });
  }

  async #attempt<T>(send: Send<T>, deadline: number): Promise<T> {
    const { platform } = this.#options;
    // The caller has been told that it was not sent.
    if (platform.monotonic() >= deadline) throw new TierFailure('not-sent', 'deadline');
    for (let longest = REJECTED_RETRY_MS_MIN; ; longest = Math.min(longest * 2, REJECTED_RETRY_MS_MAX)) {
      try {
        return await send();
      } catch (error) {
        const failure = toTierFailure(error);
        // Before anything else is sent: the lane is still ours.
        if (leavesStatementActive(error)) await this.#renewConnection();
        // At random below the longest, so that those who met once do not meet again.
        const pause = platform.random() * longest;
        const passing = PASSING_REASONS.has(failure.reason);
        if (!passing || platform.monotonic() + pause >= deadline) throw failure;
        await delay(platform, pause);
      }
    }
  }

  /**
   * libsql hands its connection to a transaction and opens another for whoever comes next. Nothing is done in this one;
   * it takes the connection with the unfinished statement away.
   */
  async #renewConnection(): Promise<void> {
    const nothingToDo = new Error('This transaction only discards a connection.');
    try {
      await this.#client
        .$transaction?.(() => Promise.reject(nothingToDo))
        .then(undefined, (error: unknown) => {
          if (error !== nothingToDo) throw error;
        });
      await this.#sendSettings();
    } catch {
      // Whatever is sent on it from now on may be acknowledged and lost.
      throw new TierFailure('ambiguous', 'connection-stuck');
    }
  }

  async #sendSettings(): Promise<void> {
    for (const { text, values } of this.#options.settings) await this.#client.$queryRawUnsafe(text, ...values);
  }
}
