import { TierFailure, type TierFailureKind } from '../../../errors.ts';
import { adviceFor } from '../advice.ts';
import { TLS_CODE, tlsMistake } from './tls-failure.ts';

/**
 * Classifies ioredis's and the server's errors as one of the four kinds. Only words of the tables below leave this file: messages
 * may quote keys, user names and addresses, and ioredis keeps the arguments of a command, passwords included, on its
 * errors (`command.args`).
 *
 * Whatever is not known here is ambiguous, the kind that promises least.
 */
export function toTierFailure(error: unknown, progress: Progress = 'greeted'): TierFailure {
  if (error instanceof TierFailure) return error;
  const known = error instanceof Error ? (fromReply(error) ?? fromTransport(error, progress)) : null;
  return known ?? new TierFailure('ambiguous', 'unexpected');
}

/**
 * The state of a connection attempt, in this order: `reaching`, no answer yet; `accepted`, TCP is connected; `connected`, TLS is agreed
 * upon, where there is any; `greeted`, Redis has taken the greeting. The same error is a mistake of a person before, a broken wire after.
 */
export type Progress = 'accepted' | 'connected' | 'greeted' | 'reaching';

/** The first words of error replies. Each says that the command was not executed. */
const REPLIES: ReadonlyMap<string, TierFailureKind> = new Map([
  ['BUSY', 'rejected'],
  ['CLUSTERDOWN', 'rejected'],
  ['LOADING', 'rejected'],
  ['MASTERDOWN', 'rejected'],
  ['MISCONF', 'rejected'],
  ['NOREPLICAS', 'rejected'],
  ['NOSCRIPT', 'rejected'],
  ['OOM', 'rejected'],
  ['READONLY', 'rejected'],
  ['TRYAGAIN', 'rejected'],
  // A node of a cluster, to a client that expects one server.
  ['ASK', 'misconfigured'],
  ['CROSSSLOT', 'misconfigured'],
  ['MOVED', 'misconfigured'],
  ['DENIED', 'misconfigured'],
  ['NOAUTH', 'misconfigured'],
  ['NOPERM', 'misconfigured'],
  ['NOPROTO', 'misconfigured'],
  ['WRONGPASS', 'misconfigured'],
  ['WRONGTYPE', 'misconfigured'],
]);

type Rule = readonly [pattern: RegExp, kind: TierFailureKind, reason: string];

/** Replies whose first word is only `ERR`. */
const ERR_REPLIES: readonly Rule[] = [
  [/^ERR ACL failure in script/, 'misconfigured', 'NOPERM'],
  // INFO of several sections, before Redis 7.
  [/^ERR syntax error/i, 'misconfigured', 'unknown-command'],
  // In a script: "Unknown Redis command called from script".
  [/^ERR unknown (?:redis |valkey )?command/i, 'misconfigured', 'unknown-command'],
  [/^ERR (?:AUTH|Client sent AUTH|invalid password|wrong number of arguments for 'auth')/i, 'misconfigured', 'auth'],
  [/^ERR (?:DB index is out of range|SELECT is not allowed)/i, 'misconfigured', 'db-index'],
  [/^ERR This instance has cluster support disabled/, 'misconfigured', 'not-a-cluster'],
  [/^ERR Protocol error/i, 'misconfigured', 'protocol'],
  // A Sentinel.
  [/^ERR No such master/, 'misconfigured', 'name'],
  [/^ERR max number of clients/i, 'rejected', 'max-clients'],
];

function fromReply({ name, message }: Error): TierFailure | null {
  return name === 'ReplyError' ? failureOfReply(message) : null;
}

/** Classifies an error reply of the server, or the part of a reply that is one. */
export function failureOfReply(message: string): TierFailure {
  const word = /^[A-Z]+/.exec(message)?.[0] ?? '';
  const kind = REPLIES.get(word);
  if (kind !== undefined) return failure(kind, word);
  return match(ERR_REPLIES, message) ?? new TierFailure('ambiguous', 'reply');
}

/** The messages of ioredis. Only the first of them says for certain that nothing was sent. */
const MESSAGES: readonly Rule[] = [
  [/^Stream isn't writeable/, 'not-sent', 'not-connected'],
  [/^(?:Connection is closed|Reached the max retries|Command aborted due to connection close)/, 'ambiguous', 'closed'],
];

/** The messages of the decoder of ioredis. From a server that has shown to be Redis, they mean a broken wire. */
const NOT_REDIS = /Unknown RESP type|^Protocol error/;

/** No connection came about, so no command was sent. A resolver that fails may be down, so a name is not a mistake yet. */
const UNREACHED_CODES: ReadonlySet<string> = new Set([
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
]);

const LOST_CODES: ReadonlySet<string> = new Set(['ECONNABORTED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

/** Certificates that do not verify: OpenSSL's X509_V_ERR_*, as Node names them. */
const CERTIFICATE_CODE =
  /^(?:CERT_[A-Z_]+|CRL_[A-Z_]+|DEPTH_ZERO_SELF_SIGNED_CERT|ERR_TLS_[A-Z0-9_]+|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_[A-Z_]+)$/;

function fromTransport(error: Error, progress: Progress): TierFailure | null {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') {
    if (CERTIFICATE_CODE.test(code)) return failure('misconfigured', code.slice(0, 64));
    if (TLS_CODE.test(code)) {
      const mistake = tlsMistake(code, error.message, progress === 'reaching' || progress === 'accepted');
      return mistake === null ? failure('ambiguous', code.slice(0, 64)) : failure('misconfigured', mistake);
    }
    if (UNREACHED_CODES.has(code)) return failure('not-sent', code);
    if (LOST_CODES.has(code)) return failure(syscall === 'connect' ? 'not-sent' : 'ambiguous', code);
  }
  if (NOT_REDIS.test(error.message)) return failure(progress === 'greeted' ? 'ambiguous' : 'misconfigured', 'protocol');
  return match(MESSAGES, error.message);
}

function match(rules: readonly Rule[], message: string): TierFailure | null {
  const found = rules.find(([pattern]) => pattern.test(message));
  return found === undefined ? null : failure(found[1], found[2]);
}

function failure(kind: TierFailureKind, reason: string): TierFailure {
  return new TierFailure(kind, reason, adviceFor(reason));
}
