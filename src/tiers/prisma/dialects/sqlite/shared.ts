import { ENVELOPE_TAG_BYTES } from '../../../../limits/codec.ts';
import { SHARED_STATEMENT_ROWS_MAX } from '../../../../limits/durable-tier.ts';
import type { RecordState, SealedRecord } from '../../../../session/sealed-record.ts';
import type { InsertCommand, InsertOutcome, MovedRow, TouchCommand, UpdateCommand } from '../../../durable.ts';
import { byEarlierKey, byHolder, byStorageKey, earliestOf, isThere, recordOrNull, stateOrNull } from '../../answers.ts';
import {
  firstMoment,
  lastMoment,
  type SharedKind,
  type SharedStatement,
  type SharedStatements,
  type Statement,
} from '../../dialect.ts';
import { type MovedRequest, type ReadRequest, tagOf } from '../../rows.ts';
import { type ColumnName, HOLDER_COLUMNS, INSERT_COLUMNS, RECORD_COLUMNS, STATE_COLUMNS } from '../../table.ts';
import { Input } from './input.ts';
import { SqliteOneRow } from './one-row.ts';
import { answered, CLOCK, holds, placeholders } from './sql.ts';

export class SqliteShared implements SharedStatements {
  readonly rowsMax: Readonly<Record<SharedKind, number>> = {
    insert: SHARED_STATEMENT_ROWS_MAX,
    read: SHARED_STATEMENT_ROWS_MAX,
    touch: SHARED_STATEMENT_ROWS_MAX,
    update: SHARED_STATEMENT_ROWS_MAX,
  };
  readonly #oneRow: SqliteOneRow;
  readonly #table: string;

  /** `table` is quoted. */
  constructor(table: string) {
    this.#oneRow = new SqliteOneRow(table);
    this.#table = table;
  }

  /** Nobody else inserts meanwhile, so the clock of the WHERE is the last word. */
  insert(namespace: string, commands: readonly InsertCommand[]): SharedStatement<boolean> {
    const [only] = commands;
    if (only && commands.length === 1) return this.#oneRow.insert(namespace, only);
    const input = writeInput(commands).column('idle_expires_at', ({ record }) => BigInt(record.idleExpiresAt));
    const given: Partial<Record<ColumnName, string>> = { namespace: '?', previous_keys: "x''" };
    return {
      text: `WITH ${input.cte}
INSERT INTO ${this.#table} (${INSERT_COLUMNS.join(', ')})
SELECT ${INSERT_COLUMNS.map((column) => given[column] ?? column).join(', ')}
FROM input WHERE ${CLOCK} <= valid_until
ON CONFLICT DO NOTHING
RETURNING storage_key`,
      values: [...input.values, namespace],
      answers: byStorageKey(commands.map(storageKeyOf), isThere),
    };
  }

  holders(commands: readonly InsertCommand[]): SharedStatement<InsertOutcome> {
    return {
      text: `SELECT ${HOLDER_COLUMNS.join(', ')} FROM ${this.#table}
WHERE storage_key IN (${placeholders(commands)})`,
      values: commands.map(storageKeyOf),
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
    const isOneOf = requests.map(() => 'instr(previous_keys, ?) > 0').join(' OR ');
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

  /** The second half of the last condition lets a write whose answer was lost be sent again: it finds itself. */
  update(namespace: string, commands: readonly UpdateCommand[]): SharedStatement<boolean> {
    const [only] = commands;
    if (only && commands.length === 1) return this.#oneRow.update(namespace, only);
    const input = writeInput(commands)
      .column('replaces', ({ replaces }) => replaces)
      .column('alive_at', ({ aliveAt }) => BigInt(aliveAt))
      .column('dirty', ({ dirty }) => (dirty ? 1n : 0n));
    return {
      text: `WITH ${input.cte}
UPDATE ${this.#table} AS session SET user_key = input.user_key, revision = input.revision, write_id = input.write_id,
  envelope = input.envelope, key_id = input.key_id, created_at = input.created_at,
  last_seen_at = max(session.last_seen_at, input.last_seen_at), idle_lifetime = input.idle_lifetime,
  idle_expires_at = min(max(session.last_seen_at, input.last_seen_at) + input.idle_lifetime, input.absolute_expires_at),
  absolute_expires_at = input.absolute_expires_at,
  dirty_at = CASE WHEN dirty THEN max(COALESCE(dirty_at, 0), ${CLOCK}) ELSE dirty_at END
${ROWS}
  AND ((session.revision = input.revision - 1 AND ${holds('input.replaces', 'session.')} AND ${CLOCK} <= valid_until)
    OR (session.revision = input.revision AND session.write_id = input.write_id))
RETURNING storage_key`,
      values: [...input.values, namespace],
      answers: byStorageKey(commands.map(storageKeyOf), isThere),
    };
  }

  touch(namespace: string, commands: readonly TouchCommand[]): SharedStatement<RecordState | null> {
    const [only] = commands;
    if (only && commands.length === 1) return this.#oneRow.touch(namespace, only);
    const input = new Input(commands)
      .column('storage_key', ({ storageKey }) => storageKey)
      .column('last_seen_at', ({ lastSeenAt }) => BigInt(lastSeenAt))
      .column('alive_at', ({ aliveAt }) => BigInt(aliveAt))
      .column('longest_pause', ({ longestPauseMs }) => BigInt(longestPauseMs));
    return {
      text: `WITH ${input.cte}
UPDATE ${this.#table} AS session SET
  last_seen_at = max(session.last_seen_at, input.last_seen_at),
  idle_expires_at = max(session.idle_expires_at,
    min(input.last_seen_at + session.idle_lifetime, session.absolute_expires_at))
${ROWS} AND idle_lifetime >= longest_pause
RETURNING ${answered(['storage_key', ...STATE_COLUMNS]).join(', ')}`,
      values: [...input.values, namespace],
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
  const isKnown = `(storage_key, substr(envelope, -${ENVELOPE_TAG_BYTES})) IN (VALUES ${pairs})`;
  return { column: `CASE WHEN ${isKnown} THEN NULL ELSE envelope END AS envelope`, values: values.flat() };
}

/** The living rows that are asked for. */
const ROWS = `FROM input
WHERE session.storage_key = input.storage_key AND namespace = ? AND revoked_at IS NULL
  AND session.idle_expires_at >= alive_at AND session.absolute_expires_at > alive_at`;

function storageKeyOf({ record }: InsertCommand): Buffer {
  return record.storageKey;
}

/** What every write of a record says. */
function writeInput<Command extends InsertCommand>(commands: readonly Command[]): Input<Command> {
  return new Input(commands)
    .column('storage_key', ({ record }) => record.storageKey)
    .column('user_key', ({ record }) => record.userKey)
    .column('revision', ({ record }) => BigInt(record.revision))
    .column('write_id', ({ writeId }) => writeId)
    .column('envelope', ({ record }) => record.envelope)
    .column('key_id', ({ record }) => record.keyId)
    .column('created_at', ({ record }) => BigInt(record.createdAt))
    .column('last_seen_at', ({ record }) => BigInt(record.lastSeenAt))
    .column('idle_lifetime', ({ record }) => BigInt(record.idleLifetimeMs))
    .column('absolute_expires_at', ({ record }) => BigInt(record.absoluteExpiresAt))
    .column('valid_until', ({ validUntil }) => lastMoment(validUntil));
}
