import type { TierRole } from '../errors.ts';
import { PROBE_BACKOFF_MS_MAX, PROBE_BACKOFF_MS_MIN } from '../limits.ts';
import type { CancelTimer, Platform } from '../platform/platform.ts';
import { tierChange } from '../telemetry/channels.ts';

export interface BreakerOptions {
  readonly platform: Platform;
  readonly role: TierRole;
  /** Consecutive failures that open it. */
  readonly failuresToOpen: number;
  /** Resolves if the tier is of use again. Must settle. */
  readonly probe: () => Promise<void>;
  /** Runs as it closes, before anybody else is let through. */
  readonly onClose: () => void;
}

type State =
  | { readonly kind: 'closed'; failures: number }
  | { readonly kind: 'open'; readonly attempt: number; readonly cancelTimer: CancelTimer }
  | { readonly kind: 'half-open'; readonly attempt: number; readonly lost: { again: boolean } }
  | { readonly kind: 'stopped' };

/**
 * A circuit breaker whose half-open state admits one probe of its own and no caller: nobody pays for finding out. It
 * probes by itself at growing, jittered intervals, so a tier is used again soon after it returns, and not by all nodes at once.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  #state: State = { kind: 'closed', failures: 0 };

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#state.kind === 'closed';
  }

  /** Whether the last call of a closed breaker failed. */
  get isShaken(): boolean {
    return this.#state.kind === 'closed' && this.#state.failures > 0;
  }

  succeeded(): void {
    if (this.#state.kind === 'closed') this.#state.failures = 0;
  }

  failed(reason: string): void {
    const state = this.#state;
    if (state.kind === 'half-open') state.lost.again = true;
    if (state.kind !== 'closed') return;
    state.failures += 1;
    if (state.failures >= this.#options.failuresToOpen) this.trip(reason);
  }

  /** Opens at once, whatever the count. */
  trip(reason: string): void {
    const state = this.#state;
    if (state.kind === 'half-open') state.lost.again = true;
    if (state.kind !== 'closed') return;
    this.#wait(0);
    this.#announce('down', reason);
  }

  /** Something has changed (a connection is there): do not wait for the next probe. */
  nudge(): void {
    if (this.#state.kind !== 'open') return;
    this.#state.cancelTimer();
    this.#probe(this.#state.attempt);
  }

  stop(): void {
    if (this.#state.kind === 'open') this.#state.cancelTimer();
    this.#state = { kind: 'stopped' };
  }

  #wait(attempt: number): void {
    const { platform } = this.#options;
    const ceiling = Math.min(PROBE_BACKOFF_MS_MAX, PROBE_BACKOFF_MS_MIN * 2 ** attempt);
    const delayMs = ceiling * (0.5 + platform.random() / 2);
    const cancelTimer = platform.after(delayMs, () => this.#probe(attempt), 'background');
    this.#state = { kind: 'open', attempt, cancelTimer };
  }

  #probe(attempt: number): void {
    const lost = { again: false };
    const state: State = { kind: 'half-open', attempt, lost };
    this.#state = state;
    // A probe that throws at once must not take the process with it: this runs from a timer.
    Promise.resolve()
      .then(this.#options.probe)
      .then(
        () => {
          if (this.#state !== state) return;
          // A failure reported while the probe was under way may be younger than the probe's own answer.
          if (lost.again) this.#wait(attempt + 1);
          else this.#close();
        },
        () => {
          if (this.#state === state) this.#wait(attempt + 1);
        },
      );
  }

  #close(): void {
    this.#state = { kind: 'closed', failures: 0 };
    this.#options.onClose();
    this.#announce('up', 'probe-succeeded');
  }

  #announce(state: 'down' | 'up', reason: string): void {
    if (tierChange.hasSubscribers) tierChange.publish({ tier: this.#options.role, state, reason });
  }
}
