import { OutcomeUnknownError } from '../errors.ts';
import { LIST_PAGE_ROWS, REVOKE_BATCH_ROWS } from '../limits.ts';
import { hasEnded } from '../session/lifetime.ts';
import { newWriteId, type TieringContext } from './context.ts';
import { destroy, entomb } from './destroy-path.ts';
import type { PendingRevocations } from './pending-revocations.ts';
import { settle } from './unknown-outcome.ts';

/**
 * Revokes batch after batch, each one statement that marks its rows, and entombs what it revoked before going on. The number
 * of sessions that were alive. Covers every session whose creation was acknowledged before the call.
 */
export async function destroyMany(
  context: TieringContext,
  of: readonly Buffer[] | 'everyone',
  except: Buffer | null,
): Promise<number> {
  const { platform, durable } = context;
  let count = 0;
  let after: Buffer = Buffer.alloc(0);
  for (;;) {
    const now = platform.now();
    const writeId = newWriteId(platform);
    const command = { of, except, after, limit: REVOKE_BATCH_ROWS, writeId, revokedAt: now, validUntil: durable.validUntil() };
    const { answer: rows, isRepeat } = await settle(() => durable.revokeMany(command));
    // A repeat that found nothing may have come too late.
    if (isRepeat && rows.length === 0) throw new OutcomeUnknownError();
    await Promise.all(rows.map((row) => entomb(context, row)));
    count += rows.filter((row) => !hasEnded(row, now)).length;
    const last = rows.at(-1);
    if (last === undefined || rows.length < REVOKE_BATCH_ROWS) return count;
    after = last.storageKey;
  }
}

/**
 * Once more, for logins that were in flight during the call: their INSERT may have committed behind it, but none commits
 * after its own deadline. Sessions created after the call are somebody's new login and stay.
 */
export async function destroyLatecomers(
  context: TieringContext,
  pending: PendingRevocations,
  userKeys: readonly Buffer[],
  except: Buffer | null,
  calledAt: number,
): Promise<void> {
  const rows = await context.durable.listByUser(userKeys, Buffer.alloc(0), LIST_PAGE_ROWS);
  for (const { storageKey, createdAt } of rows) {
    if (createdAt <= calledAt && !(except && storageKey.equals(except))) await destroy(context, pending, storageKey);
  }
}
