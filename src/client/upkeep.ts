import { requireOptions } from '../option-checks.ts';
import type { Duration } from '../platform/duration.ts';
import { countByKey, type KeyCensus } from '../upkeep/key-census.ts';
import { reencrypt } from '../upkeep/reencryption.ts';
import { reindex } from '../upkeep/reindexing.ts';
import { Steps } from '../upkeep/steps.ts';
import { sweepAll, type SweepProgress } from '../upkeep/sweep-all.ts';
import type { WalkResult } from '../upkeep/walk.ts';
import { requireEngine, type AnyClient } from './engine-of.ts';
import { resolveRevokedRetention } from './options/sweep-options.ts';
import { resolveWalk, WALK_OPTIONS, type WalkOptions } from './options/walk-options.ts';

/** The options of `keyCensus`. */
export interface CensusOptions {
  /** Ends the count, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Counts the living sessions that each data key seals. It counts by the key ids in the rows, which anyone who can write to
 * the database can forge. Names the keys of the newest ring that the client's source has. Waits for a tier that is away.
 * Rejects with `KeyRingError` if that ring cannot be had, or the fleet uses a newer one.
 * @example
 * const { keys, total } = await keyCensus(sessions);
 * for (const { kid, state, sessions: count } of keys) console.log(kid, state, `${count} of ${total}`);
 */
export async function keyCensus(sessions: AnyClient, options: CensusOptions = {}): Promise<KeyCensus> {
  const { signal } = requireOptions('keyCensus options', options, ['signal']);
  return countByKey(await openSteps('keyCensus', sessions, signal));
}

/** The options of `reencryptSessions`. */
export interface ReencryptOptions extends WalkOptions {
  /**
   * Ends the sessions that a revoked key seals or has sealed before; they cannot be read any more. Opens every session, because
   * rows name the latest key only: as many reads as there are sessions. @defaultValue false
   */
  readonly destroyRevoked?: boolean;
}

/**
 * Seals every living session with the active key, unless it is already. Each is an ordinary update at the next revision;
 * lifetimes and last activity stay as they are. Sessions that do not open are reported and left alone. May run while the service
 * works, on any node or beside them, and again after a crash.
 *
 * Walks with the newest ring of the client's key source, and begins again if there is another one at the end. Rejects with
 * `KeyRingError` if that ring cannot be had, or the fleet uses a newer one.
 * @example
 * const { changed, failures } = await reencryptSessions(sessions, {
 *   onProgress: ({ scanned, total }) => console.log(`${scanned} of about ${total}`),
 * });
 */
export async function reencryptSessions(sessions: AnyClient, options: ReencryptOptions = {}): Promise<WalkResult> {
  const given = requireOptions('reencryptSessions options', options, [...WALK_OPTIONS, 'destroyRevoked']);
  const { destroyRevoked = false, signal } = given;
  const walk = resolveWalk('reencryptSessions', given);
  return reencrypt(await openSteps('reencryptSessions', sessions, signal), walk, destroyRevoked);
}

/** The options of `reindexSessions`. */
export interface ReindexOptions extends WalkOptions {
  /** True to only count: `changed` says how many would be. @defaultValue false */
  readonly dryRun?: boolean;
}

/**
 * Files every living session of a user under the active index key. Revisions, data and lifetimes stay as they are. Until it has
 * ended, calls by user ask for all index keys that are not retired, so they find every session. May run while the service
 * works, and again after a crash. Uses and refuses key rings as `reencryptSessions` does.
 * @example
 * const { changed } = await reindexSessions(sessions, { dryRun: true });
 * console.log(`${changed} sessions are filed under an older index key`);
 */
export async function reindexSessions(sessions: AnyClient, options: ReindexOptions = {}): Promise<WalkResult> {
  const given = requireOptions('reindexSessions options', options, [...WALK_OPTIONS, 'dryRun']);
  const { dryRun = false, signal } = given;
  const walk = resolveWalk('reindexSessions', given);
  return reindex(await openSteps('reindexSessions', sessions, signal), walk, dryRun);
}

/** The options of `sweepSessions`. */
export interface SweepSessionsOptions {
  /** The time for which the rows of destroyed sessions are kept. From 15 min to 366 days. @defaultValue '24h' */
  readonly revokedRetention?: Duration;
  /** Runs after each page. */
  readonly onProgress?: (progress: SweepProgress) => void;
  /** Ends the sweep, which then rejects with the signal's reason. What is deleted stays deleted. */
  readonly signal?: AbortSignal;
}

/**
 * Deletes the rows of sessions that ended long ago, in one pass over all of them and with pauses, as a client does by itself
 * unless its `sweep` is false. For a job of your own that does it instead. Waits for a tier that is away. Two at a time do no harm.
 * @example
 * const { removed } = await sweepSessions(sessions, { revokedRetention: '7d' });
 */
export async function sweepSessions(sessions: AnyClient, options: SweepSessionsOptions = {}): Promise<SweepProgress> {
  const given = requireOptions('sweepSessions options', options, ['revokedRetention', 'onProgress', 'signal']);
  const { onProgress = () => undefined, signal } = given;
  const revokedRetentionMs = resolveRevokedRetention('revokedRetention', given.revokedRetention);
  return sweepAll(await openSteps('sweepSessions', sessions, signal), revokedRetentionMs, onProgress);
}

/** Opens the client: one that cannot be opened fails at once, while each later step waits for a tier that is away. */
async function openSteps(what: string, sessions: AnyClient, signal: AbortSignal | undefined): Promise<Steps> {
  const engine = requireEngine(what, sessions);
  await engine.use(() => Promise.resolve());
  return new Steps(engine, signal);
}
