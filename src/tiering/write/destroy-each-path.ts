import { OutcomeUnknownError, RevocationNotDurableError, TierUnavailableError } from '../../errors.ts';
import type { Tally, TieringContext } from '../context.ts';
import { destroy } from './destroy-path.ts';

/** Ends each of these sessions, which the caller has seen, whatever becomes of the others. Returns how many were alive, as `tally` does. */
export async function destroyEach(
  context: TieringContext,
  storageKeys: readonly Buffer[],
  tally: Tally,
): Promise<number> {
  const outcomes = await Promise.allSettled(storageKeys.map((storageKey) => destroy(context, storageKey, true)));
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []));
  tally.alive += outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value).length;
  const [first] = failures;
  if (first !== undefined) throw whatIsTrueOfAll(first, failures, outcomes.length);
  return tally.alive;
}

/** Returns the error that is true of all: nothing was changed, or everything has ended, though not durably; else the outcome is unknown. */
function whatIsTrueOfAll(first: Error, failures: readonly Error[], total: number): Error {
  const isUnavailable = failures.every((failure) => failure instanceof TierUnavailableError);
  if (isUnavailable && failures.length === total) return first;
  if (failures.every((failure) => failure instanceof RevocationNotDurableError)) return first;
  const isOfTier = (failure: Error): boolean =>
    failure instanceof TierUnavailableError ||
    failure instanceof RevocationNotDurableError ||
    failure instanceof OutcomeUnknownError;
  return failures.find((failure) => !isOfTier(failure)) ?? new OutcomeUnknownError();
}
