import { REVOKE_BATCH_ROWS } from '../limits.ts';
import { newWriteId, type TieringContext } from './context.ts';
import { entomb } from './destroy-path.ts';

/**
 * Revokes batch after batch, each one statement, and entombs what it revoked before going on. The number of sessions that
 * were alive. Covers every session whose creation was acknowledged before the call.
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
    const rows = await durable.revokeMany({
      of,
      except,
      after,
      limit: REVOKE_BATCH_ROWS,
      writeId: newWriteId(platform),
      revokedAt: platform.now(),
    });
    const wereAlive = await Promise.all(rows.map((row) => entomb(context, row)));
    count += wereAlive.filter(Boolean).length;
    const last = rows.at(-1);
    if (last === undefined || rows.length < REVOKE_BATCH_ROWS) return count;
    after = last.storageKey;
  }
}
