import type { TierRole } from '../errors.ts';
import { AUDIT_REFUSALS_PER_SECOND, AUDIT_REFUSALS_WINDOW_MS } from '../limits/process.ts';
import type { CancelTimer, Platform } from '../platform/platform.ts';
import { handleOf } from '../session/session-id.ts';
import type { Refused, RefusedReason } from '../telemetry/audit.ts';

type Refusal = Pick<Refused, 'count' | 'handle' | 'reason' | 'tier'>;

/** The refusals of one reason and tier since its window began. */
interface Window {
  published: number;
  /** The number of those that were not published. */
  counted: number;
}

/**
 * Publishes the first refusals of a second as they are, and the rest of that second as one with their number: anybody can send cookies
 * that were made up, and a log must not grow with them.
 */
export class Refusals {
  readonly #platform: Platform;
  readonly #publish: (refusal: Refusal) => void;
  /** The windows by reason and tier, a dozen at most. */
  readonly #windows = new Map<string, Window>();
  #cancelTimer: CancelTimer | undefined;

  constructor(platform: Platform, publish: (refusal: Refusal) => void) {
    this.#platform = platform;
    this.#publish = publish;
  }

  /** A refusal without a session to name is published once a second: a second one would say no more. */
  note(reason: RefusedReason, tier: TierRole | null, storageKey: Buffer | null): void {
    const window = this.#windowOf(`${reason} ${tier ?? ''}`);
    if (window.published >= (storageKey === null ? 1 : AUDIT_REFUSALS_PER_SECOND)) {
      window.counted += 1;
      return;
    }
    window.published += 1;
    this.#publish({ reason, tier, handle: storageKey && handleOf(storageKey), count: 1 });
  }

  /** Publishes what was counted, and begins new windows. */
  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const counted = [...this.#windows];
    this.#windows.clear();
    for (const [name, { counted: count }] of counted) {
      if (count === 0) continue;
      const [reason, tier] = name.split(' ') as [RefusedReason, TierRole | ''];
      this.#publish({ reason, tier: tier === '' ? null : tier, handle: null, count });
    }
  }

  #windowOf(name: string): Window {
    const known = this.#windows.get(name);
    if (known !== undefined) return known;
    const window: Window = { published: 0, counted: 0 };
    this.#windows.set(name, window);
    this.#cancelTimer ??= this.#platform.after(AUDIT_REFUSALS_WINDOW_MS, () => this.close(), 'background');
    return window;
  }
}
