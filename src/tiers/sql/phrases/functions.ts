import { type Choice, perDatabase, sql } from '../tag.ts';

/** The function for the larger of two values. A null makes it null, except in PostgreSQL, which ignores nulls. */
export const GREATEST: Choice<unknown> = perDatabase({
  mysql: sql`GREATEST`,
  postgresql: sql`GREATEST`,
  sqlite: sql`max`,
});

/** The function for the smaller of two values. */
export const LEAST: Choice<unknown> = perDatabase({ mysql: sql`LEAST`, postgresql: sql`LEAST`, sqlite: sql`min` });

/** Casts the boolean before it to a number, in the database that has booleans. */
export const asInteger: Choice<unknown> = perDatabase({ mysql: sql``, postgresql: sql`::integer`, sqlite: sql`` });
