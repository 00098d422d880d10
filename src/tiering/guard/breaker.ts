import { reasonOf } from '../../errors.ts';
import { PROBE_BACKOFF } from '../../limits/primary-tier.ts';
import { backoffMs } from '../../platform/backoff.ts';
import type { CancelTimer, Platform } from '../../platform/platform.ts';

export interface BreakerOptions {
  readonly platform: Platform;
  /** The consecutive failures that open it. */
  readonly failuresToOpen: number;
  /** Resolves if the tier is of use again. Must settle. */
  readonly probe: () => Promise<void>;
  /** Returns how many probes in a row have to succeed after this failure. @defaultValue one */
  readonly probesToClose?: (reason: string) => number;
  /** Runs as it closes, before any caller is let through. */
  readonly onClose: () => void;
  /** Runs after it has opened or closed, or knows another reason. */
  readonly onChange: () => void;
}

/** The state of a breaker that is not closed. */
interface Trouble {
  /** The latest failure. */
  readonly reason: string;
  /** Probes that have failed in a row. */
  readonly failures: number;
  /** Probes that have succeeded in a row. */
  readonly successes: number;
}

type State =
  | { readonly kind: 'closed'; failures: number; lastReason: string }
  | { readonly kind: 'open'; readonly trouble: Trouble; readonly cancelTimer: CancelTimer }
  | { readonly kind: 'half-open'; readonly trouble: Trouble; lostAgain: string | null }
  | { readonly kind: 'stopped' };

/**
 * A circuit breaker whose half-open state admits one probe of its own and no caller, so no caller waits for a tier that is away. It
 * probes by itself at growing, jittered intervals, so a tier is used again soon after it returns, and not by all nodes at once.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  #state: State = closed();

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#state.kind === 'closed';
  }

  /** The latest failure of a call or a probe. Null while the breaker is closed and the last call succeeded. */
  get reason(): string | null {
    const state = this.#state;
    switch (state.kind) {
      case 'closed':
        return state.failures > 0 ? state.lastReason : null;
      case 'open':
      case 'half-open':
        return state.trouble.reason;
      case 'stopped':
        return 'stopped';
      default:
        return state satisfies never;
    }
  }

  succeeded(): void {
    if (this.#state.kind === 'closed') this.#state.failures = 0;
  }

  failed(reason: string): void {
    const state = this.#state;
    if (state.kind === 'half-open') state.lostAgain = reason;
    if (state.kind !== 'closed') return;
    state.failures += 1;
    state.lastReason = reason;
    if (state.failures >= this.#options.failuresToOpen) this.trip(reason);
  }

  /** Opens at once, whatever the count. */
  trip(reason: string): void {
    const state = this.#state;
    if (state.kind === 'half-open') state.lostAgain = reason;
    if (state.kind !== 'closed') return;
    this.#wait({ reason, failures: 0, successes: 0 });
  }

  /** Closes: another call than the probe found the tier to be of use. */
  recovered(): void {
    if (this.#state.kind === 'open') this.#state.cancelTimer();
    if (this.#state.kind === 'open' || this.#state.kind === 'half-open') this.#close();
  }

  /** Probes now, because something has changed (a connection is there). */
  nudge(): void {
    if (this.#state.kind !== 'open') return;
    this.#state.cancelTimer();
    this.#probe(this.#state.trouble);
  }

  stop(): void {
    if (this.#state.kind === 'open') this.#state.cancelTimer();
    this.#state = { kind: 'stopped' };
  }

  #wait(trouble: Trouble): void {
    const { platform } = this.#options;
    const delayMs = backoffMs(platform, PROBE_BACKOFF, trouble.failures);
    const cancelTimer = platform.after(delayMs, () => this.#probe(trouble), 'background');
    this.#state = { kind: 'open', trouble, cancelTimer };
    this.#options.onChange();
  }

  #probe(trouble: Trouble): void {
    const state: State = { kind: 'half-open', trouble, lostAgain: null };
    this.#state = state;
    // A probe that throws at once must not take the process with it: this runs from a timer.
    Promise.resolve()
      .then(this.#options.probe)
      .then(
        () => {
          if (this.#state !== state) return;
          // A failure reported while the probe was under way may be younger than the probe's own answer.
          if (state.lostAgain !== null) this.#probeFailed(trouble, state.lostAgain);
          else this.#probeSucceeded(trouble);
        },
        (error: unknown) => {
          if (this.#state === state) this.#probeFailed(trouble, reasonOf(error));
        },
      );
  }

  #probeFailed({ failures }: Trouble, reason: string): void {
    this.#wait({ reason, failures: failures + 1, successes: 0 });
  }

  #probeSucceeded({ reason, successes }: Trouble): void {
    const needed = this.#options.probesToClose?.(reason) ?? 1;
    if (successes + 1 >= needed) this.#close();
    else this.#wait({ reason, failures: 0, successes: successes + 1 });
  }

  #close(): void {
    this.#state = closed();
    this.#options.onClose();
    this.#options.onChange();
  }
}

function closed(): State {
  return { kind: 'closed', failures: 0, lastReason: '' };
}
