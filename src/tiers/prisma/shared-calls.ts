import type { Platform } from '../../platform/platform.ts';
import type { RecordState, SealedRecord } from '../../session/sealed-record.ts';
import type { InsertCommand, TouchCommand, UpdateCommand } from '../tier.ts';
import { Batcher } from './batcher.ts';
import type { CallPatience } from './call.ts';
import type { SharedStatement, SharedStatements } from './dialect.ts';
import type { TierLanes } from './lanes.ts';
import type { ReadRequest } from './rows.ts';
import type { StatementRunner } from './statement-runner.ts';

/** The calls that share statements: one batcher a kind, since only like goes with like. */
export interface SharedCalls {
  readonly insert: Batcher<InsertCommand, boolean>;
  readonly read: Batcher<ReadRequest, SealedRecord | null>;
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
  readonly patience: CallPatience;
}

export function shareCalls(options: SharedCallsOptions): SharedCalls {
  const { statements, namespace, runner, lanes, platform, timeoutMs, patience } = options;
  const { rowsMax } = statements;
  const waits = { platform, timeoutMs, patience, holdsLane: lanes.areHeld };
  const send = <Answer>(statement: SharedStatement<Answer>, deadline: number) =>
    runner.attemptRows(statement, deadline, statement.answers);
  const readers = { ...waits, lanes: lanes.reads, rowsMax: rowsMax.read };
  const writers = { ...waits, lanes: lanes.writes };
  const ofRecords = {
    ...writers,
    storageKeyOf: ({ record }: InsertCommand) => record.storageKey,
    bytesOf: ({ record }: InsertCommand) => record.envelope.length,
  };
  const weight = new Weight();
  return {
    insert: new Batcher<InsertCommand, boolean>({
      ...ofRecords,
      rowsMax: rowsMax.insert,
      send: (commands, deadline) => send(statements.insert(namespace, commands), deadline),
    }),
    read: new Batcher<ReadRequest, SealedRecord | null>({
      ...readers,
      storageKeyOf: ({ storageKey }) => storageKey,
      bytesOf: () => weight.bytes,
      send: async (requests, deadline) => weight.weigh(await send(statements.read(namespace, requests), deadline)),
    }),
    readState: new Batcher<Buffer, RecordState | null>({
      ...readers,
      storageKeyOf: (storageKey) => storageKey,
      bytesOf: () => 0,
      send: (storageKeys, deadline) => send(statements.readState(namespace, storageKeys), deadline),
    }),
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
    }),
  };
}

/** How much a row weighs nobody knows before it is read: as much as those of the last statement did. */
class Weight {
  bytes = 0;

  weigh(answerOf: (n: number) => SealedRecord | null): (n: number) => SealedRecord | null {
    let sum = 0;
    let count = 0;
    return (n) => {
      const record = answerOf(n);
      if (record === null) return null;
      sum += record.envelope.length;
      count += 1;
      this.bytes = sum / count;
      return record;
    };
  }
}
