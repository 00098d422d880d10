import type { InsertCommand, InsertOutcome } from '../../../durable.ts';
import { byHolder, byStorageKey, isThere, ofOne } from '../../rows/answers.ts';
import { HOLDER_COLUMNS, INSERT_COLUMNS } from '../../columns.ts';
import { byKey } from '../../dialects/mysql/input.ts';
import { unless } from '../../dialects/mysql/phrases.ts';
import { input as postgresqlInput } from '../../dialects/postgresql/input.ts';
import { byNumber, packed } from '../../dialects/postgresql/packed.ts';
import { input as sqliteInput } from '../../dialects/sqlite/input.ts';
import { firstDeadline } from '../../moments.ts';
import { clock } from '../../phrases/clock.ts';
import { columns } from '../../phrases/envelope.ts';
import { allOrNothing, shared, type SharedFor } from '../../wording.ts';
import { bytes, each, type Fragment, integer, namespace, oneOf, sessions, sql } from '../../tag.ts';
import * as record from './record.ts';

const { validUntil } = record;
const inserted = columns(INSERT_COLUMNS);
const manyColumns = { ...record.writeColumns, idle_expires_at: record.idleExpiresAt };

/** The inserted values, without the earlier keys, which come last. */
const row: Fragment<InsertCommand> = sql`${record.storageKey}, ${namespace}, ${record.userKey}, ${record.revision}, ${record.writeId}, ${record.envelope}, ${record.keyId}, ${record.createdAt}, ${record.lastSeenAt}, ${record.idleLifetime}, ${record.idleExpiresAt}, ${record.absoluteExpiresAt}`;

/**
 * Inserts sessions and returns those that it stored: none whose key is taken, and none that is late. Where it may wait for a
 * row lock it may fail with `too-late`, and then it changed nothing.
 *
 * A statement that inserts a key which another one is inserting waits after it read the clock, and stores the row if the
 * other one rolls back. So it reads the clock again once all rows are in, and an error undoes what is too late by then: a
 * division by zero in PostgreSQL, an overflow in MySQL.
 */
export const insert: SharedFor<InsertCommand, boolean> = shared({
  postgresql: {
    one: {
      wording: sql<InsertCommand>`
        INSERT INTO ${sessions} (${inserted})
        SELECT ${row}, ''::bytea
        WHERE ${clock} <= ${validUntil}
        ON CONFLICT DO NOTHING
        RETURNING 1 / (${clock} <= ${validUntil})::integer AS in_time`,
      answers: () => ofOne(isThere),
    },
    // Leaves out rows that are late already. The aggregate is evaluated once all others are in.
    many: {
      wording: sql<readonly InsertCommand[]>`
        WITH ${postgresqlInput(manyColumns)}, inserted AS (
          INSERT INTO ${sessions} (${inserted})
          SELECT storage_key, ${namespace}, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, ''::bytea
          FROM input WHERE ${clock} <= valid_until
          ORDER BY storage_key
          ON CONFLICT DO NOTHING
          RETURNING storage_key
        )
        SELECT ${packed()}, 1 / (${clock} <= min(valid_until))::integer AS in_time
        FROM inserted JOIN input USING (storage_key)`,
      answers: () => byNumber(isThere),
    },
  },

  // All rows or none: a taken key or a late row fails the statement, which is then sent again in halves. The server writes
  // one row after the other. The last one is no session: it repeats the first key, meets the row that this statement wrote,
  // changes nothing, and reads the clock. Only its `previous_keys` are not empty.
  mysql: {
    many: {
      wording: allOrNothing(sql<readonly InsertCommand[]>`
        INSERT INTO ${sessions} (${inserted})
        VALUES ${each(rowsOfMysql, sql<MysqlRow>`(${row}, ${bytes(({ previousKeys }) => previousKeys)})`)}
        ON DUPLICATE KEY UPDATE revision = ${unless(sql`VALUES(previous_keys) = '' OR ${clock} > ${integer(firstDeadline)}`, sql`revision`)}`),
      answers: () => () => () => true,
    },
  },

  // There is one writer, so the clock of the WHERE decides.
  sqlite: {
    one: {
      wording: sql<InsertCommand>`
        INSERT INTO ${sessions} (${inserted})
        SELECT ${row}, x''
        WHERE ${clock} <= ${validUntil}
        ON CONFLICT DO NOTHING
        RETURNING storage_key`,
      answers: () => ofOne(isThere),
    },
    many: {
      wording: sql<readonly InsertCommand[]>`
        WITH ${sqliteInput(manyColumns)}
        INSERT INTO ${sessions} (${inserted})
        SELECT storage_key, ${namespace}, user_key, revision, write_id, envelope, key_id, created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at, x''
        FROM input WHERE ${clock} <= valid_until
        ON CONFLICT DO NOTHING
        RETURNING storage_key`,
      answers: (commands) => byStorageKey(commands.map(storageKeyOf), isThere),
    },
  },
});

const holding = {
  wording: sql<readonly InsertCommand[]>`
    SELECT ${columns(HOLDER_COLUMNS)} FROM ${sessions}
    WHERE storage_key ${oneOf((commands) => commands.map(storageKeyOf))}`,
  answers: byHolder,
};

/** Finds the rows that have the keys of inserts which stored nothing, in any namespace: no two sessions share one. */
export const holders: SharedFor<InsertCommand, InsertOutcome> = shared({
  mysql: { many: holding },
  postgresql: { many: holding },
  sqlite: { many: holding },
});

interface MysqlRow extends InsertCommand {
  readonly previousKeys: Buffer;
}

const NONE: Buffer = Buffer.alloc(0);

function rowsOfMysql(commands: readonly InsertCommand[]): readonly MysqlRow[] {
  const inOrder = byKey(commands, storageKeyOf);
  const [first] = inOrder;
  if (!first) throw new RangeError('An insert of no session.');
  // The smallest envelope that passes the checks of the table.
  const lastRecord = { ...first.record, envelope: Buffer.alloc(1) };
  const last = { ...first, record: lastRecord, previousKeys: first.record.storageKey };
  return [...inOrder.map((command) => ({ ...command, previousKeys: NONE })), last];
}

function storageKeyOf({ record: { storageKey } }: InsertCommand): Buffer {
  return storageKey;
}
