import { TierFailure } from '../../../errors.ts';
import type { ScriptName } from './client-settings.ts';
import { failureOfReply } from './failure.ts';
import { OUTCOMES } from '../scripts/prelude.ts';

type Argument = Buffer | string;

/** A key that a script is to change. */
export interface Mutation {
  readonly script: ScriptName;
  readonly key: string;
  readonly args: readonly Argument[];
}

export interface ScriptCall {
  readonly script: ScriptName;
  readonly args: readonly [number, ...Argument[]];
}

export interface ScriptAnswer {
  /** Milliseconds of the server's clock; null if nothing was executed. */
  readonly serverTime: number | null;
  readonly outcomes: readonly MutationOutcome[];
}

/** True if the script did what it is for, false if the key held something that forbade it. */
export type MutationOutcome = TierFailure | boolean;

export function bytesOf({ key, args }: Mutation): number {
  return args.reduce((sum, { length }) => sum + length, key.length);
}

/** Makes one call of mutations of one script: how many keys, the keys, the deadline, the parameters of each key. */
export function scriptCall(mutations: readonly Mutation[], deadline: number): ScriptCall {
  const keys = mutations.map(({ key }) => key);
  const parameters = mutations.flatMap(({ args }) => args);
  return {
    script: (mutations[0] as Mutation).script,
    args: [keys.length, ...keys, String(deadline), ...parameters],
  };
}

export function readAnswer(answer: string): ScriptAnswer {
  const [outcomes = '', serverTime, ...errors] = answer.split('\n');
  return { serverTime: Number(serverTime), outcomes: Array.from(outcomes, (outcome) => readOutcome(outcome, errors)) };
}

/** Takes the next error, if this key failed: they are in the order of the keys. */
function readOutcome(outcome: string, errors: string[]): MutationOutcome {
  switch (outcome) {
    case OUTCOMES.done:
      return true;
    case OUTCOMES.refused:
      return false;
    case OUTCOMES.late:
      return new TierFailure('rejected', 'late');
    case OUTCOMES.failed:
      return failureOfReply(errors.shift() ?? '');
    default:
      return new TierFailure('ambiguous', 'reply');
  }
}
