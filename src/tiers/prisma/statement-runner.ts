import { TierFailure } from '../../errors.ts';
import { REJECTED_RETRY_MS_MAX, REJECTED_RETRY_MS_MIN } from '../../limits.ts';
import { delay, type Platform } from '../../platform/platform.ts';
import type { Statement } from './dialect.ts';
import { toTierFailure } from './failure.ts';
import type { PrismaClientLike } from './prisma-client.ts';
import type { Row } from './rows.ts';

export interface RunnerOptions {
  readonly platform: Platform;
  readonly timeoutMs: number;
}

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

  /** Drivers wait for ever on a silent server (prisma/prisma#12419), and a statement that was given up may still run. */
  #run<T>(send: () => PromiseLike<T>): Promise<T> {
    const { platform, timeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const cancel = platform.after(timeoutMs, () => reject(new TierFailure('ambiguous', 'deadline')));
      this.#attempt(send, platform.monotonic() + timeoutMs).then(resolve, reject).finally(cancel);
    });
  }

  async #attempt<T>(send: () => PromiseLike<T>, deadline: number): Promise<T> {
    const { platform } = this.#options;
    for (let longest = REJECTED_RETRY_MS_MIN; ; longest = Math.min(longest * 2, REJECTED_RETRY_MS_MAX)) {
      try {
        return await send();
      } catch (error) {
        const failure = toTierFailure(error);
        // At random below the longest, so that those who met once do not meet again.
        const pause = platform.random() * longest;
        const passing = PASSING_REASONS.has(failure.reason);
        if (!passing || platform.monotonic() + pause >= deadline) throw failure;
        await delay(platform, pause);
      }
    }
  }
}
