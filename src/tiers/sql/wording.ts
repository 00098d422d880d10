import { compile } from './compile.ts';
import type { Database } from './dialects/dialect.ts';
import type { Answers } from './rows/answers.ts';
import type { Build, Share } from './statement.ts';
import type { DatabaseName, Fragment } from './tag.ts';

/** Compiles, for a database, a statement of one call. */
export type StatementFor<Command> = (database: Database) => Build<Command>;

/** A statement as one database words it. */
export type Wording<Command> = Fragment<Command> | StatementFor<Command>;

/** Returns one wording for all databases. */
export function everywhere<Command>(wording: Fragment<Command>): StatementFor<Command> {
  return (database) => compile(wording, database);
}

/** Chooses the wording of the database. */
export function wordings<Command>(of: Readonly<Record<DatabaseName, Wording<Command>>>): StatementFor<Command> {
  return (database) => compileWording(of[database.dialect.name], database);
}

/** Chooses one of two statements, by the call. */
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

/** A write, and the read that finds its rows. */
export function thenRead<Command>(write: Fragment<Command>, read: Fragment<Command>): StatementFor<Command> {
  return (database) => {
    const [writing, reading] = [compile(write, database), compile(read, database)];
    return (namespace, command) => ({ ...writing(namespace, command), answer: () => reading(namespace, command) });
  };
}

/** A write that changes every row or fails, so that no read has to find its rows. */
export function allOrNothing<Command>(write: Fragment<Command>): StatementFor<Command> {
  return (database) => {
    const build = compile(write, database);
    return (namespace, command) => ({ ...build(namespace, command), answer: () => [] });
  };
}

/** A write of one row, and the read that looks for the row if the count is zero. */
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

/** Compiles, for a database, a statement that calls may share. */
export type SharedFor<Request, Answer> = (database: Database) => Share<Request, Answer>;

export interface SharedWordings<Request, Answer> {
  /** The wording for a call that is alone: going through a list of rows costs as much again as one row does. */
  readonly one?: Answered<Request, Request, Answer>;
  readonly many: Answered<Request, readonly Request[], Answer>;
}

/** A statement that calls may share, and how its rows become their answers. */
export interface Answered<Request, Command, Answer> {
  readonly wording: Wording<Command>;
  readonly answers: (requests: readonly Request[]) => Answers<Answer>;
}

/** Chooses the database's wording for one call or for many. */
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
