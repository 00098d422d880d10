import { createHash } from 'node:crypto';
import { SCRIPTS, type ScriptedRedis } from '../connection/client-settings.ts';
import { toTierFailure } from '../connection/failure.ts';
import { readAnswer, scriptCall, type MutationOutcome, type ScriptCall } from '../connection/mutation.ts';
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
      return runScript(redis, scriptCall([mutation], deadline)).then((reply) => {
        const answer = readAnswer(String(reply));
        serverTime = answer.serverTime;
        return answer.outcomes[0] as MutationOutcome;
      }, failureOf);
    });
    return { serverTime, outcomes };
  },
};

/** The names under which servers keep scripts. */
const HASHES = new Map(
  Object.entries(SCRIPTS).map(([name, lua]) => [name, createHash('sha1').update(lua).digest('hex')]),
);

/** Does what the method of ioredis does, for half of what that costs. A server that does not have the script yet gets its text. */
function runScript(redis: ScriptedRedis, { script, args }: ScriptCall): Promise<unknown> {
  return redis.evalsha(HASHES.get(script) ?? '', ...args).catch((error: unknown) => {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return redis.eval(SCRIPTS[script], ...args);
  });
}

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
