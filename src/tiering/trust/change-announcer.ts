import type { TierRole } from '../../errors.ts';
import { TIER_CHANGE_EVENTS_MAX, TIER_CHANGE_WINDOW_MS } from '../../limits/process.ts';
import type { CancelTimer, Platform } from '../../platform/platform.ts';
import { tierChange } from '../../telemetry/channels.ts';
import { UP, type TierHealth } from '../../telemetry/health.ts';

/**
 * Publishes each change of one tier's state. While the state stays `degraded`, another reason counts as a change too: a `slow` tier is
 * used, a `too-slow` one is not. A window has room for `TIER_CHANGE_EVENTS_MAX` events. Once it is full, changes are only counted; when
 * it has room again, one event carries the latest state and their number.
 */
export class ChangeAnnouncer {
  readonly #platform: Platform;
  readonly #tier: TierRole;
  #latest: TierHealth | undefined;
  #announced = 'up';
  /** The number of changes since the last event. */
  #changes = 0;
  /** The moments of the latest events, on the monotonic clock. */
  #publishedAt: number[] = [];
  #cancelTimer: CancelTimer | undefined;
  #isStopped = false;

  constructor(platform: Platform, tier: TierRole) {
    this.#platform = platform;
    this.#tier = tier;
  }

  /** Takes the present state, whether it has changed or not. */
  observe(health: TierHealth): void {
    if (nameOf(health) !== nameOf(this.#latest ?? UP)) this.#changes += 1;
    this.#latest = health;
    this.#publishIfRoom();
  }

  /** Publishes nothing more: a client that is being closed loses its tiers, which is no news. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
  }

  #publishIfRoom(): void {
    if (this.#isStopped || this.#latest === undefined || nameOf(this.#latest) === this.#announced) return;
    const now = this.#platform.monotonic();
    this.#publishedAt = this.#publishedAt.filter((at) => now - at < TIER_CHANGE_WINDOW_MS);
    if (this.#publishedAt.length < TIER_CHANGE_EVENTS_MAX) this.#publish(this.#latest, now);
    else this.#waitForRoom(now);
  }

  #publish(health: TierHealth, now: number): void {
    this.#publishedAt.push(now);
    this.#announced = nameOf(health);
    const { state, reason = 'recovered', advice, since } = health;
    const changes = this.#changes;
    this.#changes = 0;
    if (!tierChange.hasSubscribers) return;
    tierChange.publish({
      tier: this.#tier,
      state,
      reason,
      ...(advice === undefined ? {} : { advice }),
      since,
      changes,
    });
  }

  #waitForRoom(now: number): void {
    const [oldest = now] = this.#publishedAt;
    this.#cancelTimer?.();
    // A fraction of a millisecond would be rounded to nothing, and there would still be no room.
    const waitMs = Math.max(oldest + TIER_CHANGE_WINDOW_MS - now, 1);
    this.#cancelTimer = this.#platform.after(waitMs, () => this.#publishIfRoom(), 'background');
  }
}

/** Names what has to differ for an event. A tier that is down stays down, whatever each attempt to reach it says. */
function nameOf({ state, reason }: Pick<TierHealth, 'reason' | 'state'>): string {
  return state === 'degraded' ? `${state} ${reason}` : state;
}
