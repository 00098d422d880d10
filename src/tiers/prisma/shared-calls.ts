import type { Platform } from '../../platform/platform.ts';
import type { RecordState, SealedRecord } from '../../session/sealed-record.ts';
import type { InsertCommand, TouchCommand, UpdateCommand } from '../tier.ts';
import { Batcher, keyOf } from './batcher.ts';
import type { SharedStatements, Statement } from './dialect.ts';
import type { TierLanes } from './lanes.ts';
import { bytes, type Row, toRecord, toState } from './rows.ts';
import type { StatementRunner } from './statement-runner.ts';
import { type ColumnName, RECORD_COLUMNS, STATE_COLUMNS } from './table.ts';

/** The calls that share statements: one batcher a kind, since only like goes with like. */
export interface SharedCalls {
  readonly insert: Batcher<InsertCommand, boolean>;
  readonly read: Batcher<Buffer, SealedRecord | null>;
  readonly readState: Batcher<Buffer, RecordState | null>;
  readonly update: Batcher<UpdateCommand, boolean>;
  readonly touch: Batcher<TouchCommand, RecordState | null>;
}

export interface SharedCallsOptions {
  readonly statements: SharedStatements;
  readonly namespace: string;
  readonly runner: StatementRunner;
  readonly lanes: TierLanes;
  readonly platform: Platform;
  readonly timeoutMs: number;
}

export function shareCalls(options: SharedCallsOptions): SharedCalls {
  const { statements, namespace, runner, lanes, platform, timeoutMs } = options;
  const { rowsMax } = statements;
  const waits = { platform, timeoutMs, holdsLane: lanes.areHeld };
  const send = (statement: Statement, deadline: number) => runner.attemptRows(statement, deadline, byKey);
  const readers = <Answer>(columns: readonly ColumnName[], convert: (row: Row) => Answer) => {
    // How much a row weighs nobody knows before it is read: as much as the last ones did.
    let rowBytes = 0;
    return new Batcher<Buffer, Answer | null>({
      ...waits,
      lanes: lanes.reads,
      rowsMax: rowsMax.read,
      storageKeyOf: (storageKey) => storageKey,
      bytesOf: () => rowBytes,
      send: async (storageKeys, deadline) => {
        const rows = await send(statements.read(namespace, storageKeys, columns), deadline);
        if (rows.size > 0) rowBytes = envelopeBytes(rows) / rows.size;
        return rows;
      },
      answerOf: orNull(convert),
    });
  };
  const writers = { ...waits, lanes: lanes.writes };
  const ofRecords = {
    ...writers,
    storageKeyOf: ({ record }: InsertCommand) => record.storageKey,
    bytesOf: ({ record }: InsertCommand) => record.envelope.length,
    answerOf: (row: Row | undefined) => row !== undefined,
  };
  return {
    insert: new Batcher<InsertCommand, boolean>({
      ...ofRecords,
      rowsMax: rowsMax.insert,
      send: (commands, deadline) => send(statements.insert(namespace, commands), deadline),
    }),
    read: readers(RECORD_COLUMNS, toRecord),
    readState: readers(['storage_key', ...STATE_COLUMNS], toState),
    update: new Batcher<UpdateCommand, boolean>({
      ...ofRecords,
      rowsMax: rowsMax.update,
      send: (commands, deadline) => send(statements.update(namespace, commands), deadline),
    }),
    touch: new Batcher<TouchCommand, RecordState | null>({
      ...writers,
      rowsMax: rowsMax.touch,
      storageKeyOf: ({ storageKey }) => storageKey,
      bytesOf: () => 0,
      send: (commands, deadline) => send(statements.touch(namespace, commands), deadline),
      answerOf: orNull(toState),
    }),
  };
}

function byKey(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [keyOf(bytes(row, 'storage_key')), row]));
}

function envelopeBytes(rows: ReadonlyMap<string, Row>): number {
  let sum = 0;
  for (const { envelope } of rows.values()) if (envelope instanceof Uint8Array) sum += envelope.length;
  return sum;
}

function orNull<Answer>(convert: (row: Row) => Answer): (row: Row | undefined) => Answer | null {
  return (row) => (row ? convert(row) : null);
}
