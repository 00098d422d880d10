import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { TierFailure } from '../../../../src/errors.ts';
import { toTierFailure as translate } from '../../../../src/tiers/prisma/failure.ts';

/** Wraps what a driver adapter reports about a raw query in Prisma 7's way; recorded from real servers. */
function raw(cause: object): Error {
  const message = `Invalid \`prisma.$queryRawUnsafe()\` invocation: Raw query failed. Code: \`…\`. Message: \`…\``;
  const meta = { driverAdapterError: Object.assign(new Error('adapter'), { name: 'DriverAdapterError', cause }) };
  return Object.assign(new Error(message), { name: 'PrismaClientKnownRequestError', code: 'P2010', meta });
}

const sqlState = (code: string): Error =>
  raw({ kind: 'postgres', code, originalCode: code, severity: 'ERROR', message: 'x' });
const sqlite = (code: number, message: string): Error =>
  raw({ kind: 'sqlite', originalCode: String(code), extendedCode: code, message, originalMessage: message });
/** What the adapter does not know it passes on with the server's number, or with one of the driver's own. */
const mysql = (code: number, message = 'x', cause?: string): Error =>
  raw({ kind: 'mysql', originalCode: String(code), originalMessage: message, code, message, state: 'HY000', cause });
const noConnection = (cause: string): Error => mysql(45028, 'retrieve connection from pool timeout after 500ms', cause);
const pgbouncer = (message: string): Error =>
  raw({ kind: 'postgres', code: '08P01', originalCode: '08P01', severity: 'FATAL', message, originalMessage: message });
const known = (code: string): Error => Object.assign(new Error('x'), { name: 'PrismaClientKnownRequestError', code });

/** Classifies an error of a client for the database that it comes from. */
function toTierFailure(error: unknown): TierFailure {
  const { kind } = (error as { meta?: { driverAdapterError: { cause: { kind?: string } } } } | null)?.meta
    ?.driverAdapterError.cause ?? { kind: undefined };
  return translate(error, kind === 'mysql' || kind === 'sqlite' ? kind : 'postgresql');
}

