import type { Engine, EngineParts } from '../engine/engine.ts';
import { EnvelopeError, PayloadError } from '../errors.ts';
import { LIST_PAGE_ROWS } from '../limits/durable-tier.ts';
import { hasEnded } from '../session/lifetime.ts';
import type { SealedRecord } from '../session/sealed-record.ts';
import { handleOf } from '../session/session-id.ts';
import type { SessionRecord } from '../session/session-record.ts';
import { envelopeRejected } from '../telemetry/channels.ts';
import type { LivingSession } from '../tiering/context.ts';
import type { DeepReadonly } from './data/plain-data.ts';
import type { SessionData } from './data/session-data.ts';
import type { SessionSummary } from './session.ts';

/**
 * A session as an operator sees it: everything but its id, which nobody can know from what is stored. Unlike a `Session`,
 * it is a plain object that prints all of this.
 */
export interface StoredSession<T> extends SessionSummary {
  readonly userId: string | undefined;
  readonly revision: number;
  readonly data: DeepReadonly<T>;
}

/** The living sessions of the namespace in order of storage key. One that cannot be read is announced and left out. */
export async function* storedSessions<T>(
  engine: Engine,
  data: SessionData<T>,
): AsyncGenerator<StoredSession<T>, void, undefined> {
  let after: Buffer | null = Buffer.alloc(0);
  while (after !== null) {
    const start: Buffer = after;
    const page = await engine.use((parts) => readPage(parts, start));
    for (const session of page.sessions) {
      const stored = await readStored(data, session);
      if (stored !== undefined) yield stored;
    }
    after = page.next;
  }
}

interface StoredPage {
  readonly sessions: readonly LivingSession[];
  /** The storage key to go on after; null after the last page. */
  readonly next: Buffer | null;
}

async function readPage(parts: EngineParts, after: Buffer): Promise<StoredPage> {
  const { store, platform } = parts;
  const { rows, next } = await store.walk(after, LIST_PAGE_ROWS);
  const read = await Promise.all(rows.map(({ storageKey }) => store.readRow(storageKey)));
  const now = platform.now();
  const sessions = read.flatMap((row): LivingSession[] => {
    const record = row === null || hasEnded(row, now) ? null : tryOpen(parts, row);
    if (row === null || record === null) return [];
    const { storageKey, lastSeenAt, idleExpiresAt } = row;
    return [{ storageKey, record, lastSeenAt, idleExpiresAt, servedBy: 'durable' }];
  });
  return { sessions, next };
}

function tryOpen(
  { codec, audit }: EngineParts,
  { storageKey, revision, envelope }: SealedRecord,
): SessionRecord | null {
  try {
    const record = codec.open(storageKey, envelope);
    if (record.revision !== revision) throw new EnvelopeError('rolled-back');
    return record;
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error;
    audit.refusedEnvelope('durable', error.reason, storageKey);
    return null;
  }
}

/** Returns undefined for a session that the serializer or the schema refuses: it must not keep the others from being listed. */
async function readStored<T>(data: SessionData<T>, session: LivingSession): Promise<StoredSession<T> | undefined> {
  try {
    return storedSession(session, await data.read(session));
  } catch (error) {
    if (!(error instanceof PayloadError) && !(error instanceof EnvelopeError)) throw error;
    const reason = error instanceof PayloadError ? 'schema' : error.reason;
    if (envelopeRejected.hasSubscribers) {
      envelopeRejected.publish({ tier: 'durable', reason, handle: handleOf(session.storageKey) });
    }
    return undefined;
  }
}

function storedSession<T>(living: LivingSession, data: DeepReadonly<T>): StoredSession<T> {
  const { storageKey, record, lastSeenAt, idleExpiresAt } = living;
  const { userId, label, revision, authenticatedAt } = record;
  return {
    handle: handleOf(storageKey),
    userId,
    label,
    revision,
    data,
    createdAt: new Date(record.createdAt),
    authenticatedAt: authenticatedAt === undefined ? undefined : new Date(authenticatedAt),
    lastSeenAt: new Date(lastSeenAt),
    idleExpiresAt: new Date(idleExpiresAt),
    absoluteExpiresAt: new Date(record.absoluteExpiresAt),
  };
}
