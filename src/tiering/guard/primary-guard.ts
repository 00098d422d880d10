import { isTierFailure, reasonOf, TierFailure } from '../../errors.ts';
import { FEED_FRESH_MS } from '../../limits/feed.ts';
import { LARGE_VALUE_BYTES_MIN, PROBES_IN_TIME, SLOW_LOOK_MS } from '../../limits/primary-tier.ts';
import { Listeners } from '../../platform/listeners.ts';
import { elapsedSince, NEVER, presentMoment, type Moment } from '../../platform/moment.ts';
import type { CancelTimer, Platform } from '../../platform/platform.ts';
import { UP, type Verdict } from '../../telemetry/health.ts';
import type { TierContext } from '../../tiers/context.ts';
import type { NewValue, PrimaryEntry, PrimaryTier, PrimaryValue, RestampCommand, Stamp } from '../../tiers/primary.ts';
import { Breaker } from './breaker.ts';
import { LargeValues } from './large-values.ts';
import { RoundTrip } from './round-trip.ts';
import { TrustFloor } from '../trust/trust-floor.ts';

/** The primary tier gave no answer: it was not asked, or failed, or was late. It says nothing about the session. */
export const UNREACHED: unique symbol = Symbol('unreached');
export type Unreached = typeof UNREACHED;

/** The reasons for which a tier that answers too late is given up. */
const LATE: ReadonlySet<string> = new Set(['deadline', 'silent', 'too-slow']);

export interface PrimaryGuardOptions {
  readonly tier: PrimaryTier;
  readonly platform: Platform;
  readonly timeoutMs: number;
  readonly revalidateAfterMs: number;
}

/**
 * The primary tier behind its breaker. Nothing here throws: a primary tier that fails is one that was not reached, and
 * the durable tier answers instead.
 *
 * One failure of any kind opens the breaker. A mutation that failed may have left something stale behind, and closing the
 * breaker raises the trust floor, after which nothing from before is believed without the durable tier's word.
 */
export class PrimaryGuard {
  /** Notifies when the tier is of use again after it was not. */
  readonly returned: Listeners = new Listeners();
  /** Notifies whenever the verdict may have changed. */
  readonly changed: Listeners = new Listeners();
  readonly #tier: PrimaryTier;
  readonly #breaker: Breaker;
  readonly #options: PrimaryGuardOptions;
  readonly roundTrip: RoundTrip;
  readonly trustFloor: TrustFloor;
  readonly #largeValues: LargeValues;
  #cancelLook: CancelTimer = () => {};
  #isStopped = false;
  #incarnationConfirmedAt: Moment = NEVER;
  #confirming: Promise<boolean> | undefined;

