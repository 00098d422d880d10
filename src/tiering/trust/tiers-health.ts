import type { Platform } from '../../platform/platform.ts';
import { HealthState, type TierHealth, type Verdict } from '../../telemetry/health.ts';
import { ChangeAnnouncer } from './change-announcer.ts';
import type { DirtyFeed } from './dirty-feed.ts';
import type { DurableGuard } from '../guard/durable-guard.ts';
import type { PrimaryGuard } from '../guard/primary-guard.ts';
import type { MasterKeeper } from '../masters/master-keeper.ts';

export interface TiersHealthOptions {
  readonly platform: Platform;
  readonly primary: PrimaryGuard;
  readonly durable: DurableGuard;
  readonly feed: DirtyFeed;
  readonly masters: MasterKeeper;
}

/** Knows the health of both tiers, and publishes its changes. */
export class TiersHealth {
  readonly #options: TiersHealthOptions;
  readonly #primary: HealthState;
  readonly #durable: HealthState;
  readonly #primaryChanges: ChangeAnnouncer;
  readonly #durableChanges: ChangeAnnouncer;

  constructor(options: TiersHealthOptions) {
    const { platform, primary, durable, feed } = options;
    this.#options = options;
    this.#primary = new HealthState(platform, primary.verdict);
    this.#durable = new HealthState(platform, durable.verdict);
    this.#primaryChanges = new ChangeAnnouncer(platform, 'primary');
    this.#durableChanges = new ChangeAnnouncer(platform, 'durable');
    primary.changed.add(() => this.#primaryChanged());
    durable.changed.add(() => this.#durableChanged());
    feed.polled.add(() => this.#refresh());
  }

  get primary(): TierHealth {
    return this.#primary.note(this.#options.primary.verdict);
  }

  get durable(): TierHealth {
    return this.#durable.note(this.#durableVerdict());
  }

  stop(): void {
    this.#primaryChanges.stop();
    this.#durableChanges.stop();
  }

  #primaryChanged(): void {
    // A server that was just connected is about to be named.
    if (!this.#options.masters.isUndecided) this.#primaryChanges.observe(this.primary);
  }

  /** Publishes a change of the durable tier or of the feed, if there is one. */
  #durableChanged(): void {
    // One statement that failed is no news.
    if (!this.#options.durable.isShaken) this.#durableChanges.observe(this.durable);
  }

  /** Publishes the changes that time alone may have made. */
  #refresh(): void {
    this.#primaryChanged();
    this.#durableChanged();
  }

  #durableVerdict(): Verdict {
    const { primary, durable, feed } = this.#options;
    const { verdict } = durable;
    const isFeedLate = verdict.state === 'up' && primary.verdict.state === 'up' && feed.freshness.isLate;
    return isFeedLate ? { state: 'degraded', reason: 'feed-late' } : verdict;
  }
}
