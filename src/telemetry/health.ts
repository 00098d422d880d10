import type { Platform } from '../platform/platform.ts';

/** `up` works; `degraded` answers, but not everything or not as it should; `down` does not answer. */
export type TierState = 'degraded' | 'down' | 'up';

/** The state of a tier or of the keys, as this process knows it. */
export interface TierHealth {
  readonly state: TierState;
  /** A short word such as `ECONNREFUSED` or `never-reached`. Absent only while the state is `up`. */
  readonly reason?: string;
  /** The option concerned, the cause and the cure, where a person can do something about it. */
  readonly advice?: string;
  /** The beginning of this state, by the wall clock of this process. */
  readonly since: Date;
}

/** A state and its reason. */
export type Verdict =
  | { readonly state: 'degraded' | 'down'; readonly reason: string; readonly advice?: string }
  | { readonly state: 'up'; readonly reason?: never; readonly advice?: never };

export const UP: Verdict = { state: 'up' };

/** The latest state of a tier or of the keys, and its beginning. */
export class HealthState {
  readonly #platform: Platform;
  #verdict: Verdict;
  #since: number;

  constructor(platform: Platform, verdict: Verdict) {
    this.#platform = platform;
    this.#verdict = verdict;
    this.#since = platform.now();
  }

  /** Takes the newest verdict. Another reason for the same state does not move its beginning. */
  note(verdict: Verdict): TierHealth {
    if (verdict.state !== this.#verdict.state) this.#since = this.#platform.now();
    this.#verdict = verdict;
    return { ...verdict, since: new Date(this.#since) };
  }
}
