import type { Platform } from '../platform/platform.ts';

/** What a tier gets once, before its first use. */
export interface TierContext {
  /** Part of every key: sessions of one namespace are invisible in another. */
  readonly namespace: string;
  readonly platform: Platform;
  /** Every call settles within this time. */
  readonly timeoutMs: number;
  /** Whether ended rows will be removed: the durable tier then checks the grant to delete as well. */
  readonly sweeps?: boolean;
}
