import { isTierFailure, reasonOf, TierFailure } from '../../errors.ts';
import { FEED_FRESH_MS } from '../../limits/feed.ts';
import { LARGE_VALUE_BYTES_MIN, PROBES_IN_TIME } from '../../limits/primary-tier.ts';
import { elapsedSince, NEVER, presentMoment, type Moment } from '../../platform/moment.ts';
import type { Platform } from '../../platform/platform.ts';
import { UP, type Verdict } from '../../telemetry/health.ts';
import type { NewValue, PrimaryEntry, PrimaryShard, PrimaryValue, RestampCommand, Stamp } from '../../tiers/primary.ts';
import { TrustFloor, type Trust } from '../trust/trust-floor.ts';
import { Breaker } from './breaker.ts';
import { Hedge } from './hedge.ts';
import { LargeValues } from './large-values.ts';
import { RoundTrip } from './round-trip.ts';
import { SlowWatch } from './slow-watch.ts';
import { Standing } from '../masters/standing.ts';
import { UNREACHED, type Unreached } from './unreached.ts';

/** The reasons for which a shard that answers too late is given up. */
const LATE: ReadonlySet<string> = new Set(['deadline', 'silent', 'too-slow']);

export interface ShardGuardOptions {
  readonly shard: PrimaryShard;
  /** True if the shard owns the key now. */
  readonly owns: (storageKey: Buffer) => boolean;
  /** True for a shard that its tier has opened. Another one is probed before it is used. */
  readonly isOpened: boolean;
  readonly platform: Platform;
  readonly timeoutMs: number;
  readonly revalidateAfterMs: number;
  /** Runs when a write that its caller acknowledges, or a mark, did not reach the shard. `isLost`: perhaps no server has executed it. */
  readonly onMiss: (storageKey: Buffer, isLost: boolean) => void;
  /** Runs when the shard is of use again after it was not. */
  readonly onReturn: () => void;
  /** Runs whenever the verdict may have changed. */
  readonly onChange: () => void;
}

/**
 * The guard of one shard of the primary tier, with its breaker. Nothing here throws: a shard that fails is one that was not reached, and
 * the durable tier answers instead.
 *
 * One failure of any kind opens the breaker. A mutation that failed may have left something stale behind, and the trust floor rises
 * when the shard is used again, after which nothing from before is believed without the durable tier's word.
 */
export class ShardGuard {
  readonly shard: PrimaryShard;
  readonly trustFloor: TrustFloor;
  readonly roundTrip: RoundTrip;
  /** The server's standing. The caller that changes it calls `standingChanged`. */
  readonly standing: Standing;
  readonly #options: ShardGuardOptions;
  readonly #breaker: Breaker;
  readonly #hedge: Hedge;
  readonly #slowWatch: SlowWatch;
  readonly #largeValues: LargeValues;
  /** The reign in which it is in use; null while it is not. */
  #reign: string | null = null;
  /** The latest failure that says what a person can do. */
  #advised: TierFailure | null = null;
  /** The number of times that the shard began to be in use. */
  #terms = 0;
  #isStopped = false;
  #confirmedAt: Moment = NEVER;
  #confirming: Promise<boolean> | undefined;

