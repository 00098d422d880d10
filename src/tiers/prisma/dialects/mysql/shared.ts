import { ENVELOPE_TAG_BYTES } from '../../../../limits/codec.ts';
import { SHARED_STATEMENT_ROWS_MAX } from '../../../../limits/durable-tier.ts';
import type { RecordState, SealedRecord } from '../../../../session/sealed-record.ts';
import type {
  InsertCommand,
  InsertOutcome,
  MovedRow,
  TouchCommand,
  UpdateCommand,
  WriteCommand,
} from '../../../durable.ts';
import {
  type Answers,
  byEarlierKey,
  byHolder,
  byStorageKey,
  earliestOf,
  recordOrNull,
  stateOrNull,
} from '../../answers.ts';
import {
  firstMoment,
  lastMoment,
  type SharedKind,
  type SharedStatement,
  type SharedStatements,
  type SqlValue,
  type Statement,
} from '../../dialect.ts';
import { type MovedRequest, type ReadRequest, tagOf } from '../../rows.ts';
import { type AnswerColumn, HOLDER_COLUMNS, INSERT_COLUMNS, RECORD_COLUMNS, STATE_COLUMNS } from '../../table.ts';
import { Input } from './input.ts';
import { MysqlOneRow } from './one-row.ts';
import { answered, CLOCK, holds, placeholders, unless } from './sql.ts';

export class MysqlShared implements SharedStatements {
  readonly rowsMax: Readonly<Record<SharedKind, number>> = {
    insert: SHARED_STATEMENT_ROWS_MAX,
    read: SHARED_STATEMENT_ROWS_MAX,
    touch: SHARED_STATEMENT_ROWS_MAX,
    update: SHARED_STATEMENT_ROWS_MAX,
  };
  readonly #oneRow: MysqlOneRow;
  readonly #table: string;

  /** `table` is quoted. */
  constructor(table: string) {
    this.#oneRow = new MysqlOneRow(table);
    this.#table = table;
  }

  /**
   * All rows or none, so nobody has to ask which: a key that is taken and a row that is late fail the statement, and it is
   * sent again in halves. The rows are written one after the other; a key that somebody else is inserting makes one wait,
   * after its own values were read. So behind them all comes one that is no session: a second row of the first key,
   * which meets that of this statement, changes nothing, and is where the clock is looked at. It is known by its previous keys.
   */
  insert(namespace: string, commands: readonly InsertCommand[]): SharedStatement<boolean> {
    const inOrder = commands.toSorted((a, b) => a.record.storageKey.compare(b.record.storageKey));
    const row = `(${placeholders(INSERT_COLUMNS)})`;
    return {
      text: `INSERT INTO ${this.#table} (${INSERT_COLUMNS.join(', ')})
VALUES ${inOrder.map(() => row).join(', ')}, ${row}
ON DUPLICATE KEY UPDATE revision = ${unless(`VALUES(previous_keys) = '' OR ${CLOCK} > ?`, 'revision')}`,
      values: [
        ...inOrder.flatMap((command) => rowOf(namespace, command)),
        ...lastRow(namespace, inOrder),
        firstDeadline(commands),
      ],
      answer: () => [],
      answers: ALL,
    };
  }

  holders(commands: readonly InsertCommand[]): SharedStatement<InsertOutcome> {
    return {
      text: `SELECT ${HOLDER_COLUMNS.join(', ')} FROM ${this.#table}
WHERE storage_key IN (${placeholders(commands)})`,
      values: commands.map(({ record }) => record.storageKey),
      answers: byHolder(commands),
    };
  }

  read(namespace: string, requests: readonly ReadRequest[]): SharedStatement<SealedRecord | null> {
    const storageKeys = requests.map(({ storageKey }) => storageKey);
    const known = knownOf(requests);
    const columns = RECORD_COLUMNS.map((column) => (column === 'envelope' ? known.column : column));
    const { text, values } = this.#select(namespace, storageKeys, columns);
    return { text, values: [...known.values, ...values], answers: byStorageKey(storageKeys, recordOrNull(requests)) };
  }

