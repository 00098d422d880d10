import type { KeyRing } from '../keys/ring/key-ring.ts';
import type { Platform } from '../platform/platform.ts';
import { refuseStale } from './fleet.ts';
import { retry } from '../platform/retry.ts';
import type { MaintenanceTarget } from './target.ts';

/**
 * Has the client ask its key source, and answers with the ring that it uses then: a walk with an older ring than the source's
 * would find nothing to do, or undo what others have done. Waits for a tier that is away. Rejects with what the source throws,
 * and with `KeyRingError` if its ring is refused or the fleet uses a newer one.
 */
export function newestRing(
  sessions: MaintenanceTarget,
  platform: Platform,
  signal: AbortSignal | undefined,
): Promise<KeyRing> {
  return retry(platform, signal, () =>
    sessions['~use'](async ({ codec, store, refreshKeys }) => {
      await refreshKeys();
      const { ring } = codec;
      refuseStale(ring, await store.fleet.read());
      return ring;
    }),
  );
}
