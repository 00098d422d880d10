import { isTierFailure, reasonOf, TierFailure } from '../../errors.ts';
import type { TierContext } from '../../tiers/context.ts';

/** Opens the durable tier: all callers share one attempt at a time, until one succeeds. */
export class DurableOpening {
  readonly #attempt: (context: TierContext) => Promise<void>;
  #underWay: Promise<void> | undefined;
  #isOpen = false;
  #failure: { readonly error: unknown } | undefined;
  /** Null until the first attempt. */
  #context: TierContext | null = null;

  /** `attempt` opens the tier and proves that it answers. Must settle. */
  constructor(attempt: (context: TierContext) => Promise<void>) {
    this.#attempt = attempt;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The reason why the tier is not open. */
  get reason(): string {
    return this.#failure === undefined ? 'never-reached' : reasonOf(this.#failure.error);
  }

  /** Throws what the last attempt failed with, unless there was none, or a person has to mend it and may have done so. */
  throwIfAway(): void {
    if (this.#failure !== undefined && !isMisconfigured(this.#failure.error)) throw this.#failure.error;
  }

  with(context: TierContext): Promise<void> {
    this.#context = context;
    return this.again();
  }

  again(): Promise<void> {
    this.#underWay ??= this.#once().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #once(): Promise<void> {
    if (this.#context === null) throw new TierFailure('not-sent', 'never-reached');
    try {
      await this.#attempt(this.#context);
      this.#isOpen = true;
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}

export function isMisconfigured(error: unknown): boolean {
  return isTierFailure(error) && error.kind === 'misconfigured';
}
