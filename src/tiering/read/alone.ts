import { idleDeadline, primaryTtl } from '../../session/lifetime.ts';
import { envelopeTag } from '../../session/sealed-record.ts';
import type { LivingSession, TieringContext } from '../context.ts';
import { isTouchDue } from '../write/touch-path.ts';
import { sessionOf, type Copy } from './copy.ts';

/** Serves a copy without the durable tier. Activity moves the deadline in the primary tier now, and in the durable tier once it is back. */
export function serveAlone(context: TieringContext, copy: Copy): LivingSession {
  const { platform, primary, background, pendingTouches } = context;
  const { storageKey, value, record, options } = copy;
  const session = sessionOf(copy);
  if (!options.touch || !isTouchDue(context, record, value.lastSeenAt)) return session;
  const lastSeenAt = platform.now();
  const idleExpiresAt = idleDeadline(lastSeenAt, record.idleLifetimeMs, record.absoluteExpiresAt);
  const ttlMs = primaryTtl({ idleExpiresAt, absoluteExpiresAt: record.absoluteExpiresAt }, lastSeenAt);
  const { revision, stamp } = value;
  const tag = envelopeTag(value.envelope);
  pendingTouches.add(storageKey, record, lastSeenAt);
  background.run('upkeep', primary.restamp(storageKey, { revision, tag, stamp, lastSeenAt, idleExpiresAt, ttlMs }));
  return { ...session, lastSeenAt, idleExpiresAt };
}
