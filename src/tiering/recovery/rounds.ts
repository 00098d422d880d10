import type { CancelTimer, Platform } from '../../platform/platform.ts';
import type { Background } from '../background.ts';
import type { DurableGuard } from '../guard/durable-guard.ts';

/** The parts that a backlog works with. */
export interface BacklogContext {
  readonly platform: Platform;
  readonly durable: DurableGuard;
  readonly background: Background;
  readonly durableTimeoutMs: number;
}

/** The work of a backlog, and how often it is done. */
export interface RoundsPlan {
  readonly work: 'revocation' | 'touch';
  readonly everyMs: number;
  readonly isEmpty: () => boolean;
  /** Tries once what is due. Rejects with the first failure, after it has tried what it can. */
  readonly tryOnce: () => Promise<void>;
}

/**
 * Works through a backlog in the background: one round at a time, at intervals while there are entries, none while the
 * durable tier is down.
 */
export class Rounds {
  readonly #context: BacklogContext;
  readonly #plan: RoundsPlan;
  #running: Promise<void> | undefined;
  /** True if a round was asked for after the one under way began. */
  #isWanted = false;
  #cancelTimer: CancelTimer | undefined;
  #isStopped = false;
  /** The time, on the monotonic clock, from which on nothing is begun any more. */
  #until = Number.POSITIVE_INFINITY;

  constructor(context: BacklogContext, plan: RoundsPlan) {
    this.#context = context;
    this.#plan = plan;
  }

  /** True if nothing may be begun any more: a write that was begun now would outlive `close`. */
  get isOver(): boolean {
    return this.#context.platform.monotonic() >= this.#until;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Starts a round after the interval. Called after each addition. */
  schedule(): void {
    if (this.#isStopped || this.#cancelTimer !== undefined || this.#plan.isEmpty()) return;
    const due = (): void => {
      this.#cancelTimer = undefined;
      // While a round runs, the interval asks for no other: a database that is slow would be asked without a pause.
      if (this.#running === undefined) this.start();
      this.schedule();
    };
    this.#cancelTimer = this.#context.platform.after(this.#plan.everyMs, due, 'background');
  }

  /** Starts a round in the background, unless the durable tier is down: then everything waits for its return. */
  start(): void {
    const { durable, background } = this.#context;
    if (this.#isStopped || durable.state === 'down') return;
    // The round under way is in the background already: its failure is published once.
    if (this.#running === undefined) background.run(this.#plan.work, this.run());
    else this.#isWanted = true;
  }

  /** Resolves after a round that began no earlier than this call. Rejects with the first failure. */
  run(): Promise<void> {
    this.#isWanted = true;
    this.#running ??= this.#runWhileWanted().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Ends the intervals. `run` still works for `forMs`. */
  stop(forMs: number): void {
    this.#isStopped = true;
    this.#until = this.#context.platform.monotonic() + forMs;
    this.#cancelTimer?.();
  }

  async #runWhileWanted(): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    while (this.#isWanted) {
      this.#isWanted = false;
      await this.#plan.tryOnce().catch((error: unknown) => (failure ??= { error }));
    }
    if (failure !== undefined) throw failure.error;
  }
}
