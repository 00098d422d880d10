import type { Answers } from './rows/answers.ts';
import type { Row } from './rows/rows.ts';

type SqlScalar = Uint8Array | bigint | boolean | number | string | null;
export type SqlValue = SqlScalar | readonly SqlScalar[];
/** A value that is read when the statement is sent. Only statements for a cluster of databases have such values. */
export type LateValue = () => SqlScalar;

/** An atomic statement. Values never become part of its text. */
export interface Statement {
  readonly text: string;
  readonly values: readonly (LateValue | SqlValue)[];
  /**
   * Returns the rows of a write where the database returns none: from their count, or by the read that finds them once
   * the write is committed. Others may have written in between, so the read asks only for what no other write can make
   * true or false.
   */
  readonly answer?: (count: number) => readonly Row[] | Statement;
  /**
   * Changes the rows that an index of changing columns has found: the statement itself only finds them and locks
   * nothing, and `change` makes the one that locks them by their keys, in order, and checks every condition again.
   * Returns rows if there is nothing left to change.
   */
  readonly change?: (found: readonly Row[]) => readonly Row[] | Statement;
}

/** Builds the statement of one call. */
export type Build<Command> = (namespace: string, command: Command) => Statement;

/** A statement for calls that arrived together. */
export interface SharedStatement<Answer> extends Statement {
  /** The answer of each call, by its number. Throws a failure of that call alone. */
  readonly answers: Answers<Answer>;
}

/**
 * Builds one statement for many different sessions. It returns those that it found, inserted or changed; one that it does not
 * return does not affect the others. It locks all rows, in the order of their keys, before it changes any, so that statements
 * wait for each other without a deadlock.
 */
export type Share<Request, Answer> = (namespace: string, requests: readonly Request[]) => SharedStatement<Answer>;
