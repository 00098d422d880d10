import { TierFailure, type TierFailureKind } from '../../errors.ts';
import { DATABASE_NAMES } from '../sql/tag.ts';
import { adviceFor, adviceForProvider } from './advice.ts';
import type { PrismaProvider } from './prisma-options.ts';

/**
 * Turns anything that a Prisma client throws into one of four kinds. Errors are recognised by their codes and texts, never by
 * `instanceof`: a process may hold several copies of the client. The driver's error itself goes no further, since Prisma's
 * messages quote values. `declared` is the provider that the tier was given.
 */
export function toTierFailure(error: unknown, declared: PrismaProvider): TierFailure {
  if (isTierFailure(error)) return error;
  const codes = new Set<string>();
  const texts: string[] = [];
  collect(error, codes, texts);
  const actual = DATABASE_NAMES.find((provider) => codes.has(ADAPTER_KINDS[provider]));
  if (actual !== undefined && actual !== declared) {
    return new TierFailure('misconfigured', 'wrong-provider', adviceForProvider(declared, actual));
  }
  const text = texts.join('\n');
  const rule = RULES.find(
    ({ codes: known, text: pattern }) => known.some((code) => codes.has(code)) || pattern?.test(text),
  );
  if (rule === undefined) return new TierFailure('ambiguous', 'unknown');
  const advice = rule.kind === 'misconfigured' ? adviceFor(rule.reason, declared) : undefined;
  return new TierFailure(rule.kind, rule.reason, advice);
}

/** The `kind` of an error that the adapter of a provider did not translate. */
const ADAPTER_KINDS: Readonly<Record<PrismaProvider, string>> = {
  mysql: 'mysql',
  postgresql: 'postgres',
  sqlite: 'sqlite',
};

/** Returns true if a statement found only halfway that it was too late, and changed nothing. */
export function isTooLate(error: unknown): boolean {
  return error instanceof TierFailure && error.reason === 'too-late';
}

/**
 * Returns true for libsql's report of a lock. Its Node binding then neither resets nor finalizes the statement, which
 * stays active on the connection until the garbage collector finds it. Until then no write of that connection commits,
 * although each is acknowledged, and afterwards SQLite rolls them all back ("active statements",
 * sqlite.org/c3ref/reset).
 */
export function leavesStatementActive(error: unknown): boolean {
  const texts: string[] = [];
  collect(error, new Set(), texts);
  return texts.some((text) => /^SQLITE_(BUSY|LOCKED)[A-Z_]*: /.test(text));
}

interface Rule {
  readonly kind: TierFailureKind;
  readonly reason: string;
  /** SQLSTATE, SQLite result code, number of a MySQL or MariaDB error or of their driver's own (45 000 and more), Node's `errno` name, Prisma's code, or the `kind` of a driver adapter's error. */
  readonly codes: readonly string[];
  readonly text?: RegExp;
}

/**
 * The first rule that fits decides. A statement runs alone and commits by itself, so a server that reports an error has
 * rolled it back; after a lost connection or a timeout, that is uncertain. An error that is not listed is ambiguous.
 */
