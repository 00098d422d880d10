import { isTierFailure, OutcomeUnknownError, reasonOf, TierFailure, TierUnavailableError } from '../../errors.ts';
import {
  DURABLE_CALLS_MAX,
  DURABLE_FAILURES_TO_OPEN,
  DURABLE_GRACE_MS,
  DURABLE_OPEN_TIMEOUTS,
  DURABLE_READ_CALLS_MAX,
  DURABLE_WAITING_MAX,
} from '../../limits/durable-tier.ts';
import { CoarseTimeouts } from '../../platform/coarse-timeouts.ts';
import { Listeners } from '../../platform/listeners.ts';
import type { Platform } from '../../platform/platform.ts';
import type { SealedRecord } from '../../session/sealed-record.ts';
import { UP, type TierState, type Verdict } from '../../telemetry/health.ts';
import type { TierContext } from '../../tiers/context.ts';
import type { DurableTier, Feed, Fleet, Sessions, Upkeep, WriteCommand } from '../../tiers/durable.ts';
import { Breaker } from './breaker.ts';
import { Bulkhead, type CallKind } from './bulkhead.ts';
import { DatabaseClock } from './database-clock.ts';
import { withDeadline, withCoarseTimeout } from '../../platform/deadline.ts';
import { DurableOpening, isMisconfigured } from './durable-opening.ts';
import { guardPart, type Guarding } from './durable-policies.ts';
import { SingleFlight } from '../../platform/single-flight.ts';

const DEMOTED: ReadonlySet<string> = new Set(['cluster-wait', 'no-quorum', 'read-only', 'standby']);
// Not closures of a call: an error keeps the functions of its stack alive, and with them what they close over: the record of a write.
const inDoubt = (): Error => new OutcomeUnknownError();
const unavailable = (reason: string): Error => new TierUnavailableError('durable', reason);
const overloaded = (): Error => unavailable('overloaded');
const late = (): TierFailure => new TierFailure('ambiguous', 'deadline');

export interface DurableGuardOptions {
  readonly tier: DurableTier;
  readonly platform: Platform;
  readonly timeoutMs: number;
}

/**
 * The durable tier behind its bulkhead, deadline and breaker. A call returns the tier's answer, or throws `TierUnavailableError`
 * when nothing was changed, or `OutcomeUnknownError` when a write may have happened. `durablePolicies` says which call is made how.
 */
export class DurableGuard {
  readonly sessions: Sessions;
  readonly feed: Feed;
  readonly fleet: Fleet;
  readonly upkeep: Upkeep;
  /** Notifies when the tier is of use again after it was not. */
  readonly returned: Listeners = new Listeners();
  /** Notifies whenever the verdict may have changed. */
  readonly changed: Listeners = new Listeners();
  readonly #tier: DurableTier;
  readonly #platform: Platform;
  readonly #timeoutMs: number;
  readonly #breaker: Breaker;
  readonly #room: Bulkhead;
  readonly #clock: DatabaseClock;
  readonly #timeouts: CoarseTimeouts<() => void>;
  readonly #reads = new SingleFlight<SealedRecord | null>();
  /** The failures that were counted: many calls may share a statement, and one lost connection counts once. */
  readonly #counted = new WeakSet<TierFailure>();
  readonly #opening: DurableOpening;

