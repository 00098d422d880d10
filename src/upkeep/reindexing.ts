import type { StepContext, Steps } from './steps.ts';
import { openRow, walkSessions, type ResolvedWalk, type Visited, type WalkResult } from './walk.ts';

/** Files every living session of a user under the active index key. `dryRun`: only counts those that are not. */
export function reindex(steps: Steps, options: ResolvedWalk, dryRun: boolean): Promise<WalkResult> {
  return walkSessions(steps, options, {
    isDone: (_codec, { hasUser }) => !hasUser,
    visit: (context, storageKey) => refile(context, storageKey, dryRun),
  });
}

async function refile(context: StepContext, storageKey: Buffer, dryRun: boolean): Promise<Visited> {
  const found = await openRow(context, storageKey);
  if (found === null) return 'ended';
  const { userId } = found.record;
  const from = found.row.userKey;
  if (userId === undefined || from === null) return 'upToDate';
  const to = context.codec.userKey(userId);
  if (from.equals(to)) return 'upToDate';
  if (dryRun) return 'changed';
  return (await context.durable.upkeep.moveUserKey({ storageKey, from, to })) ? 'changed' : 'conflict';
}
