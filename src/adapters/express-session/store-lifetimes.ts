import type { Lifetime } from '../../client/options/lifetime-options.ts';
import { STORE_EVERY_USE_MAX_AGE_MS, STORE_EXACT_MAX_AGE_MS, STORE_EXACT_STEP_MS } from '../../limits/http.ts';
import { LIFETIME_MS_MIN } from '../../limits/session.ts';
import { spell } from '../../platform/duration.ts';
import { isSameMaxAge } from './merge.ts';
import { expiryOf, type StoreRecord } from './store-record.ts';

interface ClientLifetime {
  readonly lifetime: { readonly idle: number; readonly absolute: number };
  readonly maxLifetime: number;
}

/**
 * The lifetimes by `cookie.maxAge`, which is the idle lifetime of a session. The absolute one is the client's
 * `lifetime.absolute`, or its `maxLifetime` where maxAge is longer than that. `maxLifetime` caps both.
 */
export class StoreLifetimes {
  readonly #client: ClientLifetime;
  #hasWarned = false;

  constructor(client: ClientLifetime) {
    this.#client = client;
  }

  /** Returns the lifetime of a new session; undefined if it is the client's. */
  forNew(record: StoreRecord, now: number): Lifetime | undefined {
    const idle = this.#idle(record, now);
    if (idle === undefined) return undefined;
    return this.#outlives(idle) ? { idle, absolute: this.#client.maxLifetime } : { idle };
  }

  /**
   * Returns the new lifetime; undefined if it is unchanged. The absolute deadline moves only if a session becomes long,
   * as by "remember me".
   */
  forChange(base: StoreRecord, next: StoreRecord, now: number): Lifetime | undefined {
    if (isSameMaxAge(base, next) && base.cookie?.['expires'] === next.cookie?.['expires']) return undefined;
    const idle = this.#idle(next, now) ?? this.#client.lifetime.idle;
    const wasLong = this.#outlives(this.#idle(base, now) ?? 0);
    return this.#outlives(idle) && !wasLong ? { idle, absolute: this.#client.maxLifetime } : { idle };
  }

  #idle(record: StoreRecord, now: number): number | undefined {
    const expiresAt = expiryOf(record, now);
    if (expiresAt === null) return undefined;
    const { maxLifetime } = this.#client;
    const wanted = Math.ceil(expiresAt - now);
    if (wanted > maxLifetime) this.#warn(wanted);
    return Math.min(Math.max(wanted, LIFETIME_MS_MIN), maxLifetime);
  }

  #outlives(idle: number): boolean {
    return idle > this.#client.lifetime.absolute;
  }

  #warn(wanted: number): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    process.emitWarning(
      `HoldfastStore: a cookie's maxAge (${spell(wanted)}) is longer than any session may live: sessions end after ` +
        `${spell(this.#client.maxLifetime)}. Give the SessionClient a longer maxLifetime, or the cookie a shorter maxAge.`,
      { type: 'HoldfastWarning', code: 'HOLDFAST_MAX_AGE' },
    );
  }
}

/**
 * Returns true if a use is to be stored although the request changed nothing: a session with so short a `maxAge` has to
 * end exactly when its cookie does.
 */
export function isWorthStoring({ maxAge }: StoreRecord, lastSeenAt: number, now: number): boolean {
  if (maxAge === null || maxAge > STORE_EXACT_MAX_AGE_MS) return false;
  return maxAge < STORE_EVERY_USE_MAX_AGE_MS || now - lastSeenAt >= STORE_EXACT_STEP_MS;
}
