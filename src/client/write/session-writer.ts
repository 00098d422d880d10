import type { EngineParts } from '../../engine/engine.ts';
import { ConfigurationError, PayloadError, RevisionConflictError, SessionNotFoundError } from '../../errors.ts';
import { CONFLICT_BACKOFF } from '../../limits/client.ts';
import { backoffMs } from '../../platform/backoff.ts';
import { delay } from '../../platform/platform.ts';
import { sealedBy } from '../../session/lineage.ts';
import { envelopeTag, type SealedRecord } from '../../session/sealed-record.ts';
import { newSessionId, storageKeyOf } from '../../session/session-id.ts';
import type { SessionRecord } from '../../session/session-record.ts';
import type { LivingSession } from '../../tiering/context.ts';
import { withDeadline } from '../../platform/deadline.ts';
import type { DeepReadonly } from '../data/plain-data.ts';
import { changedRecord, rebornRecord, type RecordChanges } from './record-changes.ts';
import type { SessionData, View } from '../data/session-data.ts';
import { hasEndedBy } from '../session-ref.ts';
import { isThenable } from '../data/thenable.ts';
import type { Deadline } from './update-queue.ts';

/** The parts that a write works with, and the session that it is for. */
export interface WriterContext<T> extends Pick<EngineParts, 'audit' | 'codec' | 'platform' | 'sealer' | 'store'> {
  readonly id: string;
  readonly storageKey: Buffer;
  /** The session as the caller has it: the first attempt begins from it, without a read. */
  readonly living: LivingSession | undefined;
  readonly data: SessionData<T>;
  /** The longest absolute lifetime that a session may be given. */
  readonly maxLifetimeMs: number;
}

/** The session after a write, and its id. Without a view its data is JSON that is parsed at the first look. */
export interface Written<T> {
  readonly id: string;
  readonly session: LivingSession;
  readonly view: View<T> | undefined;
}

/** Gets a private draft, which it may change, and may return something else to store instead. */
export type Change<T, Input = T> = (draft: T) => Awaitable<DeepReadonly<Input> | Input | void>;
type Awaitable<V> = PromiseLike<V> | V;

/** Reads, changes, and makes a compare-and-swap; begins again from the durable tier when another write was faster. */
export function update<T>(
  context: WriterContext<T>,
  change: (draft: T) => unknown,
  changes: RecordChanges,
  deadline: Deadline,
): Promise<Written<T>> {
  return untilApplied(context, deadline, async (current) => {
    const bytes = await changedData(context, current.record.data, change, deadline);
    const view = await context.data.reread(bytes);
    const session = await swap(context, current, changes, bytes);
    return session === null ? null : { id: context.id, session, view };
  });
}

/** Throws `ConfigurationError`. */
export function requireChange(change: unknown): void {
  if (typeof change !== 'function') throw new ConfigurationError('update: expected a function that changes the data.');
}

/** A change that never ends must not keep the session's other writes waiting for ever. Nothing has been sent by then. */
export async function changedData<T>(
  { platform, data }: Pick<WriterContext<T>, 'data' | 'platform'>,
  current: Buffer,
  change: (draft: T) => unknown,
  deadline: Deadline,
): Promise<Buffer> {
  const draft = await data.draft(current);
  const late = (): Error => new RevisionConflictError('The change did not end in time.');
  const changed: unknown = change(draft);
  const leftMs = Math.max(deadline - platform.monotonic(), 0);
  const isAsync = isThenable(changed);
  const result: unknown = isAsync ? await withDeadline(platform, leftMs, Promise.resolve(changed), late) : changed;
  if (result === undefined || result === draft) return data.write(draft);
  if (kindOf(draft) === 'object' && kindOf(result) !== 'object') throw misreturned(`a value of type ${kindOf(result)}`);
  if (isPartOf(draft, result)) throw misreturned('a part of its draft');
  return data.write(result);
}