const RULES: readonly Rule[] = [
  // A person has to change something.
  {
    kind: 'misconfigured',
    reason: 'wrong-password',
    codes: ['P1000', '28P01', 'AuthenticationFailed'],
    text: /SASL: SCRAM|no: 1045,/,
  },
  {
    kind: 'misconfigured',
    reason: 'access-denied',
    codes: ['P1010', '28000', 'DatabaseAccessDenied'],
    text: /no: 1044,|insecure transport/,
  },
  {
    kind: 'misconfigured',
    reason: 'unknown-database',
    codes: ['P1003', '3D000', 'DatabaseDoesNotExist'],
    text: /no: 1049,/,
  },
  {
    kind: 'misconfigured',
    reason: 'table-missing',
    codes: ['P2021', '42P01', 'TableDoesNotExist'],
    text: /no such table/,
  },
  {
    kind: 'misconfigured',
    reason: 'column-missing',
    codes: ['P2022', '42703', 'ColumnNotFound'],
    text: /no such column|has no column named/,
  },
  { kind: 'misconfigured', reason: 'permission-denied', codes: ['42501', '1142', '1143', '23', 'SQLITE_AUTH'] },
  { kind: 'misconfigured', reason: 'column-type', codes: ['42804', '42883', '22P02', '1366', '20', 'SQLITE_MISMATCH'] },
  { kind: 'misconfigured', reason: 'column-not-null', codes: ['23502', '1299', 'NullConstraintViolation', 'P2011'] },
  {
    kind: 'misconfigured',
    reason: 'primary-key-missing',
    codes: ['42P10', '1176'],
    text: /ON CONFLICT clause does not match/,
  },
  { kind: 'misconfigured', reason: 'sql-refused', codes: ['42601', '0A000', '1064', '1235', '1305'] },
  // PgBouncer, whose errors share one code, as do those that follow by their texts.
  { kind: 'misconfigured', reason: 'startup-parameter', codes: [], text: /unsupported startup parameter/ },
  { kind: 'misconfigured', reason: 'no-tls', codes: [], text: /does not support (SSL|secure) connection/i },
  {
    kind: 'misconfigured',
    reason: 'certificate',
    codes: ['P1011'],
    // Not OpenSSL's own errors: a broken wire and a server that does not speak TLS cause them too.
    text: /Error opening a TLS connection: (?!There was|.*(?:SSL routines|EPROTO))|self-signed certificate|unable to (get local issuer|verify the first) certificate|no: 4505[679],|no: 45062,/,
  },
  {
    kind: 'misconfigured',
    reason: 'cannot-open',
    codes: ['14', 'SQLITE_CANTOPEN'],
    text: /unable to open( connection to local)? database/i,
  },
  { kind: 'misconfigured', reason: 'not-a-database', codes: ['11', '26', 'SQLITE_CORRUPT', 'SQLITE_NOTADB'] },

  // The statement never left this process, or the server refused the connection before it could.
  {
    kind: 'not-sent',
    reason: 'unreachable',
    codes: ['P1001', 'DatabaseNotReachable', 'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
    text: /connect (ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)|getaddrinfo E|server login has been failing/,
  },
  { kind: 'not-sent', reason: 'starting', codes: ['57P03'] },
  {
    kind: 'not-sent',
    reason: 'too-many-connections',
    codes: ['P2037', '53300', 'TooManyConnections'],
    text: /no: (?:1040|1203),/,
  },
  // The limits of one account, of its connections and of its statements in an hour: the driver names the server's error in the cause of its own.
  { kind: 'not-sent', reason: 'user-limit', codes: ['1226'], text: /no: 1226,/ },
  // Galera: the server has no quorum, or is joining. It refuses the command that every new connection begins with.
  { kind: 'not-sent', reason: 'no-quorum', codes: [], text: /no: 1047,/ },
  {
    kind: 'not-sent',
    reason: 'connect-timeout',
    codes: ['P1002', '45012'],
    text: /terminated due to connection timeout|no: 45012,/,
  },
  {
    kind: 'not-sent',
    reason: 'pool-timeout',
    codes: ['P2024', '45028'],
    text: /timeout exceeded when trying to connect|query_wait_timeout/,
  },
  { kind: 'not-sent', reason: 'tls-handshake', codes: ['TlsConnectionError'] },
  {
    kind: 'not-sent',
    reason: 'closed',
    codes: ['CLIENT_CLOSED', '45013', '45027', '45037'],
    text: /after calling end on the pool|is not queryable/,
  },

  // The server refused the statement, and nothing changed.
  { kind: 'rejected', reason: 'deadlock', codes: ['40P01', '1213'] },
  { kind: 'rejected', reason: 'serialization', codes: ['40001', '1020', '3101', 'P2034', 'TransactionWriteConflict'] },
  { kind: 'rejected', reason: 'statement-timeout', codes: ['57014', '1317', '1969', '3024'] },
  { kind: 'rejected', reason: 'lock-timeout', codes: ['55P03', '1205'] },
  {
    kind: 'rejected',
    reason: 'unique-violation',
    codes: ['P2002', '23505', '1555', '2067', 'UniqueConstraintViolation'],
  },
  {
    kind: 'rejected',
    reason: 'busy',
    codes: ['5', '6', '261', '262', '517', '518', '773', 'SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT', 'SQLITE_LOCKED'],
    text: /database (table )?is locked/,
  },
  {
    kind: 'rejected',
    reason: 'read-only',
    codes: ['25006', '1792', '1836', '8', '264', '520', '776', '1032', '1288', 'SQLITE_READONLY'],
    text: /attempt to write a readonly database|running with the --[\w-]*read[-_]only/,
  },
  // Any other option of the server that forbids a statement.
  { kind: 'misconfigured', reason: 'server-option', codes: ['1290'] },
  // Galera, as above, on a connection that was open before.
  { kind: 'rejected', reason: 'no-quorum', codes: ['1047'] },
  // The clock of this server of a cluster is not known: see `galeraNow`.
  { kind: 'rejected', reason: 'server-unknown', codes: [], text: /DOUBLE value is out of range/ },
  // A member of a MySQL group that the others gave up. It waited for them before the statement.
  { kind: 'rejected', reason: 'standby', codes: ['3796', '3797', '3798'] },
  // Only a statement that reads the clock when it is nearly done, or one for many sessions of which one cannot be served,
  // divides by zero or, on MySQL, overflows.
  { kind: 'rejected', reason: 'too-late', codes: ['22012', '1690'] },
  { kind: 'rejected', reason: 'disk-full', codes: ['53100', '1021', '1114', '13', 'SQLITE_FULL'] },
  { kind: 'rejected', reason: 'out-of-memory', codes: ['53200', '1037', '1038', '1041', '7', 'SQLITE_NOMEM'] },
  {
    kind: 'rejected',
    reason: 'value-refused',
    codes: ['22001', '22003', '23514', '1153', '3819', '4025', '45046', '275', 'LengthMismatch', 'ValueOutOfRange'],
  },

  // The statement may have been executed, or may yet be.
  // Galera reports it when the cluster is lost during the commit, a binary log when it cannot be written.
  { kind: 'ambiguous', reason: 'commit-failed', codes: ['1180'] },
  { kind: 'ambiguous', reason: 'terminated', codes: ['57P01', '57P02', '57P05', '1053', '1927'] },
  // Of Prisma, which cannot read what a parser of the application made of a value.
  { kind: 'ambiguous', reason: 'type-parser', codes: [], text: /Cannot serialize value of type \w+ as \w+/ },
  // A byte was changed on the way: the connection is given up with all that it carried.
  { kind: 'ambiguous', reason: 'tls-broken', codes: ['EPROTO'], text: /:SSL routines:/ },
  {
    kind: 'ambiguous',
    reason: 'connection-lost',
    codes: ['P1017', 'ConnectionClosed', 'ECONNRESET', 'EPIPE', '45004', '45009', '45019'],
    text: /Connection terminated unexpectedly|^Connection terminated$|server conn crashed/m,
  },
  {
    kind: 'ambiguous',
    reason: 'read-timeout',
    codes: ['P1008', 'ETIMEDOUT', 'SocketTimeout', '45026'],
    text: /Query read timeout/,
  },
];

/**
 * The properties that hold codes and texts: raw queries are wrapped in P2010, whose `meta` holds the adapter's error
 * and its cause.
 */
const NESTED = ['meta', 'driverAdapterError', 'cause'] as const;
const CODES = ['code', 'errorCode', 'originalCode', 'extendedCode', 'kind'] as const;
const TEXTS = ['message', 'originalMessage', 'reason', 'cause'] as const;
const DEPTH_MAX = 6;

function collect(value: unknown, codes: Set<string>, texts: string[], depth = 0): void {
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return;
  const fields = value as Readonly<Record<string, unknown>>;
  for (const name of CODES) {
    const code = fields[name];
    if (typeof code === 'string' || typeof code === 'number') codes.add(String(code));
  }
  for (const name of TEXTS) {
    const text = fields[name];
    if (typeof text === 'string') texts.push(text);
  }
  for (const name of NESTED) collect(fields[name], codes, texts, depth + 1);
}

function isTierFailure(error: unknown): error is TierFailure {
  return typeof error === 'object' && error !== null && (error as { code?: unknown }).code === 'HOLDFAST_TIER_FAILURE';
}
