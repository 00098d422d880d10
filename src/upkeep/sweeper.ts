import { INTERVAL_JITTER } from '../limits/fleet.ts';
import { SWEEP_BUSY_MS, SWEEP_FIRST_MS, SWEEP_CLAIM_MS, SWEEP_PASS_ID_BYTES } from '../limits/upkeep.ts';
import { randomBytes, type CancelTimer } from '../platform/platform.ts';
import { sweepPass } from '../telemetry/channels.ts';
import { announceFailure } from '../tiering/background.ts';
import { sweepPage, type SweepContext } from './sweep-page.ts';

/** The times at which the sweeper works, and what it leaves. */
export interface SweepPlan {
  readonly everyMs: number;
  readonly revokedRetentionMs: number;
}

/** A walk over all rows, under a claim that keeps other nodes from walking as well. */
interface Pass {
  readonly id: Buffer;
  readonly startedAt: number;
  claimedAt: number;
  after: Buffer;
  scanned: number;
  removed: number;
}

/**
 * Deletes, page by page and with pauses, the rows of sessions that ended long ago. One node of the fleet does it at a time, and
 * none before its minute; nothing depends on there being one only, since a page deletes nothing that must stay. Does
 * nothing while the database is away or has callers waiting.
 */
export class Sweeper {
  readonly #context: SweepContext;
  readonly #plan: SweepPlan;
  #pass: Pass | undefined;
  #step: Promise<void> = Promise.resolve();
  #cancelTimer: CancelTimer | undefined;
  #isStopped = false;

  constructor(context: SweepContext, plan: SweepPlan) {
    this.#context = context;
    this.#plan = plan;
  }

  /** Starts the first pass, in a while. May be called again. */
  start(): void {
    // Nodes that start together do not all begin together.
    if (this.#cancelTimer === undefined) this.#schedule(SWEEP_FIRST_MS * (1 + this.#context.platform.random()));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer?.();
    await this.#step;
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return;
    const step = (): void => {
      this.#step = this.#takeStep().then((waitMs) => this.#schedule(waitMs));
    };
    this.#cancelTimer = this.#context.platform.after(delayMs, step, 'background');
  }

  /** Returns how long to wait before the next step. After a failure the pass goes on where it was, a whole interval later. */
  async #takeStep(): Promise<number> {
    if (this.#context.durable.isBusy) return SWEEP_BUSY_MS;
    try {
      this.#pass = await this.#claimed();
      return this.#pass === undefined ? this.#interval() : await this.#sweep(this.#pass);
    } catch (error) {
      announceFailure('sweep', error);
      return this.#interval();
    }
  }

  /** The pass under way, or a new one; undefined if it is another node's turn. */
  async #claimed(): Promise<Pass | undefined> {
    const { platform, durable } = this.#context;
    const now = platform.monotonic();
    if (this.#pass !== undefined && now - this.#pass.claimedAt < SWEEP_CLAIM_MS / 2) return this.#pass;
    const pass = this.#pass ?? {
      id: randomBytes(platform, SWEEP_PASS_ID_BYTES),
      startedAt: now,
      claimedAt: now,
      after: Buffer.alloc(0),
      scanned: 0,
      removed: 0,
    };
    if (!(await durable.upkeep.claimSweep({ passId: pass.id, forMs: SWEEP_CLAIM_MS }))) return undefined;
    pass.claimedAt = now;
    return pass;
  }

  async #sweep(pass: Pass): Promise<number> {
    const { scanned, removed, next, restMs } = await sweepPage(
      this.#context,
      pass.after,
      this.#plan.revokedRetentionMs,
    );
    pass.scanned += scanned;
    pass.removed += removed;
    if (next !== null) {
      pass.after = next;
      return restMs;
    }
    this.#pass = undefined;
    const durationMs = this.#context.platform.monotonic() - pass.startedAt;
    if (sweepPass.hasSubscribers) sweepPass.publish({ scanned: pass.scanned, removed: pass.removed, durationMs });
    // If this claim is lost, another pass begins early.
    await this.#context.durable.upkeep.claimSweep({ passId: pass.id, forMs: this.#plan.everyMs });
    return this.#interval();
  }

  #interval(): number {
    return this.#plan.everyMs * (1 + INTERVAL_JITTER * (this.#context.platform.random() - 0.5));
  }
}
