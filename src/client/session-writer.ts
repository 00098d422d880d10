import type { Codec } from '../codec/codec.ts';
import { RevisionConflictError, SessionNotFoundError } from '../errors.ts';
import { CONFLICT_BACKOFF_MS_MAX, CONFLICT_BACKOFF_MS_MIN } from '../limits.ts';
import type { Seal } from '../maintenance/target.ts';
import { delay, type Platform } from '../platform/platform.ts';
import { sealedBy } from '../session/lineage.ts';
import type { SealedRecord } from '../session/sealed-record.ts';
import { newSessionId, storageKeyOf } from '../session/session-id.ts';
import type { SessionRecord } from '../session/session-record.ts';
import type { LivingSession } from '../tiering/context.ts';
import { withDeadline } from '../tiering/deadline.ts';
import type { TieredStore } from '../tiering/tiered-store.ts';
import type { SessionData, UnreadData } from './session-data.ts';
import type { Deadline } from './update-queue.ts';

/** What a write works with, and the session that it is for. */
export interface WriterContext<T> {
  readonly id: string;
  readonly storageKey: Buffer;
  readonly platform: Platform;
  readonly store: TieredStore;
  readonly seal: Seal;
  readonly codec: Pick<Codec, 'remember'>;
  readonly data: SessionData<T>;
}

/** What a write made of a session, and under which id. Data that might not read back was read before anything was written. */
export interface Written<T> {
  readonly id: string;
  readonly session: LivingSession;
  readonly data: T | UnreadData<T>;
}

export type Change<T> = (draft: T) => Promise<T | void> | T | void;

/** Read, change, compare-and-swap; again from the durable tier when somebody else was faster. */
export async function update<T>(context: WriterContext<T>, change: Change<T>, deadline: Deadline): Promise<Written<T>> {
  return untilApplied(context, deadline, async (current) => {
    const bytes = await changedData(context, current, change, deadline);
    const data = await context.data.reread(bytes);
    const session = await swap(context, current, bytes);
    return session === null ? null : { id: context.id, session, data };
  });
}

/** A change that never ends must not keep the session's other writes waiting for ever. Nothing has been sent by then. */
async function changedData<T>(
  context: WriterContext<T>,
  current: LivingSession,
  change: Change<T>,
  deadline: Deadline,
): Promise<Buffer> {
  const { platform, data } = context;
  const draft = await data.read(current.record.data);
  const late = (): Error => new RevisionConflictError('The change did not end in time.');
  const changed = change(draft);
  if (!(changed instanceof Promise)) return data.write(changed === undefined ? draft : changed);
  const result = await withDeadline(platform, Math.max(deadline - platform.monotonic(), 0), changed, late);
  return data.write(result === undefined ? draft : result);
}

/** One compare-and-swap against a revision that the caller has seen. */
export async function replace<T>(context: WriterContext<T>, replacement: T, revision: number): Promise<Written<T>> {
  const bytes = await context.data.write(replacement);
  const data = await context.data.reread(bytes);
  const current = await atRevision(context, revision);
  const session = await swap(context, current, bytes);
  if (session !== null) return { id: context.id, session, data };
  if ((await context.store.readDurable(current.storageKey)) === null) throw new SessionNotFoundError();
  throw new RevisionConflictError();
}

export interface Regenerating<T> {
  readonly userId?: string;
  readonly data?: T;
}

/** A new id for the same session. A new user starts a new life: its absolute lifetime begins again. */
export async function regenerate<T>(
  context: WriterContext<T>,
  changes: Regenerating<T>,
  deadline: Deadline,
): Promise<Written<T>> {
  const bytes = changes.data === undefined ? undefined : await context.data.write(changes.data);
  const newId = newSessionId(context.platform);
  const storageKey = storageKeyOf(newId);
  return untilApplied(context, deadline, async (current) => {
    const now = context.platform.now();
    const record = reborn(current.record, changes.userId, bytes, now);
    const data = await context.data.read(record.data);
    const sealed = await context.seal(storageKey, record, now);
    const hasMoved = await context.store.regenerate({
      previousStorageKey: current.storageKey,
      previousAbsoluteExpiresAt: current.record.absoluteExpiresAt,
      record: sealed,
      idleLifetimeMs: record.idleLifetimeMs,
    });
    if (!hasMoved) return null;
    context.codec.remember(storageKey, sealed.envelope, record);
    return { id: newId, session: written(sealed, record), data };
  });
}

function reborn(
  record: SessionRecord,
  userId: string | undefined,
  data: Buffer | undefined,
  now: number,
): SessionRecord {
  const next = { ...record, revision: record.revision + 1, data: data ?? record.data };
  if (userId === undefined) return next;
  if (userId === record.userId) return { ...next, authenticatedAt: now };
  const absoluteExpiresAt = now + (record.absoluteExpiresAt - record.createdAt);
  return { ...next, userId, authenticatedAt: now, createdAt: now, absoluteExpiresAt };
}

/** The session at this revision; a copy that is behind it is looked up in the durable tier. */
async function atRevision<T>({ store, storageKey }: WriterContext<T>, revision: number): Promise<LivingSession> {
  let current = await store.read(storageKey, { consistency: 'bounded', touch: false });
  if (current !== null && current.record.revision < revision) current = await store.readDurable(storageKey);
  if (current === null) throw new SessionNotFoundError();
  if (current.record.revision !== revision) throw new RevisionConflictError();
  return current;
}

/** The session after the write; null if another write came first or it is gone. */
async function swap<T>(context: WriterContext<T>, current: LivingSession, data: Buffer): Promise<LivingSession | null> {
  const now = context.platform.now();
  const record: SessionRecord = { ...current.record, revision: current.record.revision + 1, data };
  const sealed = await context.seal(current.storageKey, record, now);
  const isApplied = await context.store.update(sealed, record.idleLifetimeMs);
  if (!isApplied) return null;
  context.codec.remember(current.storageKey, sealed.envelope, record);
  return written(sealed, record);
}

async function untilApplied<T>(
  context: WriterContext<T>,
  deadline: Deadline,
  attempt: (current: LivingSession) => Promise<Written<T> | null>,
): Promise<Written<T>> {
  const { platform, store, storageKey } = context;
  let current = await store.read(storageKey, { consistency: 'bounded', touch: false });
  for (let tries = 1; ; tries += 1) {
    if (current === null) throw new SessionNotFoundError();
    const result = await attempt(current);
    if (result !== null) return result;
    const ceilingMs = Math.min(CONFLICT_BACKOFF_MS_MIN * 2 ** tries, CONFLICT_BACKOFF_MS_MAX);
    const pauseMs = platform.random() * ceilingMs;
    if (platform.monotonic() + pauseMs > deadline) throw new RevisionConflictError();
    await delay(platform, pauseMs);
    current = await store.readDurable(storageKey);
  }
}

/** What a reader would get now. The key that sealed it joins the lineage: whatever replaces this session descends from it. */
export function written(sealed: SealedRecord, record: SessionRecord): LivingSession {
  const { storageKey, keyId, lastSeenAt, idleExpiresAt } = sealed;
  const stored = { ...record, lineage: sealedBy(record.lineage, keyId) };
  return { storageKey, record: stored, lastSeenAt, idleExpiresAt, servedBy: 'durable' };
}
