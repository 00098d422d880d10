import { OutcomeUnknownError } from '../../errors.ts';
import { tombstoneTtl } from '../../session/lifetime.ts';
import type { RevokeCommand, RevokedRow } from '../../tiers/durable.ts';
import { newWriteId, type TieringContext } from '../context.ts';
import { UNREACHED } from '../guard/unreached.ts';
import { settle } from './unknown-outcome.ts';

/* The steps of every revocation of one row. */

export function newRevocation(context: TieringContext, storageKey: Buffer, dirty: boolean): RevokeCommand {
  const { platform, durable } = context;
  const writeId = newWriteId(platform);
  return { storageKey, dirty, writeId, revokedAt: platform.now(), validUntil: durable.validUntil() };
}

/**
 * Revokes a row. Null if there is none. A statement that runs after its `validUntil` revokes nothing and returns null as well, so a null
 * is checked: if the row is still there, the outcome is unknown.
 */
export async function settleRevocation(
  { durable }: TieringContext,
  command: RevokeCommand,
): Promise<RevokedRow | null> {
  const { answer } = await settle(() => durable.sessions.revoke(command));
  if (answer !== null || (await durable.sessions.readState(command.storageKey)) === null) return answer;
  throw new OutcomeUnknownError();
}

/** Makes the primary tier refuse the session for the rest of its absolute life. False if it was not reached. */
export async function entomb({ primary, platform }: TieringContext, revoked: RevokedRow): Promise<boolean> {
  const ttlMs = tombstoneTtl(revoked.absoluteExpiresAt, platform.now());
  return (await primary.tombstone(revoked.storageKey, ttlMs)) !== UNREACHED;
}
