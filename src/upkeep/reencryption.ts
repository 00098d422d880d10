import type { Codec } from '../codec/codec.ts';
import { EnvelopeError } from '../errors.ts';
import { requireOptions } from '../option-checks.ts';
import { envelopeTag } from '../session/sealed-record.ts';
import type { WalkedRow } from '../tiers/durable.ts';
import type { MaintenanceTarget, Opened } from '../fleet/target.ts';
import { openRow, walkSessions, WALK_OPTIONS, type Visited, type WalkOptions, type WalkResult } from './walk.ts';

export interface ReencryptOptions extends WalkOptions {
  /**
   * Ends the sessions that a revoked key seals or has sealed before; they cannot be read any more. Opens every session, because
   * rows name the latest key only: as many reads as there are sessions. @defaultValue false
   */
  readonly destroyRevoked?: boolean;
}

/**
 * Seals every living session with the active key, unless it is already. Each is an ordinary update at the next revision,
 * told to every node as any write is; lifetimes and last activity stay as they are. Sessions that do not open are reported and
 * left alone. May run while the service works, on any node or beside them, and again after a crash.
 *
 * Walks with the newest ring of the client's key source, and begins again if there is another one at the end. Rejects with
 * `KeyRingError` if that ring cannot be had, or the fleet uses a newer one.
 */
export async function reencryptSessions(
  sessions: MaintenanceTarget,
  options: ReencryptOptions = {},
): Promise<WalkResult> {
  const given = requireOptions('reencryptSessions options', options, [...WALK_OPTIONS, 'destroyRevoked']);
  const { destroyRevoked = false } = given;
  return walkSessions('reencryptSessions', sessions, given, {
    isDone: (codec, row) => !destroyRevoked && isDone(codec, row),
    async visit(opened, storageKey) {
      try {
        return await reseal(opened, storageKey);
      } catch (error) {
        if (!destroyRevoked || !(error instanceof EnvelopeError) || error.reason !== 'revoked-key') throw error;
        return destroyIfRevoked(opened, storageKey, error);
      }
    },
  });
}

/** A key that is still pending here is the active one of a node that is ahead. */
function isDone(codec: Codec, { keyId }: Pick<WalkedRow, 'keyId'>): boolean {
  return keyId.equals(codec.ring.sealingKey.keyId) || codec.ring.dataKey(keyId)?.state === 'pending';
}

async function reseal(opened: Opened, storageKey: Buffer): Promise<Visited> {
  const found = await openRow(opened, storageKey);
  if (found === null) return 'ended';
  const { row, record } = found;
  if (isDone(opened.codec, row)) return 'upToDate';
  const sealed = await opened.seal(storageKey, { ...record, revision: record.revision + 1 }, row.lastSeenAt);
  const replaced = { ...record, tag: envelopeTag(row.envelope) };
  return (await opened.store.update(sealed, replaced)) ? 'changed' : 'conflict';
}

/** What a retired key sealed does not open either, but nobody says that it may be forged. */
async function destroyIfRevoked(
  { store, codec }: Opened,
  storageKey: Buffer,
  refusal: EnvelopeError,
): Promise<Visited> {
  const row = await store.readRow(storageKey);
  if (row === null) return 'ended';
  if (codec.ring.dataKey(codec.keyIdOf(row.envelope))?.state === 'retired') throw refusal;
  return (await store.destroy(storageKey)) ? 'destroyed' : 'ended';
}
