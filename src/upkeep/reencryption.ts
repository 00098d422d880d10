import type { Codec } from '../codec/codec.ts';
import { EnvelopeError, RevocationNotDurableError } from '../errors.ts';
import { envelopeTag } from '../session/sealed-record.ts';
import type { WalkedRow } from '../tiers/durable.ts';
import type { StepContext, Steps } from './steps.ts';
import { openRow, walkSessions, type ResolvedWalk, type Visited, type WalkResult } from './walk.ts';

/** Seals every living session with the active key. `destroyRevoked`: ends those that a revoked key seals or has sealed before. */
export function reencrypt(steps: Steps, options: ResolvedWalk, destroyRevoked: boolean): Promise<WalkResult> {
  return walkSessions(steps, options, {
    isDone: (codec, row) => !destroyRevoked && isDone(codec, row),
    async visit(context, storageKey) {
      try {
        return await reseal(context, storageKey);
      } catch (error) {
        if (!destroyRevoked || !(error instanceof EnvelopeError) || error.reason !== 'revoked-key') throw error;
        return destroyIfRevoked(context, storageKey, error);
      }
    },
  });
}

/** A key that is still pending here is the active one of a node that is ahead. */
function isDone(codec: Codec, { keyId }: Pick<WalkedRow, 'keyId'>): boolean {
  return keyId.equals(codec.ring.sealingKey.keyId) || codec.ring.dataKey(keyId)?.state === 'pending';
}

/** An ordinary update at the next revision, which every node learns of as of any write. */
async function reseal(context: StepContext, storageKey: Buffer): Promise<Visited> {
  const found = await openRow(context, storageKey);
  if (found === null) return 'ended';
  const { row, record } = found;
  if (isDone(context.codec, row)) return 'upToDate';
  const next = { ...record, revision: record.revision + 1 };
  const sealed = await context.sealer.seal(storageKey, next, row.lastSeenAt);
  const replaced = { ...record, tag: envelopeTag(row.envelope) };
  return (await context.store.update(sealed, replaced)) ? 'changed' : 'conflict';
}

/** Leaves a session of a retired key alone: it does not open either, but nothing suggests that it is forged. */
async function destroyIfRevoked(
  { audit, store, codec }: StepContext,
  storageKey: Buffer,
  refusal: EnvelopeError,
): Promise<Visited> {
  const row = await store.readRow(storageKey);
  if (row === null) return 'ended';
  if (codec.ring.dataKey(codec.keyIdOf(row.envelope))?.state === 'retired') throw refusal;
  try {
    if (!(await store.destroy(storageKey))) return 'ended';
  } catch (error) {
    // The step is repeated, but may find that it has ended by then.
    if (error instanceof RevocationNotDurableError) audit.endedWithKey(storageKey, false);
    throw error;
  }
  audit.endedWithKey(storageKey, true);
  return 'destroyed';
}
