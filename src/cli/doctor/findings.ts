export type Severity = 'error' | 'warning';

interface Entry {
  readonly severity: Severity;
  /** The advice where the tier itself has none that is better. A text without a full stop. */
  readonly cure: string;
  /** The page that explains it. */
  readonly page: string;
}

const REDIS = 'docs/operating/redis.md';
const USER = `${REDIS}#the-user`;
const TLS = `${REDIS}#tls`;
const DATABASE = 'docs/operating/database.md';
const TABLES = `${DATABASE}#the-tables`;
const ROLE = `${DATABASE}#a-role-with-few-rights-postgresql`;
const ROTATION = 'docs/operating/key-rotation.md';
const RING = 'docs/reference/key-ring.md';
const CLI = 'docs/reference/cli.md#configuration';

const CHMOD = 'chmod 600, or 640 for the group that the service runs as; in Kubernetes defaultMode: 0440';

const error = (cure: string, page: string): Entry => ({ severity: 'error', cure, page });
const warning = (cure: string, page: string): Entry => ({ severity: 'warning', cure, page });

/** The stable names of findings. */
export type FindingCode =
  | 'configuration'
  | 'file-permissions'
  | 'namespace-unknown'
  | 'clock-own'
  | 'clock-database'
  | 'clock-redis'
  | 'redis-unreachable'
  | 'redis-misconfigured'
  | 'redis-plaintext'
  | 'redis-plaintext-local'
  | 'redis-plaintext-port'
  | 'redis-tls'
  | 'redis-certificate-authority'
  | 'redis-certificate-name'
  | 'redis-certificate-expired'
  | 'redis-certificate-ends'
  | 'redis-credentials'
  | 'redis-grant-missing'
  | 'redis-namespace'
  | 'redis-default-user'
  | 'redis-open'
  | 'redis-user-commands'
  | 'redis-user-keys'
  | 'redis-replica'
  | 'redis-writes-refused'
  | 'redis-maxmemory'
  | 'redis-noeviction'
  | 'redis-persistence'
  | 'redis-cluster-down'
  | 'redis-full-coverage'
  | 'redis-reads-when-down'
  | 'redis-far'
  | 'database-unreachable'
  | 'database-misconfigured'
  | 'database-access'
  | 'database-tls'
  | 'database-plaintext'
  | 'database-plaintext-local'
  | 'database-tls-unverified'
  | 'database-certificate'
  | 'database-certificate-expired'
  | 'database-certificate-ends'
  | 'database-schema'
  | 'database-index-missing'
  | 'database-index-surplus'
  | 'database-table'
  | 'database-lossy'
  | 'database-hidden-rows'
  | 'database-grant-missing'
  | 'database-rights'
  | 'database-standby'
  | 'database-read-only'
  | 'database-statement-timeout'
  | 'database-lock-timeout'
  | 'database-isolation'
  | 'database-marks'
  | 'database-stale-reads'
  | 'untried-engine'
  | 'ring-unreadable'
  | 'ring-plain'
  | 'ring-readable'
  | 'ring-old'
  | 'ring-not-everywhere'
  | 'key-old'
  | 'key-pending'
  | 'key-revoked-in-use'
  | 'key-unknown';

