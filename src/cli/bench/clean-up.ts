import { BENCH_CLEAN_UP_ATTEMPTS, BENCH_CLEAN_UP_PAUSE_MS } from '../../limits/cli.ts';
import { WALK_PAGE_ROWS } from '../../limits/upkeep.ts';
import type { Steps } from '../../upkeep/steps.ts';
import type { OwnSessions } from './own-sessions.ts';

/** The outcome of a cleaning up. */
export interface CleanedUp {
  readonly rowsDeleted: number;
  /** The rows that could not be deleted. They end by themselves, and the sweep deletes them. */
  readonly rowsLeft: number;
}

/**
 * Deletes the rows of a benchmark's sessions, which nobody else knows, and waits until Redis has dropped what it has of them: no copy
 * outlives its session.
 */
export async function cleanUp(steps: Steps, sessions: OwnSessions): Promise<CleanedUp> {
  await sessions.end();
  // Each has a deadline before this one, or is revoked by now.
  const bounds = { endedBefore: sessions.latestEndAt + 1, revokedBefore: sessions.latestEndAt + 1 };
  let rowsDeleted = 0;
  // A row that is being written is skipped, as by a touch that is under way.
  for (let attempt = 0; attempt < BENCH_CLEAN_UP_ATTEMPTS && rowsDeleted < sessions.created; attempt += 1) {
    if (attempt > 0) await steps.pause(BENCH_CLEAN_UP_PAUSE_MS);
    for (let at = 0; at < sessions.storageKeys.length; at += WALK_PAGE_ROWS) {
      const storageKeys = sessions.storageKeys.slice(at, at + WALK_PAGE_ROWS);
      rowsDeleted += await steps.take(({ durable }) => durable.upkeep.removeEnded({ storageKeys, ...bounds }));
    }
  }
  const { platform } = steps;
  await steps.pause(Math.max(0, sessions.redisFreeAt - platform.now()));
  return { rowsDeleted, rowsLeft: Math.max(0, sessions.created - rowsDeleted) };
}