describe('a failure of a Prisma client', () => {
  it.each<[string, unknown, string]>([
    ['wrong password', raw({ kind: 'AuthenticationFailed', originalCode: '28P01', user: 'shop' }), 'wrong-password'],
    [
      'no password at all',
      new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'),
      'wrong-password',
    ],
    ['plain text to a TLS-only server', raw({ kind: 'DatabaseAccessDenied', originalCode: '28000' }), 'access-denied'],
    ['no such database', raw({ kind: 'DatabaseDoesNotExist', originalCode: '3D000' }), 'unknown-database'],
    ['no such table', raw({ kind: 'TableDoesNotExist', originalCode: '42P01' }), 'table-missing'],
    ['no such table (SQLite)', sqlite(1, 'SQLITE_ERROR: no such table: t'), 'table-missing'],
    ['no such column', raw({ kind: 'ColumnNotFound', originalCode: '42703' }), 'column-missing'],
    ['no such column (SQLite)', sqlite(1, 'SQLITE_ERROR: no such column: dirty_at'), 'column-missing'],
    [
      'a server without TLS',
      new Error('Error opening a TLS connection: The server does not support SSL connections'),
      'no-tls',
    ],
    [
      'a setting that PgBouncer refuses',
      pgbouncer('unsupported startup parameter: statement_timeout'),
      'startup-parameter',
    ],
    ['missing grant', sqlState('42501'), 'permission-denied'],
    ['no key to conflict with', sqlState('42P10'), 'primary-key-missing'],
    [
      'no key to conflict with (SQLite)',
      sqlite(1, 'SQLITE_ERROR: ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint'),
      'primary-key-missing',
    ],
    ['column of another type', sqlState('42804'), 'column-type'],
    ['a column of theirs that wants a value', sqlState('23502'), 'column-not-null'],
    [
      'a certificate without a trusted issuer',
      Object.assign(new Error('Message: `Error opening a TLS connection: unable to verify the first certificate`'), {
        code: 'P2010',
        meta: { driverAdapterError: { cause: { kind: 'TlsConnectionError', reason: 'unable to verify …' } } },
      }),
      'certificate',
    ],
    [
      'a file that cannot be opened',
      new Error('ConnectionFailed("Unable to open connection to local database /x: 14")'),
      'cannot-open',
    ],
    ['a file that is no database', sqlite(26, 'SQLITE_NOTADB: file is not a database'), 'not-a-database'],
    ['a damaged file', sqlite(11, 'SQLITE_CORRUPT: database disk image is malformed'), 'not-a-database'],
    [
      'wrong password (MariaDB), which looks like an exhausted pool',
      noConnection("(conn:-1, no: 1045, SQLState: 28000) Access denied for user 'shop'@'%' (using password: YES)"),
      'wrong-password',
    ],
    [
      'no such database (MariaDB)',
      noConnection("(conn:-1, no: 1049, SQLState: 42000) Unknown database 'shop'"),
      'unknown-database',
    ],
    [
      'a certificate without a trusted issuer (MariaDB)',
      noConnection('(conn:-1, no: 45057, SQLState: 08000) self-signed certificate in certificate chain'),
      'certificate',
    ],
    ['missing grant (MariaDB)', mysql(1142), 'permission-denied'],
    ['no key to conflict with (MariaDB)', mysql(1176), 'primary-key-missing'],
    [
      'an option that is not about reading only (MariaDB)',
      mysql(1290, 'The MariaDB server is running with the --secure-file-priv option so it cannot execute this …'),
      'server-option',
    ],
    ['P1000', known('P1000'), 'wrong-password'],
    ['P1003', known('P1003'), 'unknown-database'],
    ['P1010', known('P1010'), 'access-denied'],
    ['P2021', known('P2021'), 'table-missing'],
    ['P2022', known('P2022'), 'column-missing'],
  ])('is for a person to mend: %s', (_what, error, reason) => {
    expect(toTierFailure(error)).toMatchObject({ kind: 'misconfigured', reason, advice: expect.any(String) });
  });

  it.each<[string, unknown, string]>([
    ['refused', raw({ kind: 'DatabaseNotReachable', host: '127.0.0.1', port: 1 }), 'unreachable'],
    ['refused on every address', Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }), 'unreachable'],
    ['P1001', known('P1001'), 'unreachable'],
    ['starting up', sqlState('57P03'), 'starting'],
    ['no connection left', raw({ kind: 'TooManyConnections', originalCode: '53300' }), 'too-many-connections'],
    ['pool exhausted', new Error('timeout exceeded when trying to connect'), 'pool-timeout'],
    ['pool exhausted (PgBouncer)', pgbouncer('query_wait_timeout'), 'pool-timeout'],
    [
      'unreachable (PgBouncer)',
      pgbouncer('server login has been failing, cached error: connect failed (server_login_retry)'),
      'unreachable',
    ],
    ['silent handshake', new Error('Connection terminated due to connection timeout'), 'connect-timeout'],
    ['refused (MariaDB)', noConnection('connect ECONNREFUSED 127.0.0.1:3306'), 'unreachable'],
    ['pool exhausted (MariaDB)', noConnection('x'), 'pool-timeout'],
    [
      'as many connections as the server grants each account (MariaDB)',
      raw({ kind: 'TooManyConnections', originalCode: '1203' }),
      'too-many-connections',
    ],
    [
      'the same, which looks like an exhausted pool',
      noConnection("(conn:7, no: 1203, SQLState: 42000) User shop already has more than 'max_user_connections' …"),
      'too-many-connections',
    ],
    [
      'the limit of an account (MariaDB), which looks like an exhausted pool',
      noConnection("(conn:7, no: 1226, SQLState: 42000) User 'shop' has exceeded the 'max_user_connections' resource"),
      'user-limit',
    ],
    ['the statements of an account in an hour (MariaDB)', mysql(1226), 'user-limit'],
    [
      'no quorum (Galera), which looks like an exhausted pool',
      noConnection('(conn:7, no: 1047, SQLState: 08S01) WSREP has not yet prepared node for application use'),
      'no-quorum',
    ],
    [
      'a port that does not speak its protocol (MariaDB)',
      noConnection('(conn:-1, no: 45012, SQLState: 08S01) Connection timeout: failed to create socket after 500ms'),
      'connect-timeout',
    ],
    [
      'a handshake with a byte that was changed on the way',
      Object.assign(new Error('Error opening a TLS connection: 22FA:error:0A000119:SSL routines:x:bad record mac'), {
        meta: { driverAdapterError: { cause: { kind: 'TlsConnectionError' } } },
      }),
      'tls-handshake',
    ],
    ['dead connection', new Error('Client has encountered a connection error and is not queryable'), 'closed'],
  ])('never left this process: %s', (_what, error, reason) => {
    expect(toTierFailure(error)).toMatchObject({ kind: 'not-sent', reason });
  });

  it.each<[string, unknown, string]>([
    ['deadlock', raw({ kind: 'TransactionWriteConflict', originalCode: '40P01' }), 'deadlock'],
    ['serialization', raw({ kind: 'TransactionWriteConflict', originalCode: '40001' }), 'serialization'],
    ['P2034', known('P2034'), 'serialization'],
    ['deadlock (MariaDB)', raw({ kind: 'TransactionWriteConflict', originalCode: '1213' }), 'deadlock'],
    ['a row changed since the snapshot (MariaDB)', mysql(1020), 'serialization'],
    ['statement timeout (MariaDB)', mysql(1969), 'statement-timeout'],
    ['a lost certification in a MySQL group', mysql(3101), 'serialization'],
    ['a member that left its group, newly connected', mysql(3796), 'standby'],
    ['a member that left its group while it waited', mysql(3797), 'standby'],
    ['lock timeout (MariaDB)', mysql(1205), 'lock-timeout'],
    ...['--read-only', '--super-read-only', '--innodb_read_only', '--read_only=ON'].map(
      (option): [string, unknown, string] => [
        `a server with ${option}`,
        mysql(1290, `The MySQL server is running with the ${option} option so it cannot execute this statement`),
        'read-only',
      ],
    ),
    ['no quorum (Galera)', mysql(1047), 'no-quorum'],
    [
      'a server of a cluster whose clock is not known',
      new Error("DOUBLE value is out of range in 'exp(710 + rand())'"),
      'server-unknown',
    ],
    ['the overflow of a statement that is late (MariaDB)', mysql(1690), 'too-late'],
    ['statement timeout', sqlState('57014'), 'statement-timeout'],
    ['lock timeout', sqlState('55P03'), 'lock-timeout'],
    ['unique violation', raw({ kind: 'UniqueConstraintViolation', originalCode: '23505' }), 'unique-violation'],
    ['unique violation (SQLite)', raw({ kind: 'UniqueConstraintViolation', originalCode: '1555' }), 'unique-violation'],
    ['SQLITE_BUSY, which the adapter calls a time-out', raw({ kind: 'SocketTimeout', originalCode: '5' }), 'busy'],
    ['SQLITE_BUSY_SNAPSHOT', raw({ kind: 'SocketTimeout', originalCode: '517' }), 'busy'],
    ['read-only transaction', sqlState('25006'), 'read-only'],
    ['read-only file', sqlite(8, 'SQLITE_READONLY: attempt to write a readonly database'), 'read-only'],
    ['disk full', sqlState('53100'), 'disk-full'],
    ['no memory left', sqlState('53200'), 'out-of-memory'],
    ['no memory left (MariaDB)', mysql(1038), 'out-of-memory'],
    ['a check of the table', sqlite(275, 'SQLITE_CONSTRAINT: CHECK constraint failed'), 'value-refused'],
  ])('changed nothing: %s', (_what, error, reason) => {
    expect(toTierFailure(error)).toMatchObject({ kind: 'rejected', reason });
  });

  it.each<[string, unknown, string]>([
    ['reset', raw({ kind: 'ConnectionClosed' }), 'connection-lost'],
    ['closed in mid-statement', new Error('Connection terminated unexpectedly'), 'connection-lost'],
    ['P1017', known('P1017'), 'connection-lost'],
    [
      'a byte that was changed on the way',
      Object.assign(new Error('22FA9757F0000:error:0A000119:SSL routines:tls_get_more_records:bad record mac'), {
        code: 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
      }),
      'tls-broken',
    ],
    ['silent server', new Error('Query read timeout'), 'read-timeout'],
    ['ETIMEDOUT', raw({ kind: 'SocketTimeout' }), 'read-timeout'],
    ['killed by an administrator', sqlState('57P01'), 'terminated'],
    ['closed in mid-statement (MariaDB)', mysql(45009), 'connection-lost'],
    ['silent server (MariaDB)', mysql(45026), 'read-timeout'],
    ['a commit that failed (MariaDB)', mysql(1180), 'commit-failed'],
    ['a number that MySQL documents nowhere', mysql(6400), 'unknown'],
    ['a parser of the application', new Error('Cannot serialize value of type bigint as Int64'), 'type-parser'],
    ['a SQLSTATE that is not listed', sqlState('XX000'), 'unknown'],
    ['a string', 'boom', 'unknown'],
    ['nothing', undefined, 'unknown'],
    ['null', null, 'unknown'],
  ])('leaves its outcome open: %s', (_what, error, reason) => {
    expect(toTierFailure(error)).toMatchObject({ kind: 'ambiguous', reason });
  });

  it.each([
    ['postgresql', sqlite(1, 'SQLITE_ERROR: near "FROM": syntax error'), 'sqlite', 'SQLite'],
    ['postgresql', mysql(1064), 'mysql', 'MySQL or MariaDB'],
    ['mysql', sqlState('42601'), 'postgresql', 'PostgreSQL'],
    ['sqlite', sqlState('42601'), 'postgresql', 'PostgreSQL'],
  ] as const)('says that it was declared for %s by mistake (%#)', (declared, error, actual, name) => {
    const failure = translate(error, declared);
    expect(failure).toMatchObject({ kind: 'misconfigured', reason: 'wrong-provider' });
    expect(failure.advice).toContain(`the client is one for ${name}, and \`provider\` says '${declared}'`);
    expect(failure.advice).toContain(`'${actual}'`);
  });

  it('passes on one that is a tier failure already', () => {
    const failure = new TierFailure('rejected', 'standby');
    expect(toTierFailure(failure)).toBe(failure);
  });

  it('carries nothing of the error that caused it', () => {
    const canary = 'canary-4711';
    const error = raw({ kind: 'postgres', code: '42703', originalMessage: canary, detail: canary, message: canary });
    error.message += canary;
    const failure = toTierFailure(error);
    expect(inspect(failure, { depth: null, showHidden: true })).not.toContain(canary);
    expect(failure.cause).toBeUndefined();
  });

  it('ends with an error that contains itself', () => {
    const error = new Error('x');
    error.cause = error;
    expect(toTierFailure(error)).toMatchObject({ kind: 'ambiguous' });
  });
});
