import type { Platform } from '../platform/platform.ts';

/** The surroundings of a tier; it gets them once, before its first use. */
export interface TierContext {
  /** Distinguishes applications that share a store: sessions of one namespace are invisible in another. */
  readonly namespace: string;
  readonly platform: Platform;
  /** Every call settles within this time. */
  readonly timeoutMs: number;
  /** True if ended rows will be removed: the durable tier then checks the grant to delete as well. */
  readonly sweeps?: boolean;
}
