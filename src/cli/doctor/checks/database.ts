import type { TierFailure } from '../../../errors.ts';
import { CERTIFICATE_LEFT_MS_MIN, MARK_AGE_MS_MAX } from '../../../limits/doctor.ts';
import type { DurableFacts, IndexFacts } from '../../../tiers/diagnosis.ts';
import type { DatabaseTlsFacts, Facts } from '../facts.ts';
import type { Found, FindingCode } from '../findings.ts';
import { daysLeft } from './days.ts';

const REASONS: readonly (readonly [RegExp, FindingCode])[] = [
  [/^(?:column-missing|column-not-null|column-type|primary-key-missing|table-missing)/, 'database-schema'],
  [/^permission-denied/, 'database-grant-missing'],
  [/^read-only$/, 'database-read-only'],
  [/^standby$/, 'database-standby'],
  [/^stale-reads$/, 'database-stale-reads'],
  [/^(?:access-denied|unknown-database|wrong-password)$/, 'database-access'],
  [/^(?:certificate|no-tls)$/, 'database-tls'],
];

export function checkDatabaseOpens({ durable, databaseTls, now }: Facts): Found[] {
  const { failure } = durable;
  const isExplained =
    failure?.reason === 'certificate' && databaseTls !== null && checkCertificate(databaseTls, now).length > 0;
  return failure === null || isExplained
    ? []
    : [{ code: codeFor(failure), found: `the tier is out of use (${failure.reason})`, cure: failure.advice }];
}

/** Gives what went wrong behind the opening, as nodes and sessions were read. */
export function checkDatabaseAnswers({ keys: { unread } }: Facts): Found[] {
  return unread === null
    ? []
    : [{ code: codeFor(unread), found: `nodes and sessions cannot be read (${unread.reason})`, cure: unread.advice }];
}

function codeFor({ kind, reason }: TierFailure): FindingCode {
  const [, code] = REASONS.find(([pattern]) => pattern.test(reason)) ?? [];
  return code ?? (kind === 'misconfigured' ? 'database-misconfigured' : 'database-unreachable');
}

/** Checks a database that the tier opens; else what is behind the first fault is not known. */
export function checkDatabase(facts: Facts): Found[] {
  const { facts: found, failure } = facts.durable;
  return found === null || failure !== null ? [] : CHECKS.flatMap((check) => check(found, facts));
}

type DatabaseCheck = (durable: DurableFacts, facts: Facts) => Found[];

const CHECKS: readonly DatabaseCheck[] = [
  checkEngine,
  checkConnection,
  checkRole,
  checkTimeouts,
  checkTables,
  checkIndexes,
  checkMarks,
];

function checkEngine({ untriedEngine }: DurableFacts): Found[] {
  return untriedEngine === null
    ? []
    : [{ code: 'untried-engine', found: `the database is ${untriedEngine}, on which nobody has tried holdfast` }];
}

function checkConnection({ isEncrypted, isLocal, lossy, isolation }: DurableFacts): Found[] {
  const found: (Found | false)[] = [
    isEncrypted === false && {
      code: isLocal ? 'database-plaintext-local' : 'database-plaintext',
      found: 'the connection to the database is not encrypted',
    },
    lossy.length > 0 && { code: 'database-lossy', found: `the database has ${lossy.join(', ')}` },
    isolation !== null &&
      isolation !== 'read committed' && { code: 'database-isolation', found: `transactions are ${isolation}` },
  ];
  return found.filter((each) => each !== false);
}

function checkRole({ surplus }: DurableFacts): Found[] {
  return surplus.length > 0
    ? [{ code: 'database-rights', found: `the user of the database is or has ${surplus.join(', ')}` }]
    : [];
}

function checkTimeouts({ statementMs, lockMs }: DurableFacts, { durableTimeoutMs }: Facts): Found[] {
  // A limit for statements bounds the wait for locks as well.
  if (statementMs !== null && statementMs > 0 && statementMs <= durableTimeoutMs) return [];
  const limit = `durableTimeout is ${durableTimeoutMs} ms`;
  if (statementMs !== null) {
    const has = statementMs === 0 ? 'no limit' : `${statementMs} ms`;
    return [{ code: 'database-statement-timeout', found: `a statement has ${has}, and ${limit}` }];
  }
  const isLong = lockMs !== null && lockMs > durableTimeoutMs;
  return isLong ? [{ code: 'database-lock-timeout', found: `the wait for a lock has ${lockMs} ms, and ${limit}` }] : [];
}

