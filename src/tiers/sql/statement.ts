import { type Build, compile, type SqlValue } from './compile.ts';
import type { Database, DatabaseName } from './dialects/dialect.ts';
import type { Answers } from './rows/answers.ts';
import type { Row } from './rows/rows.ts';
import type { Fragment } from './tag.ts';

/** One atomic statement. Values never become part of its text. */
export interface Statement {
  readonly text: string;
  readonly values: readonly SqlValue[];
  /**
   * Where the database answers no rows of a write: its rows, from their count, or the read that finds them once the write is
   * committed. Others may have written in between, so the read asks only for what no other write can make true or false.
   */
  readonly answer?: (count: number) => readonly Row[] | Statement;
  /**
   * Where rows are found by an index of columns that others change: the statement only finds them and locks nothing, and
   * `change` makes the one that locks them by their keys, in order, and asks again for all that has to be true. Rows, where
   * there is nothing left to change.
   */
  readonly change?: (found: readonly Row[]) => readonly Row[] | Statement;
}

/** A statement of one call, before it is known for which database. */
export type StatementFor<Command> = (database: Database) => Build<Command>;

/** A statement in the words of one database. */
export type Wording<Command> = Fragment<Command> | StatementFor<Command>;

/** One wording for all databases. */
export function everywhere<Command>(wording: Fragment<Command>): StatementFor<Command> {
  return (database) => compile(wording, database);
}

export function wordings<Command>(of: Readonly<Record<DatabaseName, Wording<Command>>>): StatementFor<Command> {
  return (database) => compileWording(of[database.dialect.name], database);
}

/** One of two statements, by what the call asks for. */
export function either<Command>(
  isFirst: (command: Command) => boolean,
  first: Wording<Command>,
  second: Wording<Command>,
): StatementFor<Command> {
  return (database) => {
    const [one, other] = [compileWording(first, database), compileWording(second, database)];
    return (namespace, command) => (isFirst(command) ? one : other)(namespace, command);
  };
}

/** A write, and the read that answers for it. */
export function thenRead<Command>(write: Fragment<Command>, read: Fragment<Command>): StatementFor<Command> {
  return (database) => {
    const [writing, reading] = [compile(write, database), compile(read, database)];
    return (namespace, command) => ({ ...writing(namespace, command), answer: () => reading(namespace, command) });
  };
}

/** A write of which each row has changed when it succeeds, so that nobody asks which. */
export function allOrNothing<Command>(write: Fragment<Command>): StatementFor<Command> {
  return (database) => {
    const build = compile(write, database);
    return (namespace, command) => ({ ...build(namespace, command), answer: () => [] });
  };
}

/** A write of one row, and the read that looks for it where the count says that none has changed. */
export function thenReadIfNone<Command>(write: Fragment<Command>, read: Fragment<Command>): StatementFor<Command> {
  return (database) => {
    const [writing, reading] = [compile(write, database), compile(read, database)];
    return (namespace, command) => ({
      ...writing(namespace, command),
      answer: (count) => (count > 0 ? [{}] : reading(namespace, command)),
    });
  };
}

export function compileWording<Command>(wording: Wording<Command>, database: Database): Build<Command> {
  return typeof wording === 'function' ? wording(database) : compile(wording, database);
}

/** One statement for calls that arrived together. */
export interface SharedStatement<Answer> extends Statement {
  /** The answer of each call, by its number. Throws what is true of that call alone. */
  readonly answers: Answers<Answer>;
}

/**
 * Builds one statement for many sessions, no two of them the same. It answers which of them it found, inserted or changed; a
 * session of which it answers nothing does not hurt its neighbours. Rows are locked before any is changed, and in the order of
 * their keys, so that statements wait for each other and never in a circle.
 */
export type Share<Request, Answer> = (namespace: string, requests: readonly Request[]) => SharedStatement<Answer>;

export type SharedFor<Request, Answer> = (database: Database) => Share<Request, Answer>;

export interface SharedWordings<Request, Answer> {
  /** For a call without company, where to go through a list of rows costs as much again as one row does. */
  readonly one?: Answered<Request, Request, Answer>;
  readonly many: Answered<Request, readonly Request[], Answer>;
}

export interface Answered<Request, Command, Answer> {
  readonly wording: Wording<Command>;
  readonly answers: (requests: readonly Request[]) => Answers<Answer>;
}

export function shared<Request, Answer>(
  of: Readonly<Record<DatabaseName, SharedWordings<Request, Answer>>>,
): SharedFor<Request, Answer> {
  return (database) => {
    const { one, many } = of[database.dialect.name];
    const buildOne = one && compileWording(one.wording, database);
    const buildMany = compileWording(many.wording, database);
    return (namespace, requests) => {
      const [only] = requests;
      if (one && buildOne && only !== undefined && requests.length === 1) {
        return { ...buildOne(namespace, only), answers: one.answers(requests) };
      }
      return { ...buildMany(namespace, requests), answers: many.answers(requests) };
    };
  };
}
