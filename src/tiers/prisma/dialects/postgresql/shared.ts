import { ENVELOPE_TAG_BYTES } from '../../../../limits/codec.ts';
import { PREVIOUS_KEYS_MAX, SHARED_STATEMENT_ROWS_MAX } from '../../../../limits/durable-tier.ts';
import { KEY_ID_BYTES } from '../../../../limits/keys.ts';
import { STORAGE_KEY_BYTES, WRITE_ID_BYTES } from '../../../../limits/session.ts';
import type { RecordState, SealedRecord } from '../../../../session/sealed-record.ts';
import type { InsertCommand, InsertOutcome, MovedRow, TouchCommand, UpdateCommand } from '../../../durable.ts';
import { type Answers, byEarlierKey, byHolder, earliestOf, isThere, stateOrNull } from '../../answers.ts';
import {
  firstMoment,
  lastMoment,
  type SharedKind,
  type SharedStatement,
  type SharedStatements,
  type SqlValue,
} from '../../dialect.ts';
import { type MovedRequest, type ReadRequest, tagOf, toRecord } from '../../rows.ts';
import {
  type AnswerColumn,
  type ColumnName,
  HOLDER_COLUMNS,
  INSERT_COLUMNS,
  RECORD_COLUMNS,
  STATE_COLUMNS,
} from '../../table.ts';
import { endToEnd, Input } from './input.ts';
import { PostgresqlOneRow } from './one-row.ts';
import { packed, unpack } from './packed.ts';
import { answered, CLOCK, holds, unlessKnown } from './sql.ts';

/** Most rows remember one key or two. */
const ANY_PREVIOUS_KEY = Array.from({ length: PREVIOUS_KEYS_MAX }, (_, n) => {
  const at = n * STORAGE_KEY_BYTES;
  return `(octet_length(previous_keys) > ${at} AND substr(previous_keys, ${at + 1}, ${STORAGE_KEY_BYTES}) = ANY($3::bytea[]))`;
}).join('\n  OR ');

export class PostgresqlShared implements SharedStatements {
  readonly rowsMax: Readonly<Record<SharedKind, number>> = {
    insert: SHARED_STATEMENT_ROWS_MAX,
    read: SHARED_STATEMENT_ROWS_MAX,
    touch: SHARED_STATEMENT_ROWS_MAX,
    update: SHARED_STATEMENT_ROWS_MAX,
  };
  readonly #oneRow: PostgresqlOneRow;
  readonly #table: string;

  /** `table` is quoted. */
  constructor(table: string) {
    this.#oneRow = new PostgresqlOneRow(table);
    this.#table = table;
  }

  /**
   * Rows that are late already are left out. A key that somebody else is inserting makes this wait after its WHERE, and
   * should the other one give up, the row goes in. So the clock is looked at again once all rows are in, which is what the
   * window waits for. What is too late by then can be taken back by an error only: a division by zero.
   */
  insert(namespace: string, commands: readonly InsertCommand[]): SharedStatement<boolean> {
    const [only] = commands;
    if (only && commands.length === 1) return this.#oneRow.insert(namespace, only);
    const input = writeInput(namespace, commands).integer('idle_expires_at', ({ record }) => record.idleExpiresAt);
    const given: Partial<Record<ColumnName, string>> = {
      namespace: Input.NAMESPACE,
      previous_keys: `''::bytea`,
    };
    return {
      text: `WITH ${input.cte}, inserted AS (
  INSERT INTO ${this.#table} (${INSERT_COLUMNS.join(', ')})
  SELECT ${INSERT_COLUMNS.map((column) => given[column] ?? column).join(', ')}
  FROM input WHERE ${CLOCK} <= valid_until
  ORDER BY storage_key
  ON CONFLICT DO NOTHING
  RETURNING storage_key
)
SELECT ${packed()}, 1 / (${CLOCK} <= min(valid_until))::integer AS in_time
FROM inserted JOIN input USING (storage_key)`,
      values: input.values,
      answers: ANSWERED,
    };
  }

  holders(commands: readonly InsertCommand[]): SharedStatement<InsertOutcome> {
    return {
      text: `SELECT ${HOLDER_COLUMNS.join(', ')} FROM ${this.#table}
WHERE storage_key = ANY($1::bytea[])`,
      values: [commands.map(({ record }) => record.storageKey)],
      answers: byHolder(commands),
    };
  }

