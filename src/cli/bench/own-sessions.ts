import type { SessionClient } from '../../client/session-client.ts';
import { BENCH_CREATED_MAX, BENCH_LAST_LIFETIME_MS } from '../../limits/cli.ts';
import { CLOCK_SKEW_MS } from '../../limits/session.ts';
import { randomBytes, type Platform } from '../../platform/platform.ts';
import { storageKeyOf } from '../../session/session-id.ts';

export interface OwnSessionsOptions {
  readonly client: SessionClient;
  readonly platform: Platform;
  readonly data: unknown;
  /** The life of those that are read and updated. */
  readonly lifetimeMs: number;
}

/**
 * The sessions of a benchmark. They belong to a user that nobody else has, and have short lives, so that they end by themselves if the
 * process is killed.
 */
export class OwnSessions {
  /** The storage keys of all that may have been created. */
  readonly storageKeys: Buffer[] = [];
  /** The number that were created. */
  created = 0;
  /** The time by which all have reached a deadline, by the wall clock. */
  latestEndAt = 0;
  readonly #options: OwnSessionsOptions;
  readonly #userId: string;
  readonly #living: string[] = [];
  #copiesUntil = 0;
  #tombstonesUntil = 0;

  constructor(options: OwnSessionsOptions) {
    this.#options = options;
    this.#userId = `holdfast-bench-${randomBytes(options.platform, 8).toString('hex')}`;
  }

  /** The time by which Redis has nothing of them any more: neither copies nor tombstones. */
  get redisFreeAt(): number {
    return Math.max(this.#copiesUntil, this.#tombstonesUntil);
  }

  /** True once so many were created that a very fast database would be filled. */
  get isSpent(): boolean {
    return this.storageKeys.length >= BENCH_CREATED_MAX;
  }

  /** Creates one that lives until the end. Redis gets a copy with the first read, so it has none of this one. */
  async create(): Promise<string> {
    return this.#create(this.#options.lifetimeMs);
  }

  /** Creates one that is about to be destroyed. Redis remembers that until its deadline, and a little longer. */
  async createToDestroy(lifetimeMs: number): Promise<string> {
    const id = await this.#create(lifetimeMs);
    this.#tombstonesUntil = this.#options.platform.now() + lifetimeMs + CLOCK_SKEW_MS;
    return id;
  }

  /** Makes those that are read and updated, and brings them to Redis. */
  async fill(count: number, isOver: () => boolean): Promise<void> {
    const { client, platform, lifetimeMs } = this.#options;
    while (this.#living.length < count && !isOver()) {
      const ids = await Promise.all(Array.from({ length: FILLED_AT_ONCE }, () => this.create()));
      this.#living.push(...ids);
      this.#copiesUntil = platform.now() + lifetimeMs;
      await Promise.all(ids.map((id) => client.get(id, { touch: false })));
    }
  }

  /** Returns one of those that are read and updated. */
  living(n: number): string {
    return this.#living[n % this.#living.length] ?? '';
  }

  /** Shortens the lives of those that Redis has, so that its copies leave at once. */
  async end(): Promise<void> {
    const { client, platform } = this.#options;
    const lifetime = { idle: BENCH_LAST_LIFETIME_MS, absolute: BENCH_LAST_LIFETIME_MS };
    const shorten = (id: string): Promise<unknown> => client.update(id, (data) => data, { lifetime });
    for (let at = 0; at < this.#living.length; at += FILLED_AT_ONCE) {
      const ends = await Promise.allSettled(this.#living.slice(at, at + FILLED_AT_ONCE).map(shorten));
      // One that could not be shortened lives as long as it was to.
      if (ends.some(({ status }) => status === 'rejected')) return;
    }
    if (this.#living.length > 0) this.#copiesUntil = platform.now() + BENCH_LAST_LIFETIME_MS;
  }

  async #create(lifetimeMs: number): Promise<string> {
    const { client, platform, data } = this.#options;
    const id = client.newId();
    // Noted before it is sent: its answer may be lost.
    this.storageKeys.push(storageKeyOf(id));
    const lifetime = { idle: lifetimeMs, absolute: lifetimeMs };
    // Nobody signs in: a log that the application keeps of logins does not grow by these.
    const options = { id, userId: this.#userId, label: 'holdfast bench', lifetime, authenticatedAt: null };
    try {
      await client.create(data, options);
      this.created += 1;
    } finally {
      // Its life began when the client sent it, which on a busy machine is later than the call.
      this.latestEndAt = Math.max(this.latestEndAt, platform.now() + lifetimeMs);
    }
    return id;
  }
}

const FILLED_AT_ONCE = 50;
