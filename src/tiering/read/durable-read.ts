import { hasEnded } from '../../session/lifetime.ts';
import type { SealedRecord } from '../../session/sealed-record.ts';
import type { LivingSession, TieringContext } from '../context.ts';
import { slide } from '../write/touch-path.ts';
import type { ReadOptions } from './copy.ts';
import { open } from './open-envelope.ts';

/** Reads the session from the durable tier, and stores nothing in the primary tier. */
export async function readDurable(
  context: TieringContext,
  storageKey: Buffer,
  options: ReadOptions,
): Promise<LivingSession | null> {
  const row = await readRow(context, storageKey);
  return row === null ? null : sessionOfRow(context, row, options);
}

/**
 * The row of a living session; an envelope that is remembered does not travel again. Where the row says that the session has ended,
 * the durable tier may not know yet that it was used here before that: touches are collected, and written again where they failed.
 * Then they are written now, and the row is read again.
 */
export async function readRow(context: TieringContext, storageKey: Buffer): Promise<SealedRecord | null> {
  const { durable, platform, pendingTouches, envelopes } = context;
  const row = await durable.sessions.read(storageKey, envelopes.rememberedEnvelope(storageKey));
  if (row === null || !hasEnded(row, platform.now())) return row;
  return (await pendingTouches.flushOne(storageKey)) ? readRow(context, storageKey) : null;
}

/** Throws `EnvelopeError` if the row does not open. */
export function sessionOfRow(context: TieringContext, row: SealedRecord, options: ReadOptions): LivingSession | null {
  const { storageKey, lastSeenAt, idleExpiresAt } = row;
  const record = open(context, storageKey, row, 'durable');
  if (context.platform.now() >= record.absoluteExpiresAt) return null;
  const session: LivingSession = { storageKey, record, lastSeenAt, idleExpiresAt, servedBy: 'durable' };
  return options.touch ? slide(context, session) : session;
}
