import { ConfigurationError, isTierFailure, KeyRingError, TierUnavailableError, type TierRole } from '../errors.ts';
import type { TieredStore } from '../tiering/tiered-store.ts';
import type { DurableGuard } from '../tiering/guard/durable-guard.ts';
import type { TierContext } from '../tiers/context.ts';
import type { Sweeper } from '../upkeep/sweeper.ts';
import type { KeyKeeper } from './key-keeper.ts';

/** The parts that are opened and started. */
export interface OpeningParts {
  readonly keeper: KeyKeeper;
  readonly durable: DurableGuard;
  readonly store: TieredStore;
  readonly sweeper: Sweeper | null;
  readonly durableContext: TierContext;
  /** The tiers' own names, for messages. */
  readonly names: Readonly<Record<TierRole, string>>;
}

/**
 * Loads the keys, connects the primary tier and checks the durable one, then starts what runs in the background; once.
 * After a failure, the next caller tries again only what failed.
 */
export class Opening {
  readonly #parts: OpeningParts;
  #primary: Promise<void> | undefined;
  #durable: Promise<void> | undefined;
  #attempt: Promise<void> | undefined;
  #isOpen = false;

  constructor(parts: OpeningParts) {
    this.#parts = parts;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Callers at one time share an attempt. Rejects with a public error. */
  open(): Promise<void> {
    this.#attempt ??= this.#openAll().finally(() => {
      this.#attempt = undefined;
    });
    return this.#attempt;
  }

  async #openAll(): Promise<void> {
    const { keeper, durable, store, sweeper, durableContext, names } = this.#parts;
    this.#primary ??= store.openPrimary();
    this.#durable ??= durable.open(durableContext);
    // All three, even if one fails: the message about what a person has to mend comes before "try again later".
    const [keys, primary, table] = await Promise.allSettled([keeper.load(), this.#primary, this.#durable]);
    if (primary.status === 'rejected') this.#primary = undefined;
    if (table.status === 'rejected') this.#durable = undefined;
    const failures = [
      ...(keys.status === 'rejected' ? [toError(keys.reason)] : []),
      ...(primary.status === 'rejected' ? [toPublicError('primary', names.primary, primary.reason)] : []),
      ...(table.status === 'rejected' ? [toPublicError('durable', names.durable, table.reason)] : []),
    ];
    const first = failures.find((failure) => !(failure instanceof TierUnavailableError)) ?? failures[0];
    if (first !== undefined) throw first;
    await keeper.start();
    sweeper?.start();
    await store.startFeed();
    this.#isOpen = true;
  }
}

const PAGES: Readonly<Record<TierRole, string>> = {
  primary: 'docs/operating/redis.md',
  durable: 'docs/operating/database.md',
};

function toPublicError(role: TierRole, name: string, error: unknown): Error {
  if (!isTierFailure(error)) return toError(error);
  if (error.kind !== 'misconfigured') return new TierUnavailableError(role, error.reason);
  const advice = error.advice === undefined ? '' : `: ${error.advice}`;
  return new ConfigurationError(
    `The ${role} tier (${name}) is misconfigured${advice} (${error.reason}). See ${PAGES[role]}.`,
  );
}

/** Returns what the application's key source threw as it is, if it is an error. */
function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new KeyRingError('The key source failed.');
}
