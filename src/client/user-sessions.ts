import type { Codec } from '../codec/codec.ts';
import { EnvelopeError } from '../errors.ts';
import { LIST_SUMMARIES_MAX } from '../limits/durable-tier.ts';
import { hasEnded } from '../session/lifetime.ts';
import type { SealedRecord } from '../session/sealed-record.ts';
import { handleOf } from '../session/session-id.ts';
import type { SessionRecord } from '../session/session-record.ts';
import { toDate, type SessionSummary } from './session.ts';

/** Returns the living rows of this user as a device list shows them, the latest seen first. */
export async function summarize(
  codec: Codec,
  userId: string,
  pages: AsyncIterable<readonly SealedRecord[]>,
  now: number,
): Promise<SessionSummary[]> {
  const summaries: SessionSummary[] = [];
  for await (const page of pages) {
    for (const row of page) if (!hasEnded(row, now)) summaries.push(summaryOf(codec, userId, row));
    if (summaries.length >= LIST_SUMMARIES_MAX) break;
  }
  return summaries.toSorted((a, b) => +b.lastSeenAt - +a.lastSeenAt);
}

/** The storage keys that these handles name among a user's sessions, from one listing. Handles are public. */
export async function findByHandles(
  pages: AsyncIterable<readonly SealedRecord[]>,
  handles: readonly string[],
): Promise<Buffer[]> {
  const wanted = new Set(handles);
  const found: Buffer[] = [];
  for await (const page of pages) {
    for (const { storageKey } of page) if (wanted.has(handleOf(storageKey))) found.push(storageKey);
    if (found.length === wanted.size) break;
  }
  return found;
}

function summaryOf(codec: Codec, userId: string, row: SealedRecord): SessionSummary {
  const opened = openedFor(codec, userId, row);
  return {
    handle: handleOf(row.storageKey),
    label: opened?.label,
    createdAt: new Date(row.createdAt),
    authenticatedAt: toDate(opened?.authenticatedAt),
    lastSeenAt: new Date(row.lastSeenAt),
    idleExpiresAt: new Date(row.idleExpiresAt),
    absoluteExpiresAt: new Date(row.absoluteExpiresAt),
  };
}

/**
 * A session that does not open must still be listed, or its user could not end it. The column that files a row under a user
 * is not authenticated, so what is sealed is shown only to the user that is sealed with it.
 */
function openedFor(codec: Codec, userId: string, row: SealedRecord): SessionRecord | undefined {
  try {
    const record = codec.open(row.storageKey, row.envelope);
    return record.userId === userId ? record : undefined;
  } catch (error) {
    if (error instanceof EnvelopeError) return undefined;
    throw error;
  }
}
