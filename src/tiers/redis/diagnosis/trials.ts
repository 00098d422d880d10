import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { PROBE } from '../scripts/probe.ts';
import type { ServerMode } from '../connection/server-info.ts';

type Words = readonly [command: string, ...args: string[]];

const PROBE_TTL_MS = '1000';
/** A key that no namespace has: `!` is not among the characters of a namespace. */
const OTHER_KEY = '!holdfast-doctor';
const SHA1_OF_PROBE = createHash('sha1').update(PROBE).digest('hex');

/** Every command that the tier sends, on a key that no reader uses. */
function neededBy(mode: ServerMode, probeKey: string): readonly Words[] {
  return [
    ['INFO', 'server'],
    ['TIME'],
    ['MGET', probeKey],
    ['SET', probeKey, 'P', 'PX', PROBE_TTL_MS],
    ['SETRANGE', probeKey, '0', 'P'],
    ['GETRANGE', probeKey, '0', '0'],
    ['PEXPIRE', probeKey, PROBE_TTL_MS],
    ['PTTL', probeKey],
    ['DEL', probeKey],
    ['EVAL', 'return 1', '0'],
    ['EVALSHA', SHA1_OF_PROBE, '1', probeKey, PROBE_TTL_MS],
    ...(mode === 'cluster' ? ([['CLUSTER', 'INFO'], ['CLUSTER', 'NODES'], ['ASKING']] satisfies Words[]) : []),
  ];
}

/** Commands of users that may do more, one for each kind. None changes anything, or takes the server long. */
const NOT_NEEDED: readonly Words[] = [
  ['ACL', 'WHOAMI'],
  ['CLIENT', 'GETNAME'],
  ['CONFIG', 'GET', 'maxmemory-policy'],
  ['DBSIZE'],
  ['SCAN', '0', 'COUNT', '1'],
  ['SCRIPT', 'EXISTS', SHA1_OF_PROBE],
  ['SLOWLOG', 'LEN'],
];

export interface Trials {
  readonly missing: readonly string[];
  readonly lacksKeys: boolean;
  readonly surplus: readonly string[];
  readonly readsOtherKeys: boolean;
}

/** Finds out what the user may do by trying. What the server refuses appears in its ACL LOG. */
export async function tryCommands(redis: Redis, mode: ServerMode, probeKey: string): Promise<Trials> {
  const needed = neededBy(mode, probeKey);
  const [answers, others, otherKey] = await Promise.all([
    Promise.all(needed.map((words) => attempt(redis, words))),
    Promise.all(NOT_NEEDED.map((words) => attempt(redis, words))),
    attempt(redis, ['MGET', OTHER_KEY]),
  ]);
  const nameOf = ([command, argument]: Words): string => (command === 'CLUSTER' ? `${command} ${argument}` : command);
  const lacksKeys = answers.includes('key-refused');
  return {
    missing: needed.filter((_, n) => answers[n] === 'refused' || answers[n] === 'unknown').map(nameOf),
    lacksKeys,
    surplus: NOT_NEEDED.filter((_, n) => others[n] === 'allowed').map(([command]) => command),
    readsOtherKeys: otherKey === 'allowed' || otherKey === 'failed',
  };
}

type Verdict = 'allowed' | 'failed' | 'key-refused' | 'refused' | 'unknown';

/**
 * Returns `failed` for an answer that is no refusal of the user: a script that is not there, a key in another place of a cluster, or a
 * command that a service keeps from everybody in its own words. Rejects if the server does not answer.
 */
async function attempt(redis: Redis, [command, ...args]: Words): Promise<Verdict> {
  try {
    await redis.call(command, ...args);
    return 'allowed';
  } catch (error) {
    if (!(error instanceof Error && error.name === 'ReplyError')) throw error;
    const { message } = error;
    if (message.startsWith('NOPERM')) return /access .*\bkey/i.test(message) ? 'key-refused' : 'refused';
    return /^ERR unknown (?:(?:redis|valkey) )?(?:sub)?command/i.test(message) ? 'unknown' : 'failed';
  }
}