  constructor(options: ShardGuardOptions) {
    const { shard, platform, timeoutMs, revalidateAfterMs } = options;
    this.#options = options;
    this.shard = shard;
    this.standing = new Standing(platform, shard.name);
    this.#largeValues = new LargeValues(platform);
    this.trustFloor = new TrustFloor({ look: () => shard.vantage(), revalidateAfterMs });
    this.roundTrip = new RoundTrip({
      platform,
      timeoutMs,
      onSlowChange: () => {
        options.onChange();
        this.#slowWatch.follow();
      },
      onTooSlow: () => this.#breaker.trip('too-slow'),
    });
    this.#breaker = new Breaker({
      platform,
      failuresToOpen: 1,
      probe: () => this.#probe(),
      probesToClose: (reason) => (LATE.has(reason) ? PROBES_IN_TIME : 1),
      onClose: () => this.#updateUse(),
      onChange: () => this.#breakerChanged(),
    });
    this.#hedge = new Hedge(platform, this);
    this.#slowWatch = new SlowWatch({
      platform,
      roundTrip: this.roundTrip,
      // Out of use, it is probed anyway.
      probe: () => (this.#breaker.isClosed ? shard.probe() : null),
      onFailure: this.giveUp,
    });
    if (!options.isOpened) this.#probeFirst();
  }

  /** True if commands are sent to the shard at all: the breaker is closed, and the server counts. */
  get isInUse(): boolean {
    return this.#reign !== null;
  }

  /** True if the server is connected and answers, but does not count. */
  get isWaiting(): boolean {
    return this.isConnected && this.standing.incarnation === null;
  }

  /** True if the server answers commands, whether it counts or not. */
  get isConnected(): boolean {
    return this.#breaker.isClosed && this.shard.vantage() !== null;
  }

  /** A server that is there but out of use is `degraded`. */
  get verdict(): Verdict {
    const isThere = this.shard.vantage() !== null;
    if (isThere && this.#breaker.isClosed) return this.#verdictOfUsable();
    return this.#withAdvice(isThere ? 'degraded' : 'down', this.#breaker.reason ?? 'never-reached');
  }

  /** Returns the stamp that a copy may have now. Null while the shard is out of use. */
  stamp(): Stamp | null {
    const vantage = this.isInUse ? this.trustFloor.vantage() : null;
    if (vantage === null || vantage.incarnation !== this.standing.incarnation) return null;
    return { incarnation: vantage.incarnation, at: vantage.earliest };
  }

  /** Returns how far a copy with this stamp is trusted. */
  trustIn(stamp: Stamp): Trust {
    return this.standing.incarnation === stamp.incarnation ? this.trustFloor.trustIn(stamp) : 'foreign';
  }

  /** The start of the latest check that confirmed the incarnation. */
  get confirmedAt(): Moment {
    return this.#confirmedAt;
  }

  /**
   * Asks the server, or waits for the question that is under way. True if its incarnation is what it was; if not, the breaker is open. A
   * server that does not count is asked as well.
   */
  confirm(): Promise<boolean> {
    this.#confirming ??= this.#confirm().finally(() => {
      this.#confirming = undefined;
    });
    return this.#confirming;
  }

  /** True if the server confirmed its incarnation lately, or does so now. */
  async isConfirmed(): Promise<boolean> {
    return elapsedSince(this.#options.platform, this.#confirmedAt) <= FEED_FRESH_MS || this.confirm();
  }

  /** Takes the shard out of use until a probe succeeds. */
  trip(reason: string): void {
    this.#breaker.trip(reason);
  }

  /** Takes a shard that failed out of use until a probe succeeds. */
  readonly giveUp = (error: unknown): Unreached => {
    this.#noteAdvice(error);
    this.#breaker.trip(reasonOf(error));
    return UNREACHED;
  };

  /** Uses or gives up the server again if its standing has changed. */
  standingChanged(): void {
    this.#updateUse();
    this.#options.onChange();
  }

  /** The shard has got a vantage, or has lost it. */
  connectionChanged(): void {
    // Also while the breaker is open already: a poll may have been answered since.
    this.standing.disconnect();
    if (this.shard.vantage() === null)
      this.giveUp(this.shard.failure() ?? new TierFailure('ambiguous', 'connection-lost'));
    else this.#breaker.nudge();
    this.#options.onChange();
  }

  /** Reads, and asks the second tier as well where the shard is slow. Most reads pass here, and do without the promise that `catch` makes. */
  readHedged<T>(
    storageKey: Buffer,
    use: (entry: PrimaryEntry | Unreached) => Promise<T> | T,
    second: () => Promise<T>,
  ): Promise<T> {
    return this.#hedge.race(
      this.#try(() => this.shard.read(storageKey)),
      use,
      second,
    );
  }

  read(storageKey: Buffer): Promise<PrimaryEntry | Unreached> {
    return this.#attempt(() => this.shard.read(storageKey));
  }

  lease(storageKey: Buffer, token: string, over: PrimaryValue | null): Promise<boolean | Unreached> {
    return this.#attempt(() => this.shard.lease(storageKey, token, over));
  }

  fill(storageKey: Buffer, token: string, value: NewValue): Promise<boolean | Unreached> {
    if (!this.#largeValues.admits(value.envelope.length)) return Promise.resolve(false);
    return this.#attempt(() => this.#store(value, this.shard.fill(storageKey, token, value)));
  }

  restamp(storageKey: Buffer, command: RestampCommand): Promise<boolean | Unreached> {
    return this.#attempt(() => this.shard.restamp(storageKey, command));
  }

  /** Stores the value, or, if that is too large for the link, at least takes away what it replaces. */
  publish(storageKey: Buffer, value: NewValue): Promise<boolean | Unreached> {
    if (!this.#largeValues.admits(value.envelope.length)) {
      const eviction = this.evict(storageKey, value.revision + 1);
      return eviction.then((answer) => (answer === UNREACHED ? UNREACHED : false));
    }
    return this.#reach(storageKey, () => this.#store(value, this.shard.publish(storageKey, value)));
  }

  evict(storageKey: Buffer, belowRevision: number): Promise<Unreached | void> {
    return this.#reach(storageKey, () => this.shard.evict(storageKey, belowRevision));
  }

  hold(storageKey: Buffer): Promise<Unreached | void> {
    return this.#reach(storageKey, () => this.shard.hold(storageKey));
  }

  tombstone(storageKey: Buffer, ttlMs: number): Promise<Unreached | void> {
    return this.#reach(storageKey, () => this.shard.tombstone(storageKey, ttlMs));
  }

  /** Does what `tombstone` does while the durable tier is away, which alone could say whether the server still counts. */
  tombstoneAlone(storageKey: Buffer, ttlMs: number): Promise<Unreached | void> {
    return this.#attempt(() => this.shard.tombstone(storageKey, ttlMs));
  }

  /** Ends its timers. What is under way does not count as reached any more. */
  close(): void {
    this.#isStopped = true;
    this.#reign = null;
    this.#breaker.stop();
    this.#slowWatch.stop();
  }

  /** Begins with an open breaker: nothing is known of a server that came later. */
  #probeFirst(): void {
    this.#breaker.trip('never-reached');
    if (this.shard.vantage() !== null) this.#breaker.nudge();
  }

  #breakerChanged(): void {
    if (!this.#breaker.isClosed) this.standing.disconnect();
    this.standingChanged();
  }

  /** Raises the floor when the shard begins to be in use, or in another reign, before any caller comes between. */
  #updateUse(): void {
    const reign = this.#breaker.isClosed && !this.#isStopped ? this.standing.reign : null;
    if (reign === this.#reign) return;
    this.#reign = reign;
    if (reign === null) return;
    this.#terms += 1;
    this.trustFloor.raise();
    this.#options.onReturn();
  }

  async #confirm(): Promise<boolean> {
    if (!this.#breaker.isClosed) return false;
    const startedAt = presentMoment(this.#options.platform);
    if ((await this.#measured(() => this.shard.confirm()).catch(this.giveUp)) === UNREACHED) return false;
    this.#confirmedAt = startedAt;
    return true;
  }

  #verdictOfUsable(): Verdict {
    if (this.standing.incarnation === null) return { state: 'degraded', reason: 'not-named' };
    if (this.roundTrip.isSlow) return { state: 'degraded', reason: 'slow' };
    return this.trustFloor.isAhead ? { state: 'degraded', reason: 'clock-set-back' } : UP;
  }

  #noteAdvice(error: unknown): void {
    if (isTierFailure(error) && error.advice !== undefined) this.#advised = error;
  }

  #withAdvice(state: 'degraded' | 'down', reason: string): Verdict {
    const advice = this.#advised?.reason === reason ? this.#advised.advice : undefined;
    return { state, reason, ...(advice === undefined ? {} : { advice }) };
  }

  #store<T>({ envelope }: NewValue, stored: Promise<T>): Promise<T> {
    if (envelope.length < LARGE_VALUE_BYTES_MIN) return stored;
    return stored.catch((error: unknown) => {
      if (reasonOf(error) === 'deadline') this.#largeValues.wasLate(envelope.length);
      throw error;
    });
  }

  /**
   * Sends a write that its caller acknowledges. It reached the shard only if in the turn of the answer the shard has been in use without
   * a break, still owns the key, and was lately found to count. Otherwise no node may ever read what the server has.
   */
  #reach<T>(storageKey: Buffer, command: () => Promise<T>): Promise<T | Unreached> {
    const term = this.#terms;
    const { onMiss } = this.#options;
    return this.#try(command).then(
      (answer) => {
        if (answer !== UNREACHED && term === this.#terms && this.#isReachable(storageKey)) return answer;
        onMiss(storageKey, answer === UNREACHED);
        return UNREACHED;
      },
      (error: unknown) => {
        onMiss(storageKey, true);
        return this.giveUp(error);
      },
    );
  }

  #isReachable(storageKey: Buffer): boolean {
    const incarnation = this.shard.vantage()?.incarnation;
    if (!this.isInUse || incarnation === undefined) return false;
    return this.standing.countsLately(incarnation) && this.#options.owns(storageKey);
  }

  #attempt<T>(command: () => Promise<T>): Promise<T | Unreached> {
    return this.#try(command).then((answer) => (this.#isStopped ? UNREACHED : answer), this.giveUp);
  }

  #try<T>(command: () => Promise<T>): Promise<T | Unreached> {
    return this.isInUse ? this.#measured(command) : Promise.resolve(UNREACHED);
  }

  #measured<T>(command: () => Promise<T>): Promise<T | Unreached> {
    try {
      const answer = command();
      this.roundTrip.measure(answer);
      return answer;
    } catch (error) {
      // A tier of the application's own that throws instead of rejecting.
      return Promise.resolve(this.giveUp(error));
    }
  }

  /** Rejects as well where the shard answers too late to be of use. */
  async #probe(): Promise<void> {
    const startedAt = presentMoment(this.#options.platform);
    const probe = this.shard.probe().catch((error: unknown) => {
      this.#noteAdvice(error);
      throw error;
    });
    const ms = await this.roundTrip.time(probe);
    if (ms > this.roundTrip.usableMs) throw new TierFailure('rejected', 'too-slow');
    this.roundTrip.restart(ms);
    this.#confirmedAt = startedAt;
  }
}
