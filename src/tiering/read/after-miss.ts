import { REVISION_MAX } from '../../limits/session.ts';
import type { SessionRecord } from '../../session/session-record.ts';
import type { LivingSession, TieringContext } from '../context.ts';
import { readDurable } from './durable-read.ts';

/**
 * Reads the durable tier after a compare-and-swap that did not find `missed`. If the row is behind it or gone, the durable tier may
 * have lost commits, and the copy that still has them is evicted: it would hide the next write, and every `replace` would begin from it.
 */
export async function readAfterMiss(
  context: TieringContext,
  storageKey: Buffer,
  missed: SessionRecord,
): Promise<LivingSession | null> {
  const session = await readDurable(context, storageKey, { consistency: 'strong', touch: false });
  if (session === null || isBehind(session.record, missed)) await context.primary.evict(storageKey, REVISION_MAX);
  return session;
}

/** True also for another envelope of the same revision. */
function isBehind(found: SessionRecord, missed: SessionRecord): boolean {
  if (found.revision !== missed.revision) return found.revision < missed.revision;
  return !(found.tag && missed.tag?.equals(found.tag));
}