  constructor({ tier, platform, timeoutMs }: DurableGuardOptions) {
    this.#tier = tier;
    this.#platform = platform;
    this.#timeoutMs = timeoutMs;
    this.#room = new Bulkhead({
      platform,
      callsMax: DURABLE_CALLS_MAX,
      readsMax: DURABLE_READ_CALLS_MAX,
      waitingMax: DURABLE_WAITING_MAX,
      waitMs: timeoutMs,
    });
    this.#clock = new DatabaseClock(platform);
    this.#timeouts = new CoarseTimeouts(platform, timeoutMs + DURABLE_GRACE_MS, (giveUp) => giveUp());
    this.#opening = new DurableOpening((context) => this.#openTier(context));
    this.#breaker = new Breaker({
      platform,
      failuresToOpen: DURABLE_FAILURES_TO_OPEN,
      probe: async () => void (await (this.#opening.isOpen ? this.#probe() : this.#opening.again())),
      onClose: () => this.returned.notify(),
      onChange: () => this.changed.notify(),
    });
    const guarding = this.#guarding();
    this.sessions = this.#guardSessions(guarding);
    this.feed = this.#guardFeed(guarding);
    this.fleet = guardPart(tier, 'fleet', guarding);
    this.upkeep = guardPart(tier, 'upkeep', guarding);
  }

  /**
   * Rejects with the tier's own `TierFailure`. May be called again: a tier that was away is opened in the background from then
   * on, and until it is open, callers are refused at once. What a person has to mend is tried again by each caller.
   */
  async open(context: TierContext): Promise<void> {
    if (this.#opening.isOpen) return;
    if (!this.#breaker.isClosed) this.#opening.throwIfAway();
    try {
      await this.#opening.with(context);
      this.#breaker.recovered();
    } catch (error) {
      if (!isMisconfigured(error)) this.#breaker.trip(reasonOf(error));
      throw error;
    } finally {
      this.changed.notify();
    }
  }

  /**
   * Returns the time of the database's clock after which the database refuses a write that is made now. A write waits for room for one
   * timeout, and for its answer for another, so this node has given it up by then. Only a process that was blocked may read an answer
   * later; `swap` then does not take "nothing changed" for an answer, because the write may just have been refused as late.
   */
  validUntil(): number | null {
    const now = this.#clock.latest();
    return now === null ? null : now + 2 * this.#timeoutMs;
  }

  /** True if the database's clock has passed what `validUntil` returned: what was sent before may then have come too late. */
  async isPast(validUntil: number | null): Promise<boolean> {
    const now = await this.#query(() => this.#probe());
    return validUntil !== null && now > validUntil;
  }

  get verdict(): Verdict {
    if (!this.#opening.isOpen) return { state: 'down', reason: this.#opening.reason };
    const { reason } = this.#breaker;
    return reason === null ? UP : { state: this.isShaken ? 'degraded' : 'down', reason };
  }

  get state(): TierState {
    return this.verdict.state;
  }

  /** True if the tier is in use, but its last statement failed. */
  get isShaken(): boolean {
    return this.#breaker.isClosed && this.#breaker.reason !== null;
  }

  /** True if the tier is not up, or calls wait for it: work that can wait is not sent. */
  get isBusy(): boolean {
    return this.state !== 'up' || this.#room.hasQueue;
  }

  /**
   * Returns the earlier of this node's and the database's time, for what cannot be taken back: one clock that is set wrongly must not
   * end anything.
   */
  earlierNow(): number {
    return Math.min(this.#platform.now(), this.#clock.latest() ?? 0);
  }

  /** Throws `TierUnavailableError` if a statement would not even be tried now. */
  refuseIfDown(): void {
    if (!this.#breaker.isClosed) throw new TierUnavailableError('durable', 'breaker-open');
  }

  async close(): Promise<void> {
    this.#breaker.stop();
    await this.#tier.close();
  }

  #guarding(): Guarding {
    return {
      query: (method) => (first, second, third) => this.#query(() => method(first, second, third)),
      write: (method) => (first, second, third) => this.#write(() => method(first, second, third)),
      swap: (method) => async (command) => {
        const isApplied = await this.#write(() => method(command));
        const { validUntil } = command as WriteCommand;
        if (isApplied === false && this.#clock.mayBePast(validUntil)) throw new OutcomeUnknownError();
        return isApplied;
      },
      periodic: (method) => async (first, second, third) => {
        this.refuseIfDown();
        return this.#send(() => method(first, second, third), unavailable);
      },
    };
  }

  #guardSessions(guarding: Guarding): Sessions {
    const { sessions } = this.#tier;
    const guarded = guardPart(this.#tier, 'sessions', guarding);
    return {
      ...guarded,
      // Callers that share a read get the same envelope, whichever of them knew it.
      read: (storageKey, known) =>
        this.#reads.run(storageKey.toString('latin1'), (onSend) =>
          this.#query(() => {
            onSend();
            return sessions.read(storageKey, known);
          }),
        ),
      revokeMany: async (command) => {
        const outcome = await guarded.revokeMany(command);
        // The clock may have been set forward: the next deadline is computed from what it shows now.
        if (outcome === 'late') await this.#query(() => this.#probe());
        return outcome;
      },
    };
  }

  #guardFeed(guarding: Guarding): Feed {
    const guarded = guardPart(this.#tier, 'feed', guarding);
    return {
      ...guarded,
      read: async (after, limit) => {
        const sentAt = this.#platform.monotonic();
        const page = await guarded.read(after, limit);
        this.#clock.observe(page.now, sentAt);
        return page;
      },
    };
  }

  #query<T>(statement: () => Promise<T>): Promise<T> {
    return this.#inRoom('read', () => this.#send(statement, unavailable));
  }

  #write<T>(statement: () => Promise<T>): Promise<T> {
    return this.#inRoom('write', () => this.#send(statement, inDoubt));
  }

  async #send<T>(statement: () => Promise<T>, ifAmbiguous: (reason: string) => Error): Promise<T> {
    try {
      const answer = await this.#bounded(statement);
      this.#breaker.succeeded();
      return answer;
    } catch (error) {
      if (!isTierFailure(error)) throw error;
      if (wasLeftUnsent(error)) throw overloaded();
      this.#classify(error);
      throw error.kind === 'ambiguous' ? ifAmbiguous(error.reason) : new TierUnavailableError('durable', error.reason);
    }
  }

  /** Records what a failure says about the database. */
  #classify(failure: TierFailure): void {
    const { kind, reason } = failure;
    // A database that only follows another answers reads with the past: even "no such row" is worth nothing.
    if (DEMOTED.has(reason)) this.#breaker.trip(reason);
    // Any other rejection is an answer: the database is there.
    else if (kind === 'rejected') this.#breaker.succeeded();
    else if (!this.#counted.has(failure)) {
      this.#counted.add(failure);
      this.#breaker.failed(reason);
    }
  }

  /** Waits for room, for as long as a statement may take; nothing is sent meanwhile. */
  async #inRoom<T>(kind: CallKind, work: () => Promise<T>): Promise<T> {
    this.refuseIfDown();
    const entry = this.#room.enter(kind);
    if (entry !== true && !(await entry)) throw overloaded();
    try {
      // It may have failed while the call waited.
      this.refuseIfDown();
      return await work();
    } finally {
      this.#room.leave(kind);
    }
  }

  async #openTier(context: TierContext): Promise<void> {
    await withDeadline(this.#platform, DURABLE_OPEN_TIMEOUTS * this.#timeoutMs, this.#tier.open(context), late);
    await this.#probe();
  }

  async #probe(): Promise<number> {
    const sentAt = this.#platform.monotonic();
    const now = await this.#bounded(() => this.#tier.probe());
    this.#clock.observe(now, sentAt);
    return now;
  }

  #bounded<T>(statement: () => Promise<T>): Promise<T> {
    return withCoarseTimeout(this.#timeouts, statement(), late);
  }
}

/** The time of the call was up before it had its turn for a statement, which says nothing about the database. */
function wasLeftUnsent({ kind, reason }: TierFailure): boolean {
  return kind === 'not-sent' && reason === 'deadline';
}