  constructor(options: PrimaryGuardOptions) {
    const { tier, platform, timeoutMs, revalidateAfterMs } = options;
    this.#options = options;
    this.#tier = tier;
    this.#largeValues = new LargeValues(platform);
    this.trustFloor = new TrustFloor({ look: () => tier.vantage(), revalidateAfterMs });
    this.roundTrip = new RoundTrip({
      platform,
      timeoutMs,
      onSlowChange: () => this.#slowChanged(),
      onTooSlow: () => this.#breaker.trip('too-slow'),
    });
    this.#breaker = new Breaker({
      platform,
      failuresToOpen: 1,
      probe: () => this.#probe(),
      probesToClose: (reason) => (LATE.has(reason) ? PROBES_IN_TIME : 1),
      onClose: () => {
        this.trustFloor.raise();
        this.returned.notify();
      },
      onChange: () => this.changed.notify(),
    });
  }

  /** Rejects only for what a person has to mend; a server that is away is asked again in the background. */
  async open(context: TierContext): Promise<void> {
    try {
      await this.#tier.open(context, () => this.#connectionChanged());
    } catch (error) {
      this.#breaker.trip(reasonOf(error));
      if (!isTierFailure(error) || error.kind === 'misconfigured') throw error;
    }
  }

  /** A server that is there but out of use is `degraded`. */
  get verdict(): Verdict {
    const isThere = this.#tier.vantage() !== null;
    if (isThere && this.#breaker.isClosed) return this.#verdictInUse();
    return { state: isThere ? 'degraded' : 'down', reason: this.#breaker.reason ?? 'never-reached' };
  }

  /** True if commands are sent to the tier at all. */
  get isInUse(): boolean {
    return this.#breaker.isClosed;
  }

  /**
   * Returns the stamp that a copy may have now. It is taken *before* the durable tier is asked, so that it never claims more than was known.
   * Null while the tier is out of use.
   */
  stamp(): Stamp | null {
    const vantage = this.#breaker.isClosed ? this.trustFloor.vantage() : null;
    return vantage === null ? null : { incarnation: vantage.incarnation, at: vantage.earliest };
  }

  /**
   * True if the server confirmed its incarnation lately. Otherwise its copies are not believed: behind an open connection a master may
   * have followed another, and its data may have gone back. The bound is that of the feed, which asks for the incarnation with each poll.
   */
  get isIncarnationConfirmed(): boolean {
    return elapsedSince(this.#options.platform, this.#incarnationConfirmedAt) <= FEED_FRESH_MS;
  }

  /** The start of the latest check that confirmed the incarnation. */
  get incarnationConfirmedAt(): Moment {
    return this.#incarnationConfirmedAt;
  }

  /** Asks the server, or waits for the question that is under way. True if its incarnation is what it was; if not, the breaker is open. */
  confirmIncarnation(): Promise<boolean> {
    this.#confirming ??= this.#confirmIncarnation().finally(() => {
      this.#confirming = undefined;
    });
    return this.#confirming;
  }

  /** Takes the tier out of use until a probe succeeds. */
  trip(reason: string): void {
    this.#breaker.trip(reason);
  }

  read(storageKey: Buffer): Promise<PrimaryEntry | Unreached> {
    return this.tryRead(storageKey).catch(this.giveUp);
  }

  /**
   * Does what `read` does, but rejects where the tier fails; the caller then calls `giveUp`. Most reads pass here, and do without the
   * promise that `catch` makes.
   */
  tryRead(storageKey: Buffer): Promise<PrimaryEntry | Unreached> {
    return this.#try(() => this.#tier.read(storageKey));
  }

  /** Takes a tier that failed out of use until a probe succeeds. */
  readonly giveUp = (error: unknown): Unreached => {
    this.#breaker.trip(reasonOf(error));
    return UNREACHED;
  };

  lease(storageKey: Buffer, token: string, over: PrimaryValue | null): Promise<boolean | Unreached> {
    return this.#attempt(() => this.#tier.lease(storageKey, token, over));
  }

  fill(storageKey: Buffer, token: string, value: NewValue): Promise<boolean | Unreached> {
    if (!this.#largeValues.admits(value.envelope.length)) return Promise.resolve(false);
    return this.#store(value, () => this.#tier.fill(storageKey, token, value));
  }

  /** Stores the value, or, if that is too large for the link, at least takes away what it replaces. */
  publish(storageKey: Buffer, value: NewValue): Promise<boolean | Unreached> {
    if (!this.#largeValues.admits(value.envelope.length)) {
      const eviction = this.evict(storageKey, value.revision + 1);
      return eviction.then((answer) => (answer === UNREACHED ? UNREACHED : false));
    }
    return this.#store(value, () => this.#tier.publish(storageKey, value));
  }

  restamp(storageKey: Buffer, command: RestampCommand): Promise<boolean | Unreached> {
    return this.#attempt(() => this.#tier.restamp(storageKey, command));
  }

  evict(storageKey: Buffer, belowRevision: number): Promise<Unreached | void> {
    return this.#attempt(() => this.#tier.evict(storageKey, belowRevision));
  }

  hold(storageKey: Buffer): Promise<Unreached | void> {
    return this.#attempt(() => this.#tier.hold(storageKey));
  }

  tombstone(storageKey: Buffer, ttlMs: number): Promise<Unreached | void> {
    return this.#attempt(() => this.#tier.tombstone(storageKey, ttlMs));
  }

  async close(): Promise<void> {
    this.#isStopped = true;
    this.#breaker.stop();
    this.#cancelLook();
    await this.#tier.close();
  }

  async #confirmIncarnation(): Promise<boolean> {
    const startedAt = presentMoment(this.#options.platform);
    if ((await this.#attempt(() => this.#tier.confirm())) === UNREACHED) return false;
    this.#incarnationConfirmedAt = startedAt;
    return true;
  }

  #verdictInUse(): Verdict {
    if (this.roundTrip.isSlow) return { state: 'degraded', reason: 'slow' };
    return this.trustFloor.isAhead ? { state: 'degraded', reason: 'clock-set-back' } : UP;
  }

  #store<T>({ envelope }: NewValue, command: () => Promise<T>): Promise<T | Unreached> {
    if (envelope.length < LARGE_VALUE_BYTES_MIN) return this.#attempt(command);
    return this.#attempt(() =>
      command().catch((error: unknown) => {
        if (reasonOf(error) === 'deadline') this.#largeValues.wasLate(envelope.length);
        throw error;
      }),
    );
  }

  #attempt<T>(command: () => Promise<T>): Promise<T | Unreached> {
    return this.#try(command).catch(this.giveUp);
  }

  #try<T>(command: () => Promise<T>): Promise<T | Unreached> {
    if (!this.#breaker.isClosed) return Promise.resolve(UNREACHED);
    try {
      const answer = command();
      this.roundTrip.measure(answer);
      return answer;
    } catch (error) {
      // A tier of the application's own that throws instead of rejecting.
      return Promise.resolve(this.giveUp(error));
    }
  }

  /** Rejects as well where the tier answers too late to be of use. */
  async #probe(): Promise<void> {
    const startedAt = presentMoment(this.#options.platform);
    const ms = await this.roundTrip.time(this.#tier.probe());
    if (ms > this.roundTrip.usableMs) throw new TierFailure('rejected', 'too-slow');
    this.roundTrip.restart(ms);
    this.#incarnationConfirmedAt = startedAt;
  }

  #slowChanged(): void {
    this.changed.notify();
    this.#cancelLook();
    if (this.roundTrip.isSlow) this.#lookLater();
  }

  /** Schedules a measurement of a slow tier, since perhaps no other command shows that it is fast again. */
  #lookLater(): void {
    this.#cancelLook = this.#options.platform.after(SLOW_LOOK_MS, () => void this.#look(), 'background');
  }

  async #look(): Promise<void> {
    // Out of use, it is probed anyway.
    if (this.#breaker.isClosed) {
      try {
        this.roundTrip.add(await this.roundTrip.time(this.#tier.probe()));
      } catch (error) {
        this.giveUp(error);
      }
    }
    if (this.roundTrip.isSlow && !this.#isStopped) this.#lookLater();
  }

  #connectionChanged(): void {
    if (this.#tier.vantage() === null) this.#breaker.trip(this.#tier.failure()?.reason ?? 'connection-lost');
    else this.#breaker.nudge();
    this.changed.notify();
  }
}