/** True if the draft holds the object, at any depth. `seen`: a draft that has become a cycle is refused elsewhere. */
function isPartOf(draft: unknown, result: unknown, seen: Set<unknown> = new Set()): boolean {
  if (typeof draft !== 'object' || draft === null || seen.has(draft)) return false;
  seen.add(draft);
  return Object.values(draft).some(
    (member: unknown) => typeof member === 'object' && (member === result || isPartOf(member, result, seen)),
  );
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** Explains the usual mistake: an arrow function without braces returns what `push` or `splice` does, or what it assigned. */
function misreturned(what: string): PayloadError {
  return new PayloadError(
    `update: the function returned ${what}, where the data is an object. Return the new data, or nothing after ` +
      'changing the draft: ({ cart }) => { cart.push(7); }. To store such a value on purpose, use replace.',
  );
}

/** Makes one compare-and-swap against a revision that the caller has seen. */
export async function replace<T>(
  context: WriterContext<T>,
  replacement: unknown,
  changes: RecordChanges & { readonly revision: number },
): Promise<Written<T>> {
  const bytes = await context.data.write(replacement);
  const view = await context.data.reread(bytes);
  const current = await atRevision(context, changes.revision);
  const session = await swap(context, current, changes, bytes);
  if (session !== null) return { id: context.id, session, view };
  const found = await context.store.readAfterMiss(current.storageKey, current.record);
  if (found === null) throw new SessionNotFoundError();
  throw new RevisionConflictError();
}

/** A new id for the same session. */
export async function regenerate<T>(
  context: WriterContext<T>,
  changes: RecordChanges & { readonly data: unknown },
  deadline: Deadline,
): Promise<Written<T>> {
  const bytes = changes.data === undefined ? undefined : await context.data.write(changes.data);
  const newId = newSessionId(context.platform);
  const storageKey = storageKeyOf(newId);
  return untilApplied(context, deadline, async (current) => {
    const now = context.platform.now();
    if (hasEndedBy(current, now)) return null;
    const data = bytes ?? current.record.data;
    const record = rebornRecord(current.record, { ...changes, data }, now, context.maxLifetimeMs);
    const view = await context.data.reread(record.data);
    const sealed = await context.sealer.seal(storageKey, record, now);
    const hasMoved = await context.store.regenerate({
      previousStorageKey: current.storageKey,
      previousAbsoluteExpiresAt: current.record.absoluteExpiresAt,
      record: sealed,
      replaced: current.record,
    });
    if (!hasMoved) return null;
    context.audit.regenerated(current, { storageKey, record }, typeof changes.userId === 'string');
    const kept = context.codec.remember(storageKey, sealed.envelope, record);
    return { id: newId, session: written(sealed, kept), view };
  });
}

/** The session at this revision; a copy that is behind it is looked up in the durable tier. */
async function atRevision<T>(context: WriterContext<T>, revision: number): Promise<LivingSession> {
  const { living, store, storageKey } = context;
  if (living?.record.revision === revision) return living;
  let current = await store.read(storageKey, { consistency: 'bounded', touch: false });
  if (current !== null && current.record.revision < revision) current = await store.readDurable(storageKey);
  if (current === null) throw new SessionNotFoundError();
  if (current.record.revision !== revision) throw new RevisionConflictError();
  return current;
}

/**
 * The session after the write; null if another write came first or it is gone. The durable tier allows for late touches,
 * and so would take a write of a session that has just ended.
 */
async function swap<T>(
  context: WriterContext<T>,
  current: LivingSession,
  changes: RecordChanges,
  data: Buffer,
): Promise<LivingSession | null> {
  const now = context.platform.now();
  if (hasEndedBy(current, now)) return null;
  const record = changedRecord(current.record, { ...changes, data }, now);
  const sealed = await context.sealer.seal(current.storageKey, record, now);
  const isApplied = await context.store.update(sealed, current.record);
  if (!isApplied) return null;
  context.audit.rewritten(current.storageKey, current.record, record);
  return written(sealed, context.codec.remember(current.storageKey, sealed.envelope, record));
}

async function untilApplied<T>(
  context: WriterContext<T>,
  deadline: Deadline,
  attempt: (current: LivingSession) => Promise<Written<T> | null>,
): Promise<Written<T>> {
  const { living, platform, store, storageKey } = context;
  let current = living ?? (await store.read(storageKey, { consistency: 'bounded', touch: false }));
  for (let conflicts = 0; ; conflicts += 1) {
    if (current === null) throw new SessionNotFoundError();
    const result = await attempt(current);
    if (result !== null) return result;
    const pauseMs = backoffMs(platform, CONFLICT_BACKOFF, conflicts);
    if (platform.monotonic() + pauseMs > deadline) throw new RevisionConflictError();
    await delay(platform, pauseMs);
    current = await store.readAfterMiss(storageKey, current.record);
  }
}

/** Returns the session as a reader would get it now. The key that sealed it joins the lineage of what replaces it. */
export function written(sealed: SealedRecord, record: SessionRecord): LivingSession {
  const { storageKey, envelope, keyId, lastSeenAt, idleExpiresAt } = sealed;
  const stored = { ...record, tag: envelopeTag(envelope), lineage: sealedBy(record.lineage, keyId) };
  return { storageKey, record: stored, lastSeenAt, idleExpiresAt, servedBy: 'durable' };
}
