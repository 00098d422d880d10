import { EnvelopeError, type TierRole } from '../../errors.ts';
import type { SessionRecord } from '../../session/session-record.ts';
import type { TieringContext } from '../context.ts';

interface Sealed {
  readonly envelope: Buffer;
  readonly revision: number;
}

type Opener = Pick<TieringContext, 'envelopes' | 'refused'>;

/** Opens what a tier stores. A writer of the store could pair an old envelope with a new revision, so the two have to agree. */
export function open(
  { envelopes, refused }: Opener,
  storageKey: Buffer,
  { envelope, revision }: Sealed,
  tier: TierRole,
): SessionRecord {
  try {
    const record = envelopes.openRemembered(storageKey, envelope);
    if (record.revision !== revision) throw new EnvelopeError('rolled-back');
    return record;
  } catch (error) {
    if (error instanceof EnvelopeError) refused(tier, error.reason, storageKey);
    throw error;
  }
}

/** Opens what the primary tier stores. Null if it does not open: the durable tier then decides. */
export function tryOpen(opener: Opener, storageKey: Buffer, sealed: Sealed): SessionRecord | null {
  try {
    return open(opener, storageKey, sealed, 'primary');
  } catch (error) {
    if (error instanceof EnvelopeError) return null;
    throw error;
  }
}
