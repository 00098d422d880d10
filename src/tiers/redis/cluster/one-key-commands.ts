import type { ScriptedRedis } from '../connection/client-settings.ts';
import { toTierFailure } from '../connection/failure.ts';
import { readAnswer, scriptCall, type MutationOutcome } from '../connection/mutation.ts';
import type { ReadOutcome, SharedCommands } from '../connection/shared-commands.ts';
import { redirectionIn } from './redirection.ts';
import type { TierFailure } from '../../../errors.ts';

/**
 * Sends one command for each key, because a command in a cluster has keys of one slot only; those of a turn leave in one write. An
 * outcome may be a `Redirection`.
 */
export const oneKeyEach: SharedCommands = {
  areAlike: () => true,

  read: (redis, keys) =>
    inOneWrite(redis, keys, (key) => redis.mgetBuffer(key).then(([value]): ReadOutcome => value ?? null, failureOf)),

  async run(redis, mutations, deadline) {
    let serverTime: number | null = null;
    const outcomes = await inOneWrite(redis, mutations, (mutation): Promise<MutationOutcome> => {
      const { script, args } = scriptCall([mutation], deadline);
      return redis[script](...args).then((reply) => {
        const answer = readAnswer(String(reply));
        serverTime = answer.serverTime;
        return answer.outcomes[0] as MutationOutcome;
      }, failureOf);
    });
    return { serverTime, outcomes };
  },
};

/** Sends a command for each of these. One write is one TLS record. */
function inOneWrite<Request, Outcome>(
  { stream }: ScriptedRedis,
  requests: readonly Request[],
  send: (request: Request) => Promise<Outcome>,
): Promise<Outcome[]> {
  stream.cork();
  try {
    return Promise.all(requests.map(send));
  } finally {
    stream.uncork();
  }
}

function failureOf(error: unknown): TierFailure {
  return redirectionIn(error) ?? toTierFailure(error);
}
