import type { EngineParts } from '../../engine/engine.ts';
import { OutcomeUnknownError, SessionEndedError, SessionExistsError, TierUnavailableError } from '../../errors.ts';
import { newSessionId, storageKeyOf } from '../../session/session-id.ts';
import type { SealedRecord } from '../../session/sealed-record.ts';
import type { SessionRecord } from '../../session/session-record.ts';
import type { ResolvedCreation } from '../options/call-options.ts';

/** A session that was inserted. */
export interface Created {
  readonly id: string;
  readonly record: SessionRecord;
  readonly sealed: SealedRecord;
}

/** Inserts a session under the id that was asked for, or under a fresh one, and records it. */
export async function create(parts: EngineParts, creation: ResolvedCreation, data: Buffer): Promise<Created> {
  const created = await insert(parts, creation, data);
  const isLogin = creation.userId !== undefined && creation.authenticatedAt === undefined;
  parts.audit.created(created.sealed.storageKey, created.record, isLogin);
  return created;
}

async function insert(parts: EngineParts, creation: ResolvedCreation, data: Buffer): Promise<Created> {
  const now = parts.platform.now();
  const { id, userId, label, lifetime, authenticatedAt = now } = creation;
  const record: SessionRecord = {
    revision: 1,
    createdAt: now,
    absoluteExpiresAt: now + lifetime.absoluteMs,
    idleLifetimeMs: lifetime.idleMs,
    // Nobody has logged in later than now.
    authenticatedAt: userId === undefined || authenticatedAt === null ? undefined : Math.min(authenticatedAt, now),
    lineage: [],
    userId,
    label,
    schemaVersion: 0,
    data,
  };
  return id === undefined ? insertFresh(parts, record, now) : insertNamed(parts, id, record, now);
}

/** Tries once more under another id when the outcome is unknown: no caller knows the first id. */
async function insertFresh(parts: EngineParts, record: SessionRecord, now: number, isLast = false): Promise<Created> {
  const { platform, sealer, store } = parts;
  const id = newSessionId(platform);
  try {
    const sealed = await sealer.seal(storageKeyOf(id), record, now);
    if ((await store.create(sealed, 'fresh')) === 'inserted') return { id, record, sealed };
    // 256 random bits do not collide.
    throw new OutcomeUnknownError();
  } catch (error) {
    if (isLast || !(error instanceof OutcomeUnknownError)) throw error;
    return insertFresh(parts, record, now, true);
  }
}

/** The caller knows the id: where the answer is lost, the session may be there, and stays. */
async function insertNamed(
  { sealer, store }: EngineParts,
  id: string,
  record: SessionRecord,
  now: number,
): Promise<Created> {
  const sealed = await sealer.seal(storageKeyOf(id), record, now);
  const outcome = await store.create(sealed, 'named');
  switch (outcome) {
    case 'inserted':
      return { id, record, sealed };
    case 'taken':
      throw new SessionExistsError();
    case 'ended':
      throw new SessionEndedError();
    case 'late':
      throw new TierUnavailableError('durable', 'too-late');
    default:
      return outcome satisfies never;
  }
}
