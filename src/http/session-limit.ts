import type { SessionClient } from '../client/session-client.ts';
import type { SessionSummary } from '../client/session.ts';
import { HANDLES_MAX } from '../limits/durable-tier.ts';

/**
 * Ends all sessions of the user but the newest `most`, this login's own included: each login that runs at the same time ranks all
 * sessions in the same order, so that together they leave exactly that many. Ranking by `lastSeenAt` would not do: it moves.
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
  );
}

/** By the login, since one that steps an old session up must not be its end. A login changes the handle: neither moves for a handle. */
function newestFirst(a: SessionSummary, b: SessionSummary): number {
  return rankOf(b) - rankOf(a) || (a.handle < b.handle ? -1 : 1);
}

function rankOf({ authenticatedAt, createdAt }: SessionSummary): number {
  return (authenticatedAt ?? createdAt).getTime();
}
