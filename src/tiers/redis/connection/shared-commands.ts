import type { TierFailure } from '../../../errors.ts';
import type { ScriptedRedis } from './client-settings.ts';
import { readAnswer, scriptCall, type Mutation, type ScriptAnswer } from './mutation.ts';

/** The bytes of a key, null where there are none, or why they were not read. */
export type ReadOutcome = Buffer | TierFailure | null;

/** Sends the calls of one turn of the event loop. */
export interface SharedCommands {
  /** Returns whether two mutations may leave together. */
  areAlike(one: Mutation, other: Mutation): boolean;
  read(redis: ScriptedRedis, keys: readonly string[]): Promise<readonly ReadOutcome[]>;
  run(redis: ScriptedRedis, mutations: readonly Mutation[], deadline: number): Promise<ScriptAnswer>;
}

/** Sends one command for many keys: the cheapest, where one server has them all. */
export const manyKeysEach: SharedCommands = {
  areAlike: (one, other) => one.script === other.script,

  read: (redis, keys) => redis.mgetBuffer([...keys]),

  async run(redis, mutations, deadline) {
    const { script, args } = scriptCall(mutations, deadline);
    return readAnswer(String(await redis[script](...args)));
  },
};
