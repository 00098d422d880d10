import type { CreateOptions } from '../client/options/call-options.ts';
import type { Session } from '../client/session.ts';
import { ConfigurationError, isHoldfastError } from '../errors.ts';
import { requireOptions } from '../option-checks.ts';
import { backgroundFailure } from '../telemetry/channels.ts';
import type { HttpSessions } from './http-sessions.ts';
import type { LoginOptions, UserSession } from './request-session.ts';
import { limitSessions } from './session-limit.ts';

export interface Login<Input> {
  readonly userId: string;
  readonly data: LoginOptions<Input>['data'];
  readonly settings: Pick<CreateOptions, 'label' | 'lifetime'>;
}

/**
 * Checks the options of a login.
 * @throws {ConfigurationError} an option is wrong.
 */
export function resolveLogin<T, Input>(
  { options: { policy } }: HttpSessions<T, Input>,
  userId: string,
  options: LoginOptions<Input>,
): Login<Input> {
  const { data, label, lifetime } = requireOptions('login options', options, ['data', 'label', 'lifetime']);
  for (const [name, value] of Object.entries({ userId, label: label ?? '' })) {
    if (typeof value !== 'string') throw new ConfigurationError(`login: expected a string as ${name}.`);
  }
  return { userId, data, settings: { lifetime: policy.forNew(lifetime), ...(label !== undefined && { label }) } };
}

/** Signs in a user whose request came with the session `before`, or with none. */
export async function login<T, Input>(
  { client, options }: HttpSessions<T, Input>,
  before: Session<T> | null,
  { userId, data, settings }: Login<Input>,
): Promise<UserSession<T>> {
  const isTheirs = before !== null && (before.userId === undefined || before.userId === userId);
  let session: Session<T> | null = null;
  if (isTheirs) {
    const changes = { ...settings, userId, ...(data !== undefined && { data }) };
    session = await client.regenerate(before, changes).catch(noneIfGone);
  }
  session ??= await client.create(data === undefined ? options.initial() : data, { ...settings, userId });
  if (before !== null && !isTheirs) await endOther(client, before, session);
  return session as UserSession<T>;
}

/**
 * Ends the user's oldest sessions where there are too many. If that fails, the login stands, and the user's next one
 * repeats it.
 */
export async function keepNewest<T, Input>({ client, options }: HttpSessions<T, Input>, userId: string): Promise<void> {
  const most = options.maxSessionsPerUser;
  if (most === undefined) return;
  try {
    await limitSessions(client, userId, most);
  } catch (error) {
    if (!backgroundFailure.hasSubscribers) return;
    backgroundFailure.publish({ work: 'session-limit', code: isHoldfastError(error) ? error.code : 'unexpected' });
  }
}

/** Ends another user's session, after the new one was made: an outage before that leaves the browser as it was. */
async function endOther<T, Input>(
  client: HttpSessions<T, Input>['client'],
  other: Session<T>,
  session: Session<T>,
): Promise<void> {
  try {
    await client.destroy(other, { by: 'other-user' });
  } catch (error) {
    await client.destroy(session, { by: 'undelivered' }).catch(() => undefined);
    throw error;
  }
}

/**
 * Returns null if another request of this browser has signed in, or out, meanwhile: this login's password was right all
 * the same.
 */
function noneIfGone(error: unknown): null {
  if (isHoldfastError(error) && error.code === 'HOLDFAST_SESSION_NOT_FOUND') return null;
  throw error;
}
