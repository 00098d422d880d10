import type { RecordState, SealedRecord } from '../../../session/sealed-record.ts';
import type { InsertCommand, InsertOutcome, MovedRow } from '../../durable.ts';
import {
  bytes,
  type MovedRequest,
  type ReadRequest,
  remembers,
  type Row,
  toInsertOutcome,
  toMovedRow,
  toRecord,
  toState,
} from './rows.ts';

/** Takes the answer of each call from the rows of a statement, by the number of the call. */
export type Answers<Answer> = (rows: readonly Row[]) => (n: number) => Answer;

/** Makes the answer of a call from its row, which is undefined if there is none. */
export type AnswerOf<Answer> = (row: Row | undefined, n: number) => Answer;

/** The key of a session in a map. */
export function keyOf(storageKey: Buffer): string {
  return storageKey.toString('latin1');
}

/** Answers a statement whose rows belong to the calls with their storage keys. */
export function byStorageKey<Answer>(storageKeys: readonly Buffer[], answerOf: AnswerOf<Answer>): Answers<Answer> {
  return (rows) => {
    const found = new Map(rows.map((row) => [keyOf(bytes(row, 'storage_key')), row]));
    return (n) => {
      const storageKey = storageKeys[n];
      return answerOf(storageKey && found.get(keyOf(storageKey)), n);
    };
  };
}

/** Answers a statement of one call. */
export function ofOne<Answer>(answerOf: AnswerOf<Answer>): Answers<Answer> {
  return ([row]) =>
    (n) =>
      answerOf(row, n);
}

export const isThere: AnswerOf<boolean> = (row) => row !== undefined;

export function recordOrNull(requests: readonly ReadRequest[]): AnswerOf<SealedRecord | null> {
  return (row, n) => (row ? toRecord(row, requests[n]?.known) : null);
}

export const stateOrNull: AnswerOf<RecordState | null> = (row) => (row ? toState(row) : null);

/** Answers a statement that finds the rows which have the storage keys of inserts. */
export function byHolder(commands: readonly InsertCommand[]): Answers<InsertOutcome> {
  return byStorageKey(
    commands.map(({ record }) => record.storageKey),
    (row, n) => toInsertOutcome(row, commands[n] as InsertCommand),
  );
}

/** Answers a statement that finds the rows which may have had the keys of these requests. */
export function byEarlierKey(requests: readonly MovedRequest[]): Answers<MovedRow | null> {
  return (rows) => (n) => {
    const request = requests[n];
    const found = request ? rows.filter((row) => remembers(row, request)).map(toMovedRow) : [];
    return found.find(({ isRevoked }) => !isRevoked) ?? found.at(0) ?? null;
  };
}

/** The earliest `since` of these requests. */
export function earliestOf(requests: readonly MovedRequest[]): number {
  return Math.min(...requests.map(({ since }) => since));
}
