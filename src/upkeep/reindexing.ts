import { requireOptions } from '../option-checks.ts';
import type { MaintenanceTarget, Opened } from '../fleet/target.ts';
import { openRow, walkSessions, WALK_OPTIONS, type Visited, type WalkOptions, type WalkResult } from './walk.ts';

export interface ReindexOptions extends WalkOptions {
  /** Only counts: `changed` says how many would be. @defaultValue false */
  readonly dryRun?: boolean;
}

/**
 * Files every living session of a user under the active index key. Revisions, data and lifetimes stay as they are. Until it has
 * ended, calls by user ask for all index keys that are not retired, so they find every session. May run while the service
 * works, and again after a crash. Rings: as for `reencryptSessions`.
 */
export async function reindexSessions(sessions: MaintenanceTarget, options: ReindexOptions = {}): Promise<WalkResult> {
  const given = requireOptions('reindexSessions options', options, [...WALK_OPTIONS, 'dryRun']);
  const { dryRun = false } = given;
  return walkSessions('reindexSessions', sessions, given, {
    isDone: (_codec, { hasUser }) => !hasUser,
    visit: (opened, storageKey) => refile(opened, storageKey, dryRun),
  });
}

async function refile(opened: Opened, storageKey: Buffer, dryRun: boolean): Promise<Visited> {
  const found = await openRow(opened, storageKey);
  if (found === null) return 'ended';
  const { userId } = found.record;
  const from = found.row.userKey;
  if (userId === undefined || from === null) return 'upToDate';
  const to = opened.codec.userKey(userId);
  if (from.equals(to)) return 'upToDate';
  if (dryRun) return 'changed';
  return (await opened.store.moveUserKey({ storageKey, from, to })) ? 'changed' : 'conflict';
}
