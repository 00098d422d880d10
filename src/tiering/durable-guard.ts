import { OutcomeUnknownError, TierFailure, TierUnavailableError } from '../errors.ts';
import { DURABLE_FAILURES_TO_OPEN, DURABLE_IN_FLIGHT_MAX, DURABLE_OPEN_TIMEOUTS, DURABLE_WAITING_MAX } from '../limits.ts';
import type { Platform } from '../platform/platform.ts';
import type { RecordState, SealedRecord } from '../session/sealed-record.ts';
import type {
  DurableTier,
  RegenerateCommand,
  RevokedRow,
  RevokeManyCommand,
  TierContext,
  TouchCommand,
  UpdateCommand,
} from '../tiers/tier.ts';
import { Breaker } from './breaker.ts';
import { Bulkhead } from './bulkhead.ts';
import { withDeadline } from './deadline.ts';
import { SingleFlight } from './single-flight.ts';

/**
 * The durable tier behind its bulkhead, deadline and breaker. It answers, or throws `TierUnavailableError` when nothing
 * was changed, or `OutcomeUnknownError` when a write may have happened.
 */
export class DurableGuard {
  readonly #tier: DurableTier;
  readonly #platform: Platform;
  readonly #timeoutMs: number;
  readonly #breaker: Breaker;
  readonly #bulkhead: Bulkhead;
  readonly #reads = new SingleFlight<SealedRecord | null>();

  constructor(tier: DurableTier, platform: Platform, timeoutMs: number) {
    this.#tier = tier;
    this.#platform = platform;
    this.#timeoutMs = timeoutMs;
    this.#bulkhead = new Bulkhead(platform, DURABLE_IN_FLIGHT_MAX, DURABLE_WAITING_MAX);
    this.#breaker = new Breaker({
      platform,
      role: 'durable',
      failuresToOpen: DURABLE_FAILURES_TO_OPEN,
      probe: () => this.#bounded(() => tier.probe()),
      onClose: () => undefined,
    });
  }

  /** Rejects with the tier's own `TierFailure`. May be called again after a failure. */
  open(context: TierContext): Promise<void> {
    return this.#bounded(() => this.#tier.open(context), DURABLE_OPEN_TIMEOUTS * this.#timeoutMs);
  }

  get condition(): 'degraded' | 'down' | 'up' {
    if (!this.#breaker.isClosed) return 'down';
    return this.#breaker.isShaken ? 'degraded' : 'up';
  }

  /** Throws `TierUnavailableError` if a statement would not even be tried now. */
  refuseIfDown(): void {
    if (!this.#breaker.isClosed) throw new TierUnavailableError('durable', 'breaker-open');
  }

  read(storageKey: Buffer): Promise<SealedRecord | null> {
    return this.#reads.run(storageKey.toString('latin1'), () => this.#ask(() => this.#tier.read(storageKey)));
  }

  readState(storageKey: Buffer): Promise<RecordState | null> {
    return this.#ask(() => this.#tier.readState(storageKey));
  }

  listByUser(userKeys: readonly Buffer[], after: Buffer, limit: number): Promise<SealedRecord[]> {
    return this.#ask(() => this.#tier.listByUser(userKeys, after, limit));
  }

  findRegenerated(previousStorageKey: Buffer, since: number): Promise<Buffer | null> {
    return this.#ask(() => this.#tier.findRegenerated(previousStorageKey, since));
  }

  insert(record: SealedRecord, writeId: Buffer): Promise<boolean> {
    return this.#tell(() => this.#tier.insert(record, writeId));
  }

  update(command: UpdateCommand): Promise<boolean> {
    return this.#tell(() => this.#tier.update(command));
  }

  regenerate(command: RegenerateCommand): Promise<boolean> {
    return this.#tell(() => this.#tier.regenerate(command));
  }

  touch(command: TouchCommand): Promise<RecordState | null> {
    // A touch that happened after all harms nobody, so a lost answer is only a missing one.
    return this.#ask(() => this.#tier.touch(command));
  }

  revoke(storageKey: Buffer, writeId: Buffer, revokedAt: number): Promise<RevokedRow | null> {
    return this.#tell(() => this.#tier.revoke(storageKey, writeId, revokedAt));
  }

  revokeMany(command: RevokeManyCommand): Promise<RevokedRow[]> {
    return this.#tell(() => this.#tier.revokeMany(command));
  }

  async close(): Promise<void> {
    this.#breaker.stop();
    await this.#tier.close();
  }

  #ask<T>(statement: () => Promise<T>): Promise<T> {
    return this.#run(statement, (reason) => new TierUnavailableError('durable', reason));
  }

  #tell<T>(statement: () => Promise<T>): Promise<T> {
    return this.#run(statement, () => new OutcomeUnknownError());
  }

  async #run<T>(statement: () => Promise<T>, ifAmbiguous: (reason: string) => Error): Promise<T> {
    this.refuseIfDown();
    const room = this.#bulkhead.enter(this.#timeoutMs);
    if (room !== true && !(await room)) throw new TierUnavailableError('durable', 'overloaded');
    try {
      this.refuseIfDown();
      const answer = await this.#bounded(statement);
      this.#breaker.succeeded();
      return answer;
    } catch (error) {
      if (!(error instanceof TierFailure)) throw error;
      // A rejection is an answer: the database is there.
      if (error.kind === 'rejected') this.#breaker.succeeded();
      else this.#breaker.failed(error.reason);
      throw error.kind === 'ambiguous'
        ? ifAmbiguous(error.reason)
        : new TierUnavailableError('durable', error.reason);
    } finally {
      this.#bulkhead.leave();
    }
  }

  #bounded<T>(statement: () => Promise<T>, timeoutMs: number = this.#timeoutMs): Promise<T> {
    return withDeadline(this.#platform, timeoutMs, statement(), () => new TierFailure('ambiguous', 'deadline'));
  }
}
