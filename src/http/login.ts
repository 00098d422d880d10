import type { Session } from '../client/session.ts';
import { isHoldfastError } from '../errors.ts';
import { requireOptions } from '../option-checks.ts';
import type { HttpSessions } from './http-sessions.ts';
import type { LoginOptions, UserSession } from './request-session.ts';
import { limitSessions } from './session-limit.ts';

/** Signs a user in who came with the session `before`, or with none. */
export async function login<T, Input>(
  http: HttpSessions<T, Input>,
  before: Session<T> | null,
  userId: string,
  options: LoginOptions<Input>,
): Promise<UserSession<T>> {
  const { data, label, lifetime } = requireOptions('login options', options, ['data', 'label', 'lifetime']);
  const { client } = http;
  const settings = { userId, lifetime: http.options.policy.forNew(lifetime), ...(label !== undefined && { label }) };
  const isTheirs = before !== null && (before.userId === undefined || before.userId === userId);
  let session: Session<T> | null = null;
  if (isTheirs) {
    session = await client.regenerate(before, { ...settings, ...(data !== undefined && { data }) }).catch(noneIfGone);
  }
  session ??= await client.create(data ?? http.options.initial(), settings);
  if (before !== null && !isTheirs) await endOther(http, before, session);
  const most = http.options.maxSessionsPerUser;
  if (most !== undefined) await limitSessions(client, userId, most);
  return session as UserSession<T>;
}

/** Ends another user's session, after the new one was made: an outage before that leaves the browser as it was. */
async function endOther<T, Input>(
  { client }: HttpSessions<T, Input>,
  other: Session<T>,
  session: Session<T>,
): Promise<void> {
  try {
    await client.destroy(other);
  } catch (error) {
    await client.destroy(session).catch(() => undefined);
    throw error;
  }
}

/** Another request of this browser has signed in, or out, meanwhile. This one's password was right all the same. */
function noneIfGone(error: unknown): null {
  if (isHoldfastError(error) && error.code === 'HOLDFAST_SESSION_NOT_FOUND') return null;
  throw error;
}
