import type { SessionClient } from '../client/session-client.ts';
import type { SessionSummary } from '../client/session.ts';
import { HANDLES_MAX } from '../limits/durable-tier.ts';

/**
 * Ends all sessions of the user but the newest `most`, this login's own included. Logins that run at the same time rank
 * all sessions in the same order, so that together they leave exactly that many. The order is not by `lastSeenAt`,
 * which moves.
 */
export async function limitSessions<T, Input>(
  sessions: SessionClient<T, Input>,
  userId: string,
  most: number,
): Promise<void> {
  const all = await sessions.listByUser(userId);
  const surplus = all.toSorted(newestFirst).slice(most, most + HANDLES_MAX);
  if (surplus.length === 0) return;
  await sessions.destroyByHandle(
    userId,
    surplus.map(({ handle }) => handle),
    { by: 'session-limit' },
  );
}

/**
 * Orders by the login, so that a step-up does not end an old session. A login changes the handle, so both fields of a
 * handle are fixed.
 */
function newestFirst(a: SessionSummary, b: SessionSummary): number {
  return rankOf(b) - rankOf(a) || (a.handle < b.handle ? -1 : 1);
}

function rankOf({ authenticatedAt, createdAt }: SessionSummary): number {
  return (authenticatedAt ?? createdAt).getTime();
}