  read(namespace: string, requests: readonly ReadRequest[]): SharedStatement<SealedRecord | null> {
    const [only] = requests;
    if (only && requests.length === 1) return this.#oneRow.read(namespace, only);
    const storageKeys = requests.map(({ storageKey }) => storageKey);
    const tags = requests.map(tagOf);
    const areKnown = tags.some((tag) => tag !== null);
    const text = this.#select(SENT_COLUMNS, areKnown ? unlessKnown(TAG_OF_REQUEST) : 'envelope');
    const values = [
      ...selected(namespace, storageKeys),
      ...(areKnown
        ? [
            endToEnd(
              ENVELOPE_TAG_BYTES,
              tags.map((tag) => tag ?? NO_TAG),
            ),
          ]
        : []),
    ];
    const answers: Answers<SealedRecord | null> = (rows) => {
      const found = unpack(rows, [...SENT_COLUMNS, 'envelope']);
      return (n) => {
        const row = found.get(n);
        const request = requests[n];
        return row && request ? toRecord(row, request.known, Buffer.from(request.storageKey)) : null;
      };
    };
    return { text, values, answers };
  }

  readState(namespace: string, storageKeys: readonly Buffer[]): SharedStatement<RecordState | null> {
    const [only] = storageKeys;
    if (only && storageKeys.length === 1) return this.#oneRow.readState(namespace, only);
    return { text: this.#select(STATE_COLUMNS), values: selected(namespace, storageKeys), answers: STATES };
  }

  /** Each place of a row is one look into a hash of the keys that are sought. */
  findRegenerated(namespace: string, requests: readonly MovedRequest[]): SharedStatement<MovedRow | null> {
    return {
      text: `SELECT storage_key, previous_keys, revoked_at, rotated_at FROM ${this.#table}
WHERE rotated_at >= $1::bigint AND namespace = $2::text AND (${ANY_PREVIOUS_KEY})`,
      values: [
        firstMoment(earliestOf(requests)),
        namespace,
        requests.map(({ previousStorageKey }) => previousStorageKey),
      ],
      answers: byEarlierKey(requests),
    };
  }

  /**
   * The second half of the last condition lets a write whose answer was lost be sent again: it finds itself. It then
   * changes nothing, so it is never too late. For the others the time is that of the last lock: the largest of all.
   */
  update(namespace: string, commands: readonly UpdateCommand[]): SharedStatement<boolean> {
    const [only] = commands;
    if (only && commands.length === 1) return this.#oneRow.update(namespace, only);
    const input = writeInput(namespace, commands)
      .varying('replaces', ({ replaces }) => replaces)
      .integer('alive_at', ({ aliveAt }) => aliveAt)
      .flag('dirty', ({ dirty }) => dirty);
    const isRepeat = 'session.revision = input.revision';
    const isNext = `((session.revision = input.revision - 1 AND ${holds('input.replaces', 'session.')})
      OR (${isRepeat} AND session.write_id = input.write_id))`;
    return {
      text: `WITH ${input.cte}, locked AS MATERIALIZED (
  SELECT storage_key, is_repeat, ${CLOCK} AS now FROM (
    SELECT session.storage_key, ${isRepeat} AS is_repeat
    ${this.#heldRows} AND ${isNext}
    ORDER BY session.storage_key FOR NO KEY UPDATE OF session
  ) AS held
), clock AS MATERIALIZED (
  SELECT max(now) AS now FROM locked
), updated AS (
  UPDATE ${this.#table} AS session SET user_key = input.user_key, revision = input.revision, write_id = input.write_id,
    envelope = input.envelope, key_id = input.key_id, created_at = input.created_at,
    last_seen_at = GREATEST(session.last_seen_at, input.last_seen_at), idle_lifetime = input.idle_lifetime,
    idle_expires_at = LEAST(GREATEST(session.last_seen_at, input.last_seen_at) + input.idle_lifetime, input.absolute_expires_at),
    absolute_expires_at = input.absolute_expires_at,
    dirty_at = CASE WHEN dirty THEN GREATEST(dirty_at, clock.now) ELSE dirty_at END
  FROM clock, locked JOIN input USING (storage_key)
  WHERE session.storage_key = locked.storage_key AND (is_repeat OR clock.now <= valid_until)
  RETURNING n
)
SELECT ${packed()} FROM updated`,
      values: input.values,
      answers: ANSWERED,
    };
  }

  touch(namespace: string, commands: readonly TouchCommand[]): SharedStatement<RecordState | null> {
    const [only] = commands;
    if (only && commands.length === 1) return this.#oneRow.touch(namespace, only);
    const input = new Input(namespace, commands)
      .fixed('storage_key', STORAGE_KEY_BYTES, ({ storageKey }) => storageKey)
      .integer('last_seen_at', ({ lastSeenAt }) => lastSeenAt)
      .integer('alive_at', ({ aliveAt }) => aliveAt)
      .integer('longest_pause', ({ longestPauseMs }) => longestPauseMs);
    return {
      text: `WITH ${input.cte}, locked AS MATERIALIZED (
  SELECT session.storage_key
  ${this.#heldRows} AND session.idle_lifetime >= longest_pause
  ORDER BY session.storage_key FOR NO KEY UPDATE OF session
), updated AS (
  UPDATE ${this.#table} AS session SET
    last_seen_at = GREATEST(session.last_seen_at, input.last_seen_at),
    idle_expires_at = GREATEST(session.idle_expires_at,
      LEAST(input.last_seen_at + session.idle_lifetime, session.absolute_expires_at))
  FROM locked JOIN input USING (storage_key)
  WHERE session.storage_key = locked.storage_key
  RETURNING n, ${answered(STATE_COLUMNS, 'session.').join(', ')}
)
SELECT ${packed(STATE_COLUMNS)} FROM updated`,
      values: input.values,
      answers: STATES,
    };
  }

  /**
   * The rows of many storage keys, which lie end to end. No `Input`: to plan its common table expression and to take its numbers apart
   * costs the server a quarter of such a statement. The envelope comes last: what is put behind something is copied.
   */
  #select(columns: readonly AnswerColumn[], envelope?: string): string {
    return `SELECT ${packed(envelope === undefined ? columns : [...columns, 'envelope'])}
FROM (
  SELECT ${['n', ...answered(columns), ...(envelope === undefined ? [] : [envelope])].join(', ')}
  FROM generate_series(0, $2::integer - 1) AS n
    JOIN ${this.#table} AS session ON storage_key = substr($3::bytea, ${STORAGE_KEY_BYTES} * n + 1, ${STORAGE_KEY_BYTES})
  WHERE namespace = $1::text AND revoked_at IS NULL
) AS found`;
  }

