import type { SealedRecord } from '../../session/sealed-record.ts';
import type { TieringContext } from '../context.ts';
import type { SeenEntry } from '../guard/primary-guard.ts';

/**
 * The row of the durable tier.
 * - `row`: it is not revoked, whatever its deadlines say;
 * - `revoked`: it is kept for a while, without its envelope;
 * - `none`: there never was one, or it is deleted already.
 */
export type SeenRow =
  | { readonly kind: 'none' }
  | { readonly kind: 'revoked' }
  | { readonly kind: 'row'; readonly row: SealedRecord };

/** The contents of both tiers for one storage key, for a person who looks. */
export interface Inspection {
  /** Null if no server of the primary tier answered. */
  readonly primary: SeenEntry | null;
  readonly durable: SeenRow;
}

/** Reads both tiers. Decides nothing, changes nothing, and counts as no activity. */
export async function inspect(
  { primary, durable }: Pick<TieringContext, 'durable' | 'primary'>,
  storageKey: Buffer,
): Promise<Inspection> {
  const [seen, row] = await Promise.all([primary.look(storageKey), durable.sessions.read(storageKey)]);
  if (row !== null) return { primary: seen, durable: { kind: 'row', row } };
  const page = { after: justBefore(storageKey), limit: 1, endedBefore: 0, revokedBefore: 0 };
  // The one row that this page looks at is the next one, and `next` names it.
  const { next } = await durable.upkeep.findEnded(page);
  return { primary: seen, durable: { kind: next?.equals(storageKey) === true ? 'revoked' : 'none' } };
}

/** Returns the storage key before this one. */
function justBefore(storageKey: Buffer): Buffer {
  const before = Buffer.from(storageKey);
  for (let at = before.length - 1; at >= 0; at -= 1) {
    const byte = before.readUInt8(at);
    before.writeUInt8(byte === 0 ? 0xff : byte - 1, at);
    if (byte !== 0) return before;
  }
  return Buffer.alloc(0);
}
