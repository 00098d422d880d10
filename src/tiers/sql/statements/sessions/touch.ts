import type { RecordState } from '../../../../session/sealed-record.ts';
import type { TouchCommand } from '../../../durable.ts';
import { STORAGE_KEY_BYTES } from '../../../../limits/session.ts';
import { byStorageKey, ofOne, stateOrNull } from '../../rows/answers.ts';
import { STATE_COLUMNS } from '../../columns.ts';
import { inputJoined } from '../../dialects/mysql/input.ts';
import { input as postgresqlInput } from '../../dialects/postgresql/input.ts';
import { byNumber, packed } from '../../dialects/postgresql/packed.ts';
import { input as sqliteInput } from '../../dialects/sqlite/input.ts';
import { columns } from '../../phrases/envelope.ts';
import { GREATEST, LEAST } from '../../phrases/functions.ts';
import { shared, type SharedFor, thenRead } from '../../wording.ts';
import { fixedBytes, integer, sessions, sql } from '../../tag.ts';
import { aliveAt, areAlive, isAlive } from './record.ts';

const storageKey = fixedBytes(STORAGE_KEY_BYTES, (touch: TouchCommand) => touch.storageKey);
const lastSeenAt = integer((touch: TouchCommand) => touch.lastSeenAt);
const longestPause = integer((touch: TouchCommand) => touch.longestPauseMs);
const manyColumns = {
  storage_key: storageKey,
  last_seen_at: lastSeenAt,
  alive_at: aliveAt,
  longest_pause: longestPause,
};

/** Changes the times of a row, which never go back. */
const touched = sql<TouchCommand>`
  UPDATE ${sessions} SET
    last_seen_at = ${GREATEST}(last_seen_at, ${lastSeenAt}),
    idle_expires_at = ${GREATEST}(idle_expires_at, ${LEAST}(${lastSeenAt} + idle_lifetime, absolute_expires_at))`;
const fromInput = sql`
  last_seen_at = ${GREATEST}(session.last_seen_at, input.last_seen_at),
  idle_expires_at = ${GREATEST}(session.idle_expires_at, ${LEAST}(input.last_seen_at + session.idle_lifetime, session.absolute_expires_at))`;

const canBeTouched = sql<TouchCommand>`storage_key = ${storageKey} AND ${isAlive} AND idle_lifetime >= ${longestPause}`;
const canBeTouchedOfMany = sql`${areAlive} AND session.idle_lifetime >= longest_pause`;

const stateWithKey = ['storage_key', ...STATE_COLUMNS] as const;
const byKey = (touches: readonly TouchCommand[]) =>
  byStorageKey(
    touches.map((touch) => touch.storageKey),
    stateOrNull,
  );

/**
 * Moves idle deadlines. Returns the new states of the rows that are alive and whose idle lifetime is no shorter than the
 * longest pause of the touch.
 */
export const touch: SharedFor<TouchCommand, RecordState | null> = shared({
  postgresql: {
    one: {
      wording: sql<TouchCommand>`
        ${touched}
        WHERE ${canBeTouched}
        RETURNING ${columns(STATE_COLUMNS)}`,
      answers: () => ofOne(stateOrNull),
    },
    // Rows are locked first, in order: see `update`.
    many: {
      wording: sql<readonly TouchCommand[]>`
        WITH ${postgresqlInput(manyColumns)}, locked AS MATERIALIZED (
          SELECT session.storage_key
          FROM input JOIN ${sessions} AS session USING (storage_key)
          WHERE ${canBeTouchedOfMany}
          ORDER BY session.storage_key FOR NO KEY UPDATE OF session
        ), updated AS (
          UPDATE ${sessions} AS session SET ${fromInput}
          FROM locked JOIN input USING (storage_key)
          WHERE session.storage_key = locked.storage_key
          RETURNING n, ${columns(STATE_COLUMNS, 'session.')}
        )
        SELECT ${packed(STATE_COLUMNS)} FROM updated`,
      answers: () => byNumber(stateOrNull, STATE_COLUMNS),
    },
  },

  // A row that is alive, and was seen at `last_seen_at` or later, was moved by this touch or a later one. So the read finds
  // the state after the touch, whatever else was written meanwhile.
  mysql: {
    one: {
      wording: thenRead(
        sql<TouchCommand>`
          ${touched}
          WHERE ${canBeTouched}`,
        sql<TouchCommand>`
          SELECT ${columns(stateWithKey)} FROM ${sessions}
          WHERE ${canBeTouched} AND last_seen_at >= ${lastSeenAt}`,
      ),
      answers: () => ofOne(stateOrNull),
    },
    many: {
      wording: thenRead(
        sql<readonly TouchCommand[]>`
          UPDATE ${inputJoined('STRAIGHT_JOIN', manyColumns)}
          SET session.last_seen_at = GREATEST(session.last_seen_at, input.last_seen_at),
            session.idle_expires_at = GREATEST(session.idle_expires_at,
              LEAST(input.last_seen_at + session.idle_lifetime, session.absolute_expires_at))
          WHERE ${canBeTouchedOfMany}`,
        sql<readonly TouchCommand[]>`
          SELECT ${columns(stateWithKey, 'session.')}
          FROM ${inputJoined('STRAIGHT_JOIN', manyColumns)}
          WHERE ${canBeTouchedOfMany} AND session.last_seen_at >= input.last_seen_at`,
      ),
      answers: byKey,
    },
  },

  sqlite: {
    one: {
      wording: sql<TouchCommand>`
        ${touched}
        WHERE ${canBeTouched}
        RETURNING ${columns(stateWithKey)}`,
      answers: () => ofOne(stateOrNull),
    },
    many: {
      wording: sql<readonly TouchCommand[]>`
        WITH ${sqliteInput(manyColumns)}
        UPDATE ${sessions} AS session SET ${fromInput}
        FROM input
        WHERE session.storage_key = input.storage_key AND ${canBeTouchedOfMany}
        RETURNING ${columns(stateWithKey)}`,
      answers: byKey,
    },
  },
});
