import { REVISION_MAX } from '../../limits/session.ts';
import type { Platform } from '../../platform/platform.ts';
import { primaryTtl } from '../../session/lifetime.ts';
import type { RecordState } from '../../session/sealed-record.ts';
import type { Stamp } from '../../tiers/primary.ts';
import type { PrimaryGuard } from '../guard/primary-guard.ts';

interface Around {
  readonly platform: Platform;
  readonly primary: PrimaryGuard;
}

/** Brings the primary tier's copy in line with what the durable tier answered; `stamp` was taken before it was asked. */
export async function refreshCopy(
  { platform, primary }: Around,
  storageKey: Buffer,
  state: RecordState | null,
  stamp: Stamp | null,
): Promise<void> {
  const ttlMs = state === null ? 0 : primaryTtl(state, platform.now());
  if (state === null || ttlMs <= 0) {
    await primary.evict(storageKey, REVISION_MAX);
  } else if (stamp !== null) {
    const { revision, tag, lastSeenAt, idleExpiresAt } = state;
    await primary.restamp(storageKey, { revision, tag, stamp, lastSeenAt, idleExpiresAt, ttlMs });
  }
}