/** Every finding that there can be. The codes are stable; docs/operating/doctor.md has a row for each. */
export const FINDINGS: Readonly<Record<FindingCode, Entry>> = {
  configuration: error('correct the option that the message names', CLI),
  'file-permissions': error(CHMOD, CLI),
  'namespace-unknown': warning('compare the option `namespace` with that of the service', 'docs/reference/options.md'),
  'clock-own': warning('let NTP set the clock of this machine', `${DATABASE}#the-databases-clock`),
  'clock-database': warning('let NTP slew the clock of the database server', `${DATABASE}#the-databases-clock`),
  'clock-redis': warning('let NTP set the clock of the Redis server', REDIS),

  'redis-unreachable': error('compare address and port with the server, and look whether it runs', REDIS),
  'redis-misconfigured': error('do what the advice says', REDIS),
  'redis-plaintext': error('begin the address with rediss://, and take allowInsecure away', TLS),
  'redis-plaintext-local': warning('look whether what listens there passes everything on with TLS', TLS),
  'redis-plaintext-port': warning('set "port 0" on the server, so that only tls-port is left', TLS),
  'redis-tls': error('compare TLS versions, suites and the client certificate of both sides', TLS),
  'redis-certificate-authority': error('give the authority that issued the certificate as tls.ca', TLS),
  'redis-certificate-name': error('connect by a name that the certificate holds, or give it as tls.servername', TLS),
  'redis-certificate-expired': error('renew the certificate of the server', TLS),
  'redis-certificate-ends': warning('renew the certificate of the server', TLS),
  'redis-credentials': error('compare user and password with ACL LIST on the server', USER),
  'redis-grant-missing': error('grant the commands to the user', USER),
  'redis-namespace': error('let the key pattern of the user cover the namespace: ~<namespace>:*', USER),
  'redis-default-user': warning('make a user for holdfast alone', USER),
  'redis-open': error('give the default user a password, or switch it off: ACL SETUSER default off', USER),
  'redis-user-commands': warning('take these commands from the user', USER),
  'redis-user-keys': warning('limit the user to the keys of the namespace: resetkeys ~<namespace>:*', USER),
  'redis-replica': error('give the address of the master, or of the Sentinels as sentinel', `${REDIS}#persistence`),
  'redis-writes-refused': error('look at memory, disk and the log of the server', `${REDIS}#memory`),
  'redis-maxmemory': warning('set maxmemory, below what the machine has', `${REDIS}#memory`),
  'redis-noeviction': warning('set maxmemory-policy volatile-ttl', `${REDIS}#memory`),
  'redis-persistence': warning('set save "" and appendonly no: a cache needs no disk', `${REDIS}#persistence`),
  'redis-cluster-down': error('look at CLUSTER INFO: slots without a master', 'docs/operating/cluster.md'),
  'redis-full-coverage': warning(
    'set cluster-require-full-coverage no on each node',
    'docs/operating/cluster.md#what-to-set',
  ),
  'redis-reads-when-down': warning(
    'set cluster-allow-reads-when-down no on each node',
    'docs/operating/cluster.md#what-to-set',
  ),
  'redis-far': warning('move Redis nearer, or raise primaryTimeout', `${REDIS}#a-slow-redis`),

  'database-unreachable': error('compare the connection string with the server, and look whether it runs', DATABASE),
  'database-misconfigured': error('do what the advice says', TABLES),
  'database-access': error('compare the connection string with the server', TABLES),
  'database-tls': error('compare the TLS options of the driver adapter with the server', TABLES),
  'database-plaintext': error('give the driver adapter TLS options with the authority of the server', DATABASE),
  'database-plaintext-local': warning(
    'look whether a pooler stands between, and whether its clients use TLS',
    DATABASE,
  ),
  'database-tls-unverified': error('take the sslmode out of the address, or make it verify-full', DATABASE),
  'database-certificate': error('connect by a name that the certificate holds, and compare databaseCaFile', DATABASE),
  'database-certificate-expired': error('renew the certificate of the server', DATABASE),
  'database-certificate-ends': warning('renew the certificate of the server', DATABASE),
  'database-schema': error('apply the migrations that npx holdfast schema prints', TABLES),
  'database-index-missing': error('create it as the migration does', TABLES),
  'database-index-surplus': warning(
    'drop it: each touch and update has to write it, and no update is heap-only',
    TABLES,
  ),
  'database-table': warning('compare the table with the migration', TABLES),
  'database-lossy': error('make it durable: what was acknowledged must survive a crash', DATABASE),
  'database-hidden-rows': error('exempt the role from row level security on these tables', ROLE),
  'database-grant-missing': error('grant what the page lists', ROLE),
  'database-stale-reads': error('do what the advice says', 'docs/operating/database-clusters.md'),
  'untried-engine': warning(
    'compare what the page says with what you need, and try a fail-over of it yourself',
    'docs/reference/platforms.md#engines-that-nobody-has-tried',
  ),
  'database-rights': warning('use a role that may do no more than its work', ROLE),
  'database-standby': error('connect to the primary', 'docs/operating/postgres-failover.md'),
  'database-read-only': error('take default_transaction_read_only from role and database', TABLES),
  'database-statement-timeout': warning(
    'set statement_timeout, or max_statement_time of MariaDB, below durableTimeout: 600 ms for instance',
    DATABASE,
  ),
  'database-lock-timeout': warning(
    'set innodb_lock_wait_timeout below durableTimeout',
    `${DATABASE}#mysql-and-mariadb`,
  ),
  'database-isolation': warning('leave default_transaction_isolation at read committed', DATABASE),
  'database-marks': warning(
    'look whether clients run that reach database and Redis',
    `${DATABASE}#what-dirty_at-and-rotated_at-are-for`,
  ),

  'ring-unreadable': error('look at the file or the service that the keys come from, and at what opens the ring', RING),
  'ring-plain': error(
    'seal it: npx holdfast keys seal --ring keys.json < keys.jwks.json, and delete the plain one',
    RING,
  ),
  'ring-readable': warning(CHMOD, CLI),
  'ring-old': error('bring the ring here that the fleet uses', ROTATION),
  'ring-not-everywhere': warning('look whether these nodes reach the source of their keys', ROTATION),
  'key-old': warning('rotate it: keys add, then keys promote', `${ROTATION}#planned-rotation-of-the-data-key`),
  'key-pending': warning('go on with the rotation: keys promote', `${ROTATION}#planned-rotation-of-the-data-key`),
  'key-revoked-in-use': error('end or seal anew what it sealed: keys reencrypt --destroy-revoked', ROTATION),
  'key-unknown': error('bring back the ring that has the key, or end the sessions', ROTATION),
};

/** A fault that a check has found. */
export interface Found {
  readonly code: FindingCode;
  /** The facts, without anything secret: a text without a full stop. */
  readonly found: string;
  /** The advice of the tier, which fits better than that of the table. */
  readonly cure?: string | undefined;
}

/** A finding as the report has it. */
export interface Finding extends Entry {
  readonly code: FindingCode;
  readonly found: string;
}

export function toFinding({ code, found, cure }: Found): Finding {
  const entry = FINDINGS[code];
  return { code, severity: entry.severity, found, cure: cure ?? entry.cure, page: entry.page };
}
