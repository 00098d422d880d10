import { type Choice, perDatabase, sql } from '../tag.ts';

/** The function for the larger of two values. What is null makes it null, except in PostgreSQL, which passes over nulls. */
export const GREATEST: Choice<unknown> = perDatabase({
  mysql: sql`GREATEST`,
  postgresql: sql`GREATEST`,
  sqlite: sql`max`,
});

/** The function for the smaller of two values. */
export const LEAST: Choice<unknown> = perDatabase({ mysql: sql`LEAST`, postgresql: sql`LEAST`, sqlite: sql`min` });

/** Makes a number of a truth value behind which it stands, for the database that has truth values. */
export const asInteger: Choice<unknown> = perDatabase({ mysql: sql``, postgresql: sql`::integer`, sqlite: sql`` });
