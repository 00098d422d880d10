import type { Dialect } from '../dialect.ts';

/**
 * SQLite 3.35 and later (`RETURNING`). It has one writer at a time, so there are no rows to lock. Parameters are plain `?`,
 * in order and repeated where needed: `better-sqlite3` takes `?1` for a named one.
 */
export const sqlite: Dialect = {
  name: 'sqlite',
  lanes: null,
  prefix: () => '',
  quote: (name) => `"${name}"`,
  placeholder: () => '?',
  sharesParameters: false,
};