  /**
   * The living rows that are asked for. A condition of an UPDATE is looked at before it waits for the row, and again only
   * if the row was changed meanwhile. So `locked` asks for what has to be true of the row, which is then the latest, and
   * reads the clock once it is held (see `lock`).
   */
  get #heldRows(): string {
    return `FROM input JOIN ${this.#table} AS session USING (storage_key)
    WHERE namespace = ${Input.NAMESPACE} AND revoked_at IS NULL
      AND session.idle_expires_at >= alive_at AND session.absolute_expires_at > alive_at`;
  }
}

/** What `#select` is given. */
function selected(namespace: string, storageKeys: readonly Buffer[]): readonly SqlValue[] {
  return [namespace, storageKeys.length, endToEnd(STORAGE_KEY_BYTES, storageKeys)];
}

const TAG_OF_REQUEST = `substr($4::bytea, ${ENVELOPE_TAG_BYTES} * n + 1, ${ENVELOPE_TAG_BYTES})`;

/** What no envelope ends with, but by a chance of 1 in 2^128. */
const NO_TAG = Buffer.alloc(ENVELOPE_TAG_BYTES);

/** Who asks has the storage key, and perhaps the envelope. */
const SENT_COLUMNS: readonly ColumnName[] = RECORD_COLUMNS.filter(
  (column) => column !== 'storage_key' && column !== 'envelope',
);

const ANSWERED: Answers<boolean> = (rows) => {
  const found = unpack(rows);
  return (n) => isThere(found.get(n), n);
};

const STATES: Answers<RecordState | null> = (rows) => {
  const found = unpack(rows, STATE_COLUMNS);
  return (n) => stateOrNull(found.get(n), n);
};

/** What every write of a record says. */
function writeInput<Command extends InsertCommand>(namespace: string, commands: readonly Command[]): Input<Command> {
  return new Input(namespace, commands)
    .fixed('storage_key', STORAGE_KEY_BYTES, ({ record }) => record.storageKey)
    .varying('user_key', ({ record }) => record.userKey)
    .integer('revision', ({ record }) => record.revision)
    .fixed('write_id', WRITE_ID_BYTES, ({ writeId }) => writeId)
    .varying('envelope', ({ record }) => record.envelope)
    .fixed('key_id', KEY_ID_BYTES, ({ record }) => record.keyId)
    .integer('created_at', ({ record }) => record.createdAt)
    .integer('last_seen_at', ({ record }) => record.lastSeenAt)
    .integer('idle_lifetime', ({ record }) => record.idleLifetimeMs)
    .integer('absolute_expires_at', ({ record }) => record.absoluteExpiresAt)
    .integer('valid_until', ({ validUntil }) => Number(lastMoment(validUntil)));
}
