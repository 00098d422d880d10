import { TierFailure } from '../../../errors.ts';
import {
  SHARED_CHANGE_ROWS_MIN,
  SHARED_LOOKUPS_MAX,
  SHARED_STATEMENT_ROWS_MAX,
  SHARED_STATEMENT_ROWS_MIN,
} from '../../../limits/durable-tier.ts';
import type { Platform } from '../../../platform/platform.ts';
import type { RecordState, SealedRecord } from '../../../session/sealed-record.ts';
import type { InsertCommand, InsertOutcome, MovedRow, TouchCommand, UpdateCommand } from '../../durable.ts';
import { Batcher } from './batcher.ts';
import type { CallTimeouts } from './call.ts';
import type { SharedStatement } from '../../sql/statement.ts';
import type { SessionStatements } from '../../sql/statements/statements.ts';
import type { TierLanes } from './lanes.ts';
import { isTooLate } from '../failure.ts';
import type { MovedRequest, ReadRequest } from '../../sql/rows/rows.ts';
import type { StatementRunner } from '../statement-runner.ts';

/** The calls that share statements: one batcher for each kind. */
export interface SharedCalls {
  readonly insert: Batcher<InsertCommand, InsertOutcome>;
  readonly read: Batcher<ReadRequest, SealedRecord | null>;
  readonly readState: Batcher<Buffer, RecordState | null>;
  readonly findRegenerated: Batcher<MovedRequest, MovedRow | null>;
  readonly update: Batcher<UpdateCommand, boolean>;
  readonly touch: Batcher<TouchCommand, RecordState | null>;
}

export interface SharedCallsOptions {
  readonly statements: SessionStatements;
  readonly namespace: string;
  readonly runner: StatementRunner;
  readonly lanes: TierLanes;
  readonly platform: Platform;
  readonly timeoutMs: number;
  readonly timeouts: CallTimeouts;
}

export function shareCalls(options: SharedCallsOptions): SharedCalls {
  const { statements, namespace, runner, lanes, platform, timeoutMs, timeouts } = options;
  const common = {
    platform,
    timeoutMs,
    timeouts,
    holdsLane: lanes.areHeld,
    rowsMin: SHARED_STATEMENT_ROWS_MIN,
    rowsMax: SHARED_STATEMENT_ROWS_MAX,
  };
  const send = <Answer>(statement: SharedStatement<Answer>, deadline: number) =>
    runner.attemptRows(statement, deadline, statement.answers);
  const readers = { ...common, lanes: lanes.reads, locksRows: false };
  const writers = { ...common, lanes: lanes.writes, locksRows: true };
  const ofRecords = {
    ...writers,
    storageKeyOf: ({ record }: InsertCommand) => record.storageKey,
    bytesOf: ({ record }: InsertCommand) => record.envelope.length,
  };
  const weight = new Weight();
  return {
    insert: new Batcher<InsertCommand, InsertOutcome>({
      ...ofRecords,
      send: async (commands, deadline) => {
        const isInserted = await send(statements.insert(namespace, commands), deadline).catch(noneIfLate(commands));
        const others = commands.filter((_, n) => !isInserted(n));
        if (others.length === 0) return () => 'inserted';
        const outcomeOf = await send(statements.holders(namespace, others), deadline).catch(unexplained);
        return (n) => (isInserted(n) ? 'inserted' : outcomeOf(others.indexOf(commands[n] as InsertCommand)));
      },
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
    findRegenerated: new Batcher<MovedRequest, MovedRow | null>({
      ...readers,
      rowsMax: SHARED_LOOKUPS_MAX,
      storageKeyOf: ({ previousStorageKey }) => previousStorageKey,
      bytesOf: () => 0,
      send: (requests, deadline) => send(statements.findRegenerated(namespace, requests), deadline),
    }),
    update: new Batcher<UpdateCommand, boolean>({
      ...ofRecords,
      rowsMin: SHARED_CHANGE_ROWS_MIN,
      send: (commands, deadline) => send(statements.update(namespace, commands), deadline),
    }),
    touch: new Batcher<TouchCommand, RecordState | null>({
      ...writers,
      rowsMin: SHARED_CHANGE_ROWS_MIN,
      storageKeyOf: ({ storageKey }) => storageKey,
      bytesOf: () => 0,
      send: (commands, deadline) => send(statements.touch(namespace, commands), deadline),
    }),
  };
}

/** Returns false for an insert that was sent alone and failed with `too-late`: it stored nothing. */
function noneIfLate(commands: readonly InsertCommand[]): (error: unknown) => () => boolean {
  return (error) => {
    if (commands.length === 1 && isTooLate(error)) return () => false;
    throw error;
  };
}

/** Fails the inserts that stored nothing if the read of the reason failed. Nothing was stored, so no failure is ambiguous. */
function unexplained(error: unknown): () => InsertOutcome {
  const isAmbiguous = error instanceof TierFailure && error.kind === 'ambiguous';
  const failure = isAmbiguous ? new TierFailure('not-sent', error.reason) : error;
  return () => {
    throw failure;
  };
}

/** Estimates the bytes of a row before it is read: the average of the last statement. */
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
