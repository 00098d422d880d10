import { ConfigurationError, TierFailure } from '../../../errors.ts';
import { ACCESS_TIMEOUT_MS } from '../../../limits/primary-tier.ts';
import { requireOptions } from '../../../option-checks.ts';
import { withBackgroundDeadline } from '../../../platform/deadline.ts';
import type { Platform } from '../../../platform/platform.ts';
import { adviceFor } from '../advice.ts';
import { nonEmpty } from './option-values.ts';
import { resolveTls, type TlsSettings } from './tls-options.ts';
import type { RedisCredentials, ServerAccess } from './topology.ts';

/** The credentials and certificates of one attempt to connect. */
export interface Access {
  readonly credentials: RedisCredentials | undefined;
  /** Undefined without TLS. */
  readonly tls: TlsSettings | undefined;
}

/** Asks the functions among the options, at the same time. Rejects with a `TierFailure`: what they throw may quote secrets. */
export async function readAccess({ credentials, tls }: ServerAccess, platform: Platform): Promise<Access> {
  const [user, settings] = await Promise.all([
    typeof credentials === 'function'
      ? ask('credentials', credentials, (given) => resolveCredentials('credentials', given), platform)
      : credentials,
    typeof tls === 'function' ? ask('tls', tls, resolveTls, platform) : tls,
  ]);
  return { credentials: user, tls: settings };
}

export function resolveCredentials(what: string, given: RedisCredentials): RedisCredentials {
  const { username, password } = requireOptions(`redisTier: ${what}`, given, ['username', 'password']);
  nonEmpty('username', username);
  if (nonEmpty('password', password) === undefined) throw new ConfigurationError(`redisTier: ${what} lack a password.`);
  return { password, ...(username === undefined ? {} : { username }) };
}

async function ask<Given, Resolved>(
  option: 'credentials' | 'tls',
  question: () => Given | Promise<Given>,
  resolve: (given: Given) => Resolved,
  platform: Platform,
): Promise<Resolved> {
  const given = await answerOf(option, question, platform);
  try {
    return resolve(given);
  } catch (error) {
    const problem = error instanceof ConfigurationError ? error.message : undefined;
    throw new TierFailure('misconfigured', `${option}-refused`, problem?.replace(/\.$/, ''));
  }
}

function answerOf<Given>(option: string, question: () => Given | Promise<Given>, platform: Platform): Promise<Given> {
  const reason = `${option}-failed`;
  const failure = (): Error => new TierFailure('not-sent', reason, adviceFor(reason));
  const answer = Promise.resolve()
    .then(question)
    .catch(() => Promise.reject(failure()));
  return withBackgroundDeadline(platform, ACCESS_TIMEOUT_MS, answer, failure);
}
