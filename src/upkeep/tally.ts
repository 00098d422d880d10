import { ConfigurationError } from '../errors.ts';
import { STORAGE_KEY_BYTES } from '../limits/session.ts';
import type { Platform } from '../platform/platform.ts';

/** The outcomes for the sessions that were looked at. */
export interface WalkCounts {
  /** The sessions that were looked at. */
  scanned: number;
  /** The sessions that were changed. */
  changed: number;
  /** The sessions that were as they should be. */
  upToDate: number;
  /** The sessions that ended before their turn came. */
  ended: number;
  /** The sessions that were destroyed, because `destroyRevoked` says so. */
  destroyed: number;
  /** The sessions that were left alone. */
  failed: number;
  /** The times that another write came first, and the session was looked at again. */
  conflicts: number;
}

/** The place and the counts of a walk. */
export interface WalkProgress extends Readonly<WalkCounts> {
  /** The number of sessions from where the walk began: estimated while it is under way, exact at its end. */
  readonly total: number;
  /** Sessions that were looked at, per second of this run. */
  readonly perSecond: number;
  /** The milliseconds that the rest will take, if it goes on like this. */
  readonly etaMs: number;
  /** The version of the key ring that this walk uses. If the ring changes meanwhile, the walk and its counts begin again. */
  readonly ring: number;
  /**
   * The place up to which everything is done, as far as this ring goes. It is a version and a hash: fine to show and to
   * store. Another run may begin here; with another ring, it begins at the beginning.
   */
  readonly cursor: string;
}

const END = Buffer.alloc(STORAGE_KEY_BYTES, 0xff);
const POSITION_BYTES = 6;
const POSITION_END = 2 ** (8 * POSITION_BYTES);

/**
 * Counts a walk. Storage keys are hashes, evenly distributed, so how far the cursor has come shows how many there are in all,
 * without counting them first.
 */
export class Tally {
  readonly counts: WalkCounts = {
    scanned: 0,
    changed: 0,
    upToDate: 0,
    ended: 0,
    destroyed: 0,
    failed: 0,
    conflicts: 0,
  };
  readonly #platform: Platform;
  readonly #startedAt: number;
  readonly #start: number;
  readonly #ring: number;

  constructor(platform: Platform, after: Buffer, ring: number) {
    this.#platform = platform;
    this.#ring = ring;
    this.#startedAt = platform.monotonic();
    this.#start = positionOf(after);
  }

  /** `next` is where the walk goes on; null at its end. */
  progress(next: Buffer | null): WalkProgress {
    const elapsedMs = this.#platform.monotonic() - this.#startedAt;
    const share = next === null ? 1 : (positionOf(next) - this.#start) / Math.max(1 - this.#start, Number.EPSILON);
    return {
      ...this.counts,
      total: share > 0 ? Math.round(this.counts.scanned / share) : this.counts.scanned,
      perSecond: elapsedMs > 0 ? Math.round((this.counts.scanned * 1_000) / elapsedMs) : 0,
      etaMs: share > 0 ? Math.round((elapsedMs * (1 - share)) / share) : 0,
      ring: this.#ring,
      cursor: `${this.#ring}.${(next ?? END).toString('base64url')}`,
    };
  }
}

/** The place that a walk had come to, and its ring. */
export interface Position {
  readonly ring: number;
  readonly after: Buffer;
}

/** Throws `ConfigurationError` for what is not the cursor of a walk. */
export function parseCursor(cursor: unknown): Position {
  const [, ring = '', key = ''] = (typeof cursor === 'string' && /^(\d{1,16})\.([\w-]{43})$/.exec(cursor)) || [];
  const after = Buffer.from(key, 'base64url');
  if (after.length === STORAGE_KEY_BYTES) return { ring: Number(ring), after };
  throw new ConfigurationError('cursor: expected the cursor of an earlier walk.');
}

/** Returns how far into all storage keys this one is, from 0 to 1. */
export function positionOf(key: Buffer): number {
  return key.length < POSITION_BYTES ? 0 : key.readUIntBE(0, POSITION_BYTES) / POSITION_END;
}
