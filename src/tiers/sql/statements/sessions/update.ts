import type { UpdateCommand } from '../../../durable.ts';
import { byStorageKey, isThere, ofOne } from '../../rows/answers.ts';
import { inputJoined } from '../../dialects/mysql/input.ts';
import { unless } from '../../dialects/mysql/phrases.ts';
import { input as postgresqlInput } from '../../dialects/postgresql/input.ts';
import { byNumber, packed } from '../../dialects/postgresql/packed.ts';
import { locked } from '../../dialects/postgresql/phrases.ts';
import { input as sqliteInput } from '../../dialects/sqlite/input.ts';
import { firstDeadline } from '../../moments.ts';
import { clock, mark } from '../../phrases/clock.ts';
import { holds } from '../../phrases/envelope.ts';
import { GREATEST, LEAST } from '../../phrases/functions.ts';
import { allOrNothing, either, shared, type SharedFor, thenReadIfNone, type Wording } from '../../wording.ts';
import { flag, type Fragment, nothing, sessions, sql } from '../../tag.ts';
import {
  aliveAt,
  areAlive,
  content,
  isAlive,
  replaces,
  revision,
  storageKey,
  times,
  userKey,
  envelope,
  keyId,
  validUntil,
  writeColumns,
  writeId,
  written,
} from './record.ts';

/** The write comes next: the row is one revision behind it, and holds the envelope that it replaces. */
const isNext = sql<UpdateCommand>`revision = ${revision} - 1 AND ${holds(replaces)}`;
/** The write was done before: its answer was lost, and it was sent again. */
const isRepeat = sql<UpdateCommand>`revision = ${revision} AND write_id = ${writeId}`;

/** Marks the row if the call asks for it: without the mark, the index of the marks is not written. */
function markedOrNot(wording: (andMark: Fragment<unknown>) => Wording<UpdateCommand>): Wording<UpdateCommand> {
  return either(({ dirty }) => dirty, wording(sql`, ${mark}`), wording(nothing));
}

const manyColumns = {
  ...writeColumns,
  replaces,
  alive_at: aliveAt,
  dirty: flag(({ dirty }: UpdateCommand) => dirty),
};

/** `content` and `times` of one call of many, for a SET list. */
const fromInput = sql`
  user_key = input.user_key, revision = input.revision, write_id = input.write_id, envelope = input.envelope, key_id = input.key_id,
  created_at = input.created_at, last_seen_at = ${GREATEST}(session.last_seen_at, input.last_seen_at), idle_lifetime = input.idle_lifetime,
  idle_expires_at = ${LEAST}(${GREATEST}(session.last_seen_at, input.last_seen_at) + input.idle_lifetime, input.absolute_expires_at),
  absolute_expires_at = input.absolute_expires_at`;

/** `isNext` and `isRepeat` of one call of many. */
const isNextOfMany = sql`session.revision = input.revision - 1 AND ${holds(sql`input.replaces`, 'session.')}`;
const isRepeatOfMany = sql`session.revision = input.revision AND session.write_id = input.write_id`;

/** True if a row is missing, or not as the write needs it, or the last row of `input`, which has no key, is late. */
const losesInMysql = sql`
  CASE WHEN input.storage_key IS NULL THEN ${clock} > input.valid_until
    ELSE NOT COALESCE(${areAlive}
      AND ((session.revision = input.revision - 1 AND ${holds(sql`UNHEX(input.replaces)`, 'session.')})
        OR (session.revision = input.revision AND session.write_id = UNHEX(input.write_id))), FALSE) END`;

/**
 * Replaces records before the deadlines of their writes. Returns those that it changed: their rows are alive, one revision
 * behind, and hold the replaced envelope. A repeat changes nothing, so it is never too late.
 */
