import { OutcomeUnknownError, TierUnavailableError } from '../../errors.ts';

export interface Settled<T> {
  readonly answer: T;
  /** The first answer was lost, and this is the answer to the identical command. */
  readonly isRepeat: boolean;
}

/**
 * Asks once more, with the identical command, when the answer to a write was lost: the write id makes the repeat answer what
 * the first run did, if it ran. Never a new write: that could apply a change twice. Only revocations that are owed
 * (`recovery/pending-revocations.ts`) are tried as new writes, since revoking a row twice does no harm.
 */
export async function settle<T>(write: () => Promise<T>): Promise<Settled<T>> {
  try {
    return { answer: await write(), isRepeat: false };
  } catch (error) {
    if (!(error instanceof OutcomeUnknownError)) throw error;
    return { answer: await orUnknown(write()), isRepeat: true };
  }
}

/** A question about a write in doubt: if it is not answered, the doubt stays. */
export async function orUnknown<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof TierUnavailableError ? new OutcomeUnknownError() : error;
  }
}