  readState(namespace: string, storageKeys: readonly Buffer[]): SharedStatement<RecordState | null> {
    const answers = byStorageKey(storageKeys, stateOrNull);
    return { ...this.#select(namespace, storageKeys, answered(['storage_key', ...STATE_COLUMNS])), answers };
  }

  findRegenerated(namespace: string, requests: readonly MovedRequest[]): SharedStatement<MovedRow | null> {
    const isOneOf = requests.map(() => 'LOCATE(?, previous_keys) > 0').join(' OR ');
    return {
      text: `SELECT storage_key, previous_keys, revoked_at, rotated_at FROM ${this.#table}
WHERE rotated_at >= ? AND namespace = ? AND (${isOneOf})`,
      values: [
        firstMoment(earliestOf(requests)),
        namespace,
        ...requests.map(({ previousStorageKey }) => previousStorageKey),
      ],
      answers: byEarlierKey(requests),
    };
  }

  /**
   * All rows or none here as well: who loses fails the statement before anything was changed. `LEFT JOIN`, so that one
   * without a row does. A repeat finds itself, but all look at one clock, the last row's, once all locks are held: a repeat
   * that is late is sorted out when it is sent alone.
   */
  update(namespace: string, commands: readonly UpdateCommand[]): SharedStatement<boolean> {
    const [only] = commands;
    if (only && commands.length === 1) return this.#oneRow.update(namespace, only);
    const last = { valid_until: Number(firstDeadline(commands)) };
    const input = new Input(commands, ({ record }) => record.storageKey, last)
      .bytes('user_key', ({ record }) => record.userKey)
      .integer('revision', ({ record }) => record.revision)
      .bytes('write_id', ({ writeId }) => writeId)
      .bytes('envelope', ({ record }) => record.envelope)
      .bytes('key_id', ({ record }) => record.keyId)
      .bytes('replaces', ({ replaces }) => replaces)
      .integer('created_at', ({ record }) => record.createdAt)
      .integer('last_seen_at', ({ record }) => record.lastSeenAt)
      .integer('idle_lifetime', ({ record }) => record.idleLifetimeMs)
      .integer('absolute_expires_at', ({ record }) => record.absoluteExpiresAt)
      .integer('alive_at', ({ aliveAt }) => aliveAt)
      .integer('dirty', ({ dirty }) => Number(dirty))
      .integer('valid_until', ({ validUntil }) => Number(lastMoment(validUntil)));
    const wins = `session.namespace = ? AND session.revoked_at IS NULL
      AND session.idle_expires_at >= input.alive_at AND session.absolute_expires_at > input.alive_at
      AND ((session.revision = input.revision - 1 AND ${holds('UNHEX(input.replaces)', 'session.')})
        OR (session.revision = input.revision AND session.write_id = UNHEX(input.write_id)))`;
    const loses = `CASE WHEN input.storage_key IS NULL THEN ${CLOCK} > input.valid_until
    ELSE NOT COALESCE(${wins}, FALSE) END`;
    return {
      text: `UPDATE ${input.joined('LEFT JOIN', this.#table)}
SET session.user_key = UNHEX(input.user_key), session.revision = input.revision, session.write_id = UNHEX(input.write_id),
  session.envelope = UNHEX(input.envelope), session.key_id = UNHEX(input.key_id),
  session.created_at = input.created_at, session.last_seen_at = GREATEST(session.last_seen_at, input.last_seen_at),
  session.idle_lifetime = input.idle_lifetime,
  session.idle_expires_at = LEAST(GREATEST(session.last_seen_at, input.last_seen_at) + input.idle_lifetime, input.absolute_expires_at),
  session.absolute_expires_at = input.absolute_expires_at,
  session.dirty_at = CASE WHEN input.dirty THEN GREATEST(COALESCE(session.dirty_at, 0), ${CLOCK}) ELSE session.dirty_at END
WHERE ${unless(loses, '1')} > 0`,
      values: [...input.values, namespace],
      answer: () => [],
      answers: ALL,
    };
  }

  /**
   * A row that is alive, and was seen then or later, is one that this touch, or a later one, has moved:
   * what is read afterwards is the state after the touch, whoever else has written meanwhile.
   */
  touch(namespace: string, commands: readonly TouchCommand[]): SharedStatement<RecordState | null> {
    const [only] = commands;
    if (only && commands.length === 1) return this.#oneRow.touch(namespace, only);
    const input = new Input(commands, ({ storageKey }) => storageKey)
      .integer('last_seen_at', ({ lastSeenAt }) => lastSeenAt)
      .integer('alive_at', ({ aliveAt }) => aliveAt)
      .integer('longest_pause', ({ longestPauseMs }) => longestPauseMs);
    const joined = input.joined('STRAIGHT_JOIN', this.#table);
    const alive = `namespace = ? AND revoked_at IS NULL
  AND session.idle_expires_at >= alive_at AND absolute_expires_at > alive_at AND idle_lifetime >= longest_pause`;
    const columns: readonly AnswerColumn[] = ['storage_key', ...STATE_COLUMNS];
    const values = [...input.values, namespace];
    return {
      text: `UPDATE ${joined}
SET session.last_seen_at = GREATEST(session.last_seen_at, input.last_seen_at),
  session.idle_expires_at = GREATEST(session.idle_expires_at,
    LEAST(input.last_seen_at + session.idle_lifetime, session.absolute_expires_at))
WHERE ${alive}`,
      values,
      answer: () => ({
        text: `SELECT ${answered(columns, 'session.').join(', ')}
FROM ${joined}
WHERE ${alive} AND session.last_seen_at >= input.last_seen_at`,
        values,
      }),
      answers: byStorageKey(
        commands.map(({ storageKey }) => storageKey),
        stateOrNull,
      ),
    };
  }

  #select(namespace: string, storageKeys: readonly Buffer[], columns: readonly string[]): Statement {
    return {
      text: `SELECT ${columns.join(', ')} FROM ${this.#table}
WHERE storage_key IN (${placeholders(storageKeys)}) AND namespace = ? AND revoked_at IS NULL`,
      values: [...storageKeys, namespace],
    };
  }
}

/** The envelope, but nothing in place of one that who asks has: it ends with the tag of that row. */
function knownOf(requests: readonly ReadRequest[]): { readonly column: string; readonly values: readonly Buffer[] } {
  const values = requests.flatMap((request) => {
    const tag = tagOf(request);
    return tag ? [[request.storageKey, tag]] : [];
  });
  if (values.length === 0) return { column: 'envelope', values: [] };
  const pairs = values.map(() => '(?, ?)').join(', ');
  const isKnown = `(storage_key, SUBSTR(envelope, -${ENVELOPE_TAG_BYTES})) IN (${pairs})`;
  return { column: `CASE WHEN ${isKnown} THEN NULL ELSE envelope END AS envelope`, values: values.flat() };
}

const ALL: Answers<boolean> = () => () => true;

/** The milliseconds at which the first of them is too late. */
function firstDeadline(commands: readonly WriteCommand[]): bigint {
  return commands.map(({ validUntil }) => lastMoment(validUntil)).reduce((a, b) => (b < a ? b : a));
}

function rowOf(namespace: string, { record, writeId }: InsertCommand, previousKeys = NONE): readonly SqlValue[] {
  return [
    record.storageKey,
    namespace,
    record.userKey,
    BigInt(record.revision),
    writeId,
    record.envelope,
    record.keyId,
    BigInt(record.createdAt),
    BigInt(record.lastSeenAt),
    BigInt(record.idleLifetimeMs),
    BigInt(record.idleExpiresAt),
    BigInt(record.absoluteExpiresAt),
    previousKeys,
  ];
}

const NONE: Buffer = Buffer.alloc(0);

/** It passes the checks of the table, and weighs little. */
function lastRow(namespace: string, [first]: readonly InsertCommand[]): readonly SqlValue[] {
  if (!first) throw new RangeError('An insert of no session.');
  const record = { ...first.record, envelope: Buffer.alloc(1) };
  return rowOf(namespace, { ...first, record }, record.storageKey);
}