export const update: SharedFor<UpdateCommand, boolean> = shared({
  postgresql: {
    one: {
      wording: markedOrNot(
        (andMark) => sql`
          WITH ${locked(sql<UpdateCommand>`
            SELECT storage_key, revision = ${revision} AS is_repeat FROM ${sessions}
            WHERE storage_key = ${storageKey} AND ${isAlive}
              AND ((${isNext}) OR (${isRepeat}))
            FOR NO KEY UPDATE`)}
          UPDATE ${sessions} AS session SET ${content},
            ${times}${andMark}
          FROM locked
          WHERE session.storage_key = locked.storage_key AND (locked.is_repeat OR locked.now <= ${validUntil})
          RETURNING session.storage_key`,
      ),
      answers: () => ofOne(isThere),
    },
    // `max(now)` is the time of the last lock.
    many: {
      wording: sql<readonly UpdateCommand[]>`
        WITH ${postgresqlInput(manyColumns)}, ${locked(sql`
          SELECT session.storage_key, session.revision = input.revision AS is_repeat
          FROM input JOIN ${sessions} AS session USING (storage_key)
          WHERE ${areAlive}
            AND ((${isNextOfMany}) OR (${isRepeatOfMany}))
          ORDER BY session.storage_key FOR NO KEY UPDATE OF session`)}, clock AS MATERIALIZED (
          SELECT max(now) AS now FROM locked
        ), updated AS (
          UPDATE ${sessions} AS session SET ${fromInput},
            dirty_at = CASE WHEN dirty THEN GREATEST(dirty_at, clock.now) ELSE dirty_at END
          FROM clock, locked JOIN input USING (storage_key)
          WHERE session.storage_key = locked.storage_key AND (is_repeat OR clock.now <= valid_until)
          RETURNING n
        )
        SELECT ${packed()} FROM updated`,
      answers: () => byNumber(isThere),
    },
  },

  mysql: {
    // The server locks a row that it finds by its primary key, then evaluates the condition and reads the clock. A count of one
    // is certain. With a driver that counts only rows that look different afterwards (`foundRows: false`), zero may also be a
    // repeat: then the row is read.
    one: {
      wording: markedOrNot((andMark) =>
        thenReadIfNone(
          sql<UpdateCommand>`
            UPDATE ${sessions} SET user_key = ${userKey}, envelope = ${envelope}, key_id = ${keyId},
              ${times}${andMark},
              revision = ${revision}, write_id = ${writeId}
            WHERE storage_key = ${storageKey} AND ${isAlive}
              AND ((${isNext} AND ${clock} <= ${validUntil}) OR (${isRepeat}))`,
          written,
        ),
      ),
      answers: () => ofOne(isThere),
    },
    // All rows or none: a call that loses fails the statement before any row is changed, with LEFT JOIN also a call without a
    // row. The clock is read once for all calls, at the last row, when all locks are held. So a late repeat fails the
    // statement too, and succeeds when it is sent alone.
    many: {
      wording: allOrNothing(sql<readonly UpdateCommand[]>`
        UPDATE ${inputJoined('LEFT JOIN', manyColumns, { column: 'valid_until', read: firstDeadline })}
        SET session.user_key = UNHEX(input.user_key), session.revision = input.revision, session.write_id = UNHEX(input.write_id),
          session.envelope = UNHEX(input.envelope), session.key_id = UNHEX(input.key_id),
          session.created_at = input.created_at, session.last_seen_at = GREATEST(session.last_seen_at, input.last_seen_at),
          session.idle_lifetime = input.idle_lifetime,
          session.idle_expires_at = LEAST(GREATEST(session.last_seen_at, input.last_seen_at) + input.idle_lifetime, input.absolute_expires_at),
          session.absolute_expires_at = input.absolute_expires_at,
          session.dirty_at = CASE WHEN input.dirty THEN GREATEST(COALESCE(session.dirty_at, 0), ${clock}) ELSE session.dirty_at END
        WHERE ${unless(losesInMysql, sql`1`)} > 0`),
      answers: () => () => () => true,
    },
  },

  sqlite: {
    one: {
      wording: markedOrNot(
        (andMark) => sql<UpdateCommand>`
          UPDATE ${sessions} SET ${content},
            ${times}${andMark}
          WHERE storage_key = ${storageKey} AND ${isAlive}
            AND ((${isNext} AND ${clock} <= ${validUntil}) OR (${isRepeat}))
          RETURNING storage_key`,
      ),
      answers: () => ofOne(isThere),
    },
    many: {
      wording: sql<readonly UpdateCommand[]>`
        WITH ${sqliteInput(manyColumns)}
        UPDATE ${sessions} AS session SET ${fromInput},
          dirty_at = CASE WHEN dirty THEN max(COALESCE(dirty_at, 0), ${clock}) ELSE dirty_at END
        FROM input
        WHERE session.storage_key = input.storage_key AND ${areAlive}
          AND ((${isNextOfMany} AND ${clock} <= valid_until) OR (${isRepeatOfMany}))
        RETURNING storage_key`,
      answers: (commands) =>
        byStorageKey(
          commands.map(({ record }) => record.storageKey),
          isThere,
        ),
    },
  },
});