function checkTables({ tables }: DurableFacts): Found[] {
  return tables.flatMap(({ name, isLossy, odd, hidesRows }) => {
    const found: (Found | false)[] = [
      isLossy && { code: 'database-lossy', found: `the rows of ${name} do not survive a crash` },
      hidesRows && { code: 'database-hidden-rows', found: `row level security applies to this user in ${name}` },
      odd.length > 0 && { code: 'database-table', found: `${name} is not as migrated: ${odd.join(', ')}` },
    ];
    return found.filter((each) => each !== false);
  });
}

/** The columns of each index that the statements need, by the end of the table's name. */
const NEEDED: readonly (readonly [table: RegExp, columns: string])[] = [
  [/_ring$/, 'namespace'],
  [/_node$/, 'namespace,node_id'],
  [/(?<!_ring|_node)$/, 'storage_key'],
  [/(?<!_ring|_node)$/, 'user_key'],
  [/(?<!_ring|_node)$/, 'dirty_at,storage_key'],
  [/(?<!_ring|_node)$/, 'rotated_at'],
];

/** The columns that statements change once a row is there. */
const CHANGING: ReadonlySet<string> = new Set([
  'absolute_expires_at',
  'acknowledged_at',
  'beat',
  'dirty_at',
  'envelope',
  'fingerprint',
  'idle_expires_at',
  'idle_lifetime',
  'key_id',
  'last_seen_at',
  'masters',
  'previous_keys',
  'revision',
  'revoked_at',
  'ring_version',
  'rotated_at',
  'seen_at',
  'sweep_pass',
  'sweep_until',
  'version',
  'write_id',
]);

function checkIndexes({ tables, indexes }: DurableFacts): Found[] {
  const isNeeded = ({ table, columns }: IndexFacts): boolean =>
    NEEDED.some(([pattern, needed]) => pattern.test(table) && columns.join() === needed);
  const missing = tables.flatMap(({ name }) =>
    NEEDED.filter(([pattern]) => pattern.test(name))
      .filter(
        ([, needed]) =>
          !indexes.some(({ table, columns, isUsable }) => isUsable && table === name && columns.join() === needed),
      )
      .map(([, needed]): Found => ({
        code: 'database-index-missing',
        found: `${name} has no usable index on (${needed})`,
      })),
  );
  const surplus = indexes
    .filter((index) => !isNeeded(index) && index.dependsOn.some((column) => CHANGING.has(column)))
    .map(({ table, name, dependsOn }): Found => {
      const columns = dependsOn.filter((column) => CHANGING.has(column)).join(', ');
      return {
        code: 'database-index-surplus',
        found: `index ${name} of ${table} depends on ${columns}, which changes`,
      };
    });
  return [...missing, ...surplus];
}

function checkMarks({ oldestMarkAt, clockAheadMs }: DurableFacts, { now }: Facts): Found[] {
  if (oldestMarkAt === null) return [];
  const ageMs = now + clockAheadMs - oldestMarkAt;
  const minutes = Math.round(ageMs / 60_000);
  return ageMs > MARK_AGE_MS_MAX
    ? [{ code: 'database-marks', found: `the oldest mark of a missed change has stayed for ${minutes} minutes` }]
    : [];
}

export function checkDatabaseTls({ databaseTls, now }: Facts): Found[] {
  return databaseTls === null ? [] : checkCertificate(databaseTls, now);
}

function checkCertificate({ unverifiedBy, certificateUntil, refusal }: DatabaseTlsFacts, now: number): Found[] {
  const leftMs = certificateUntil === null ? Number.POSITIVE_INFINITY : certificateUntil - now;
  const ends = certificateUntil === null ? '' : daysLeft(certificateUntil, now);
  const found: (Found | false)[] = [
    unverifiedBy !== null && {
      code: 'database-tls-unverified',
      found: `the address says ${unverifiedBy}: no certificate is verified`,
    },
    leftMs <= 0 && { code: 'database-certificate-expired', found: 'the certificate of the database has expired' },
    leftMs > 0 &&
      leftMs < CERTIFICATE_LEFT_MS_MIN && {
        code: 'database-certificate-ends',
        found: `the certificate of the database ends in ${ends}`,
      },
    leftMs > 0 &&
      refusal !== null && {
        code: 'database-certificate',
        found: `the certificate of the database does not verify (${refusal})`,
      },
  ];
  return found.filter((each) => each !== false);
}
