import { TierFailure } from '../../../errors.ts';
import type { CoarseTimeouts } from '../../../platform/coarse-timeouts.ts';

/** Times out the calls of a tier. A process that was blocked has received no answers, which is not the database's fault. */
export type CallTimeouts = CoarseTimeouts<{ expire(): void }>;

/** A call that waits until there is an answer or its time is up. */
export class Call<Answer> {
  /** The milliseconds of the monotonic clock after which nothing is sent again. */
  readonly deadline: number;
  readonly answered: Promise<Answer>;
  /** Makes the failure of a call whose time is up: `not-sent`, until the sender replaces it. */
  whenLate: () => TierFailure = notSent;
  #isSettled = false;
  #resolve!: (answer: Answer) => void;
  #reject!: (failure: unknown) => void;
  readonly #timeouts: CallTimeouts;
  readonly #onLate: () => void;

  /**
   * `onLate` runs right before the call is rejected: a call that fails as `not-sent` must not be found and sent afterwards.
   */
  constructor(timeouts: CallTimeouts, deadline: number, onLate: () => void) {
    this.deadline = deadline;
    this.#timeouts = timeouts;
    this.#onLate = onLate;
    this.answered = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    timeouts.begin(this);
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  expire(): void {
    this.#onLate();
    this.reject(this.whenLate());
  }

  resolve(answer: Answer): void {
    this.#end();
    this.#resolve(answer);
  }

  reject(failure: unknown): void {
    this.#end();
    this.#reject(failure);
  }

  /** Resolves with the result of `answer`, or rejects with its error. */
  settle(answer: () => Answer): void {
    try {
      this.resolve(answer());
    } catch (failure) {
      this.reject(failure);
    }
  }

  /** Settles with `work`, and no later than this call: drivers wait for ever on a silent server (prisma/prisma#12419). */
  async within(work: Promise<unknown>): Promise<void> {
    await Promise.race([work, this.answered.catch(() => {})]);
  }

  #end(): void {
    this.#isSettled = true;
    this.#timeouts.end(this);
  }
}

function notSent(): TierFailure {
  return new TierFailure('not-sent', 'deadline');
}
