import type { MoveUserKeyCommand } from '../../../durable.ts';
import { type StatementFor, wordings } from '../../wording.ts';
import { bytes, namespace, sessions, sql } from '../../tag.ts';

const storageKey = bytes((move: MoveUserKeyCommand) => move.storageKey);
const from = bytes((move: MoveUserKeyCommand) => move.from);
const to = bytes((move: MoveUserKeyCommand) => move.to);

/** Moves a session that is not revoked to another user key. Changes one row, or none. */
export const moveUserKey: StatementFor<MoveUserKeyCommand> = wordings({
  // No plain comparison of user keys: the planner would look through all sessions of the user for this one.
  postgresql: sql`
    UPDATE ${sessions} SET user_key = ${to}
    WHERE storage_key = ${storageKey} AND namespace = ${namespace} AND revoked_at IS NULL AND user_key IS NOT DISTINCT FROM ${from}`,
  // Along the index of users, it would lock the index before the row: see `revokeMany`.
  mysql: sql`
    UPDATE ${sessions} FORCE INDEX (PRIMARY) SET user_key = ${to}
    WHERE storage_key = ${storageKey} AND namespace = ${namespace} AND revoked_at IS NULL AND user_key = ${from}`,
  sqlite: sql`
    UPDATE ${sessions} SET user_key = ${to}
    WHERE storage_key = ${storageKey} AND namespace = ${namespace} AND revoked_at IS NULL AND user_key = ${from}`,
});
