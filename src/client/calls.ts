import { isHoldfastError, type TierRole } from '../errors.ts';
import type { Platform } from '../platform/platform.ts';
import { callEnd, type CallName } from '../telemetry/channels.ts';

/** Measures the calls of one client, and publishes them on `holdfast:call`. Reads no clock while nobody subscribes. */
export class Calls {
  readonly #platform: Platform;
  readonly #namespace: string;

  constructor(platform: Platform, namespace: string) {
    this.#platform = platform;
    this.#namespace = namespace;
  }

  run<R>(operation: CallName, call: () => Promise<R>): Promise<R> {
    return callEnd.hasSubscribers ? this.#measure(operation, call) : call();
  }

  async #measure<R>(operation: CallName, call: () => Promise<R>): Promise<R> {
    const platform = this.#platform;
    const begun = { namespace: this.#namespace, operation, startedAt: platform.now() };
    const from = platform.monotonic();
    try {
      const result = await call();
      const outcome = result === null || result === false ? 'none' : 'ok';
      callEnd.publish({ ...begun, outcome, servedBy: tierOf(result), durationMs: platform.monotonic() - from });
      return result;
    } catch (error) {
      const outcome = isHoldfastError(error) ? error.code : 'unexpected';
      callEnd.publish({ ...begun, outcome, servedBy: null, durationMs: platform.monotonic() - from });
      throw error;
    }
  }
}

function tierOf(result: unknown): TierRole | null {
  return typeof result === 'object' && result !== null && 'servedBy' in result ? (result.servedBy as TierRole) : null;
}
