import type { Codec } from '../codec/codec.ts';
import type { Platform } from '../platform/platform.ts';
import type { SealedRecord } from '../session/sealed-record.ts';
import type { SessionRecord } from '../session/session-record.ts';
import type { TieredStore } from '../tiering/tiered-store.ts';

/** Seals a record as the tiers will hold it. Rejects where this node must not seal with its ring any more. */
export type Seal = (storageKey: Buffer, record: SessionRecord, lastSeenAt: number) => Promise<SealedRecord>;

/** What a client works with once it is open. */
export interface Opened {
  readonly platform: Platform;
  readonly codec: Codec;
  readonly store: TieredStore;
  readonly seal: Seal;
  /** Asks the key source now, and uses its ring. Rejects if the source fails or its ring is refused. */
  readonly refreshKeys: () => Promise<void>;
}

/** A `SessionClient`, as maintenance sees it. */
export interface MaintenanceTarget {
  /**
   * @internal Runs as one call of the client: opens it if need be, and is waited for by `close`. The name sorts behind those
   * that are for users, as `~standard` does; a symbol would need more than `isolatedDeclarations` can describe.
   */
  '~use'<R>(call: (opened: Opened) => Promise<R>): Promise<R>;
}
