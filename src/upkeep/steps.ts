import type { Codec } from '../codec/codec.ts';
import { refuseStale } from '../fleet/fleet.ts';
import type { KeyRing } from '../keys/ring/key-ring.ts';
import { delay, type Platform } from '../platform/platform.ts';
import { retry } from '../platform/retry.ts';
import type { SealedRecord } from '../session/sealed-record.ts';
import type { SessionRecord } from '../session/session-record.ts';
import type { TieredStore } from '../tiering/tiered-store.ts';
import type { DurableGuard } from '../tiering/guard/durable-guard.ts';
import type { SweepContext } from './sweep-page.ts';

/** The parts that a step works with: those of an engine that is open. */
export interface StepContext extends SweepContext {
  readonly codec: Codec;
  readonly durable: DurableGuard;
  readonly audit: {
    /** Records the end of a session that a revoked key had sealed. */
    endedWithKey(storageKey: Buffer, durable: boolean): void;
  };
  readonly store: TieredStore;
  readonly keeper: {
    /** Asks the key source now, and uses its ring. Rejects if the source fails or its ring is refused. */
    refresh(): Promise<void>;
  };
  readonly sealer: {
    seal(storageKey: Buffer, record: SessionRecord, lastSeenAt: number): Promise<SealedRecord>;
  };
}

/** Runs the steps, as an engine does. */
export interface StepRunner {
  readonly platform: Platform;
  /** Runs one call: opens first if need be. `close` waits for it. */
  use<R>(call: (context: StepContext) => Promise<R>): Promise<R>;
}

/** Takes long work step by step: `close` waits for the step under way and not for the whole of it. */
export class Steps {
  readonly platform: Platform;
  readonly #runner: StepRunner;
  readonly #signal: AbortSignal | undefined;

  /** The signal ends the work, which then rejects with its reason. */
  constructor(runner: StepRunner, signal: AbortSignal | undefined) {
    this.platform = runner.platform;
    this.#runner = runner;
    this.#signal = signal;
  }

  /** Takes one step, again and again while a tier is away. Taking it twice must do no harm. */
  take<T>(step: (context: StepContext) => Promise<T>): Promise<T> {
    return retry(this.platform, this.#signal, () => this.#runner.use(step));
  }

  pause(delayMs: number): Promise<void> {
    return delay(this.platform, delayMs, this.#signal);
  }

  /**
   * Has the client ask its key source, and returns the ring that is in use then: a walk with an older ring than the
   * source's would find nothing to do, or undo what others have done. Rejects with what the source throws, and with
   * `KeyRingError` if its ring is refused or the fleet uses a newer one.
   */
  newestRing(): Promise<KeyRing> {
    return this.take(async ({ codec, durable, keeper }) => {
      await keeper.refresh();
      const { ring } = codec;
      refuseStale(ring, await durable.fleet.read());
      return ring;
    });
  }
}
