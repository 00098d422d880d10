import { PREVIOUS_KEYS_MAX } from '../../../../limits/durable-tier.ts';
import { STORAGE_KEY_BYTES } from '../../../../limits/session.ts';
import type { RegenerateCommand } from '../../../durable.ts';
import { locked } from '../../dialects/postgresql/phrases.ts';
import { clock, mark } from '../../phrases/clock.ts';
import { holds } from '../../phrases/envelope.ts';
import { either, type StatementFor, thenReadIfNone, wordings } from '../../wording.ts';
import { bytes, constant, type Fragment, integer, nothing, sessions, sql } from '../../tag.ts';
import {
  content,
  envelope,
  isAlive,
  keyId,
  replaces,
  revision,
  storageKey,
  times,
  userKey,
  validUntil,
  writeId,
  written,
} from './record.ts';

const previousStorageKey = bytes((command: RegenerateCommand) => command.previousStorageKey);
const regeneratedAt = integer((command: RegenerateCommand) => command.regeneratedAt);

/** The write comes next: the row still has the old key. */
const isNext = sql<RegenerateCommand>`storage_key = ${previousStorageKey} AND revision = ${revision} - 1 AND ${holds(replaces)}`;
/** The write was done before, and its answer was lost. */
const isRepeat = sql<RegenerateCommand>`storage_key = ${storageKey} AND revision = ${revision} AND write_id = ${writeId}`;

const REMEMBERED_BYTES = constant(PREVIOUS_KEYS_MAX * STORAGE_KEY_BYTES);
/** Bytes of earlier keys that may stay when one more is appended. */
const KEPT_BYTES = constant((PREVIOUS_KEYS_MAX - 1) * STORAGE_KEY_BYTES);

/**
 * Replaces a record and moves its row to another storage key. Changes one row under the conditions of `update`, or none. The
 * row remembers its earlier keys, the oldest first.
 */
export const regenerate: StatementFor<RegenerateCommand> = either(
  ({ dirty }) => dirty,
  regenerating(sql`, ${mark}`),
  regenerating(nothing),
);

function regenerating(andMark: Fragment<unknown>): StatementFor<RegenerateCommand> {
  return wordings({
    // Not joined with `locked` by key: if an earlier attempt of this write moves the row while this one waits for it,
    // `locked` has the new key, and the snapshot the old one. If both keys have rows, the UPDATE fails: it stores one key
    // twice.
    postgresql: sql<RegenerateCommand>`
      WITH ${locked(sql<RegenerateCommand>`
        SELECT storage_key, storage_key = ${storageKey} AS is_repeat FROM ${sessions}
        WHERE ${isAlive}
          AND ((${isNext}) OR (${isRepeat}))
        FOR UPDATE`)}
      UPDATE ${sessions} AS session SET ${content},
        ${times},
        storage_key = ${storageKey}, rotated_at = ${regeneratedAt},
        previous_keys = CASE WHEN session.storage_key = ${previousStorageKey}
          THEN substr(previous_keys || ${previousStorageKey}, GREATEST(octet_length(previous_keys) - ${KEPT_BYTES}, 0) + 1)
          ELSE previous_keys END${andMark}
      FROM locked
      WHERE session.storage_key IN (${previousStorageKey}, ${storageKey}) AND (locked.is_repeat OR locked.now <= ${validUntil})`,

    // Looks for the old key only: looking for the new one, which is seldom there, would lock the gap where it belongs, and
    // two statements that hold that gap wait for each other. A repeat waits for the statement that moves the row, finds none,
    // and reads the moved row.
    mysql: thenReadIfNone(
      sql<RegenerateCommand>`
        UPDATE ${sessions} SET user_key = ${userKey}, envelope = ${envelope}, key_id = ${keyId},
          ${times}, rotated_at = ${regeneratedAt},
          previous_keys = RIGHT(CONCAT(previous_keys, storage_key), ${REMEMBERED_BYTES})${andMark},
          revision = ${revision}, write_id = ${writeId}, storage_key = ${storageKey}
        WHERE storage_key = ${previousStorageKey} AND ${isAlive}
          AND revision = ${revision} - 1 AND ${holds(replaces)} AND ${clock} <= ${validUntil}`,
      written,
    ),

    // Joined blobs become text, whose characters `substr` would count: hence the cast.
    sqlite: sql<RegenerateCommand>`
      UPDATE ${sessions} SET ${content},
        ${times}, storage_key = ${storageKey}, rotated_at = ${regeneratedAt},
        previous_keys = CASE WHEN storage_key = ${previousStorageKey}
          THEN substr(CAST(previous_keys || ${previousStorageKey} AS BLOB), -${REMEMBERED_BYTES})
          ELSE previous_keys END${andMark}
      WHERE ${isAlive}
        AND ((${isNext} AND ${clock} <= ${validUntil}) OR (${isRepeat}))`,
  });
}
