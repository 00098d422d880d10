import type { PrismaProvider } from './prisma-options.ts';

const SCHEMA =
  '`npx holdfast schema <provider> --sql` prints the migration that makes them; apply it to the database that the client uses, and compare the option `table` and, on PostgreSQL, `search_path`';
const BY_HAND =
  'it was made by hand or by another tool: compare the table with what `npx holdfast schema <provider> --sql` prints';
const CONNECTION = 'the connection string or the options of the driver adapter name the wrong one';

/**
 * The advice for a person by reason: the option concerned, the cause and the cure; nothing that is specific to one
 * server or caller.
 */
const ADVICE: ReadonlyMap<string, string> = new Map([
  [
    'access-denied',
    'the server refuses this user: give the driver adapter TLS options if the server asks for TLS, and grant the user the database, which may also be one that does not exist',
  ],
  [
    'cannot-open',
    'the SQLite file cannot be opened: compare the path in the url of the driver adapter, and the rights of its folder',
  ],
  [
    'certificate',
    'the certificate of the server does not verify: give the driver adapter the PEM text of the authority that issued it (`readFileSync(path)` and not the path), connect by a name that it holds, and see that it has not expired',
  ],
  ['column-missing', `the table lacks a column: ${SCHEMA}`],
  ['column-not-null', 'the table has a column of yours that must have a value: give it a default, or take it away'],
  ['column-type', `a column has another type: ${BY_HAND}`],
  ['no-tls', 'the server does not speak TLS: switch it on there, or compare host and port with the server'],
  [
    'not-a-database',
    'the file is not a SQLite database, or is damaged: compare the path in the url of the driver adapter',
  ],
  [
    'permission-denied',
    'the user lacks a grant on this table: grant what "A role that may do little" lists, as the owner of the table',
  ],
  ['primary-key-missing', `the primary key is another one: ${BY_HAND}`],
  [
    'read-only',
    'nothing can be written here: default_transaction_read_only is on, the role is read-only, or the SQLite file is',
  ],
  [
    'server-option',
    'the server was started with an option that forbids a statement of the library (MySQL and MariaDB: error 1290)',
  ],
  [
    'sql-refused',
    'the server does not know the SQL of `provider`: it is older than the page says, or a database that only resembles it',
  ],
  [
    'startup-parameter',
    'PgBouncer refuses a setting that the client sends as it connects: leave `statement_timeout` out of the options of the driver adapter, and set it on the role',
  ],
  ['table-missing', `the tables are not there: ${SCHEMA}`],
  [
    'type-parser',
    'values of the database arrive as something else: the application, or a package that it loads, calls `pg.types.setTypeParser`, which holds for the whole process, and Prisma cannot read what that parser makes of them; take the call away, and give the parser to a client or pool of its own (option `types` of `pg`)',
  ],
  ['unknown-database', `the database does not exist: ${CONNECTION}`],
  ['wrong-password', `the server refuses user or password: ${CONNECTION}`],
]);

const NAMES: Readonly<Record<PrismaProvider, string>> = {
  mysql: 'MySQL or MariaDB',
  postgresql: 'PostgreSQL',
  sqlite: 'SQLite',
};

/** Returns the advice for a reason, which may name a table or a column after a colon. */
export function adviceFor(reason: string, provider: PrismaProvider): string | undefined {
  const [word = reason] = reason.split(':');
  return ADVICE.get(word)?.replaceAll('<provider>', provider);
}

export function adviceForProvider(declared: PrismaProvider, actual: PrismaProvider): string {
  return `the client is one for ${NAMES[actual]}, and \`provider\` says '${declared}': give prismaTier the provider of the schema that the client was generated from, '${actual}'`;
}
