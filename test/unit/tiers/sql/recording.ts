import { withoutPrefix } from './prefix.ts';
import { systemPlatform } from '../../../../src/platform/platform.ts';
import { databaseOf } from '../../../../src/tiers/sql/dialects/databases.ts';
import { prismaTier } from '../../../../src/tiers/prisma/index.ts';
import type { PrismaProvider } from '../../../../src/tiers/prisma/index.ts';
import type { DurableTier } from '../../../../src/tiers/durable.ts';

export interface Sent {
  readonly how: 'execute' | 'query';
  readonly text: string;
  readonly values: readonly unknown[];
}

export interface RecordingOptions {
  readonly table?: string;
  /** True if an insert stores its rows, and does not find their keys taken. */
  readonly inserts?: boolean;
  /** True if the server is one of a Galera cluster. */
  readonly isCluster?: boolean;
}

/** A row that is found before it is changed. */
const FOUND = { storage_key: Buffer.alloc(32, 0xaa), idle_expires_at: 3n, absolute_expires_at: 4n, revoked_at: null };
/** A count of none. */
const NO_ROWS: string = Buffer.alloc(4).toString('base64');

/** Returns what `call` sends to the database, by a client that answers as a database would. */
export async function statementsOf(
  provider: PrismaProvider,
  call: (tier: DurableTier) => Promise<unknown>,
  options: RecordingOptions = {},
): Promise<Sent[]> {
  const { tier, sent } = await openRecorded(provider, options);
  sent.length = 0;
  await call(tier);
  return sent;
}

/** What is sent before the first call. */
export async function statementsOfOpening(provider: PrismaProvider, options: RecordingOptions = {}): Promise<Sent[]> {
  return (await openRecorded(provider, options)).sent;
}

async function openRecorded(provider: PrismaProvider, { table, inserts = true, isCluster = false }: RecordingOptions) {
  const sent: Sent[] = [];
  const { dialect } = databaseOf(provider, '');
  const client = {
    $queryRawUnsafe: async (prefixed: string, ...values: unknown[]) => {
      const text = withoutPrefix(dialect, prefixed);
      sent.push({ how: 'query', text, values });
      if (/ AS identifies/.test(text)) return columns[provider];
      if (/INSERT INTO \S+ \(storage_key/.test(text)) return inserts ? insertedRows(text, values) : noRows(text);
      if (/ AS packed/.test(text)) return [{ packed: NO_ROWS }];
      if (/ AS (standby|feed|node)|SELECT version|RETURNING version/.test(text))
        return [isCluster ? { ...CLOCK_AND_RING, ...ofCluster(text) } : CLOCK_AND_RING];
      return provider === 'mysql' && /revoked_at FROM|UNION/.test(text) ? [FOUND] : [];
    },
    $executeRawUnsafe: async (prefixed: string, ...values: unknown[]) => {
      const text = withoutPrefix(dialect, prefixed);
      sent.push({ how: 'execute', text, values });
      if (!inserts) throw Object.assign(new Error('BIGINT value is out of range'), { code: '1690' });
      return 1;
    },
    $transaction: async () => {},
  };
  const tier = prismaTier(client, table === undefined ? { provider } : { provider, table });
  // Refused where nothing can be inserted, and used all the same.
  const platform = isCluster ? { ...systemPlatform, monotonic: () => 0, now: () => 9 } : systemPlatform;
  await tier.open({ namespace: 'shop', platform, timeoutMs: 1_000, sweeps: true }).catch(() => {});
  return { tier, sent };
}

const CLOCK_AND_RING = {
  now: 1n,
  seven: 7,
  yes: true,
  words: 'As Is',
  storage_key: null,
  version: 3n,
  fingerprint: Buffer.alloc(32),
  node_id: null,
  named: null,
  report: null,
};

/** No time is committed before the statement that begins it. */
function ofCluster(text: string): object {
  return { is_cluster: 1, server: 's1', committed: text.includes(' AS standby') ? null : 5n };
}

const NAMES = {
  bytes: 'storage_key user_key write_id envelope key_id previous_keys fingerprint sweep_pass node_id'.split(' '),
  integer:
    'revision created_at last_seen_at idle_lifetime idle_expires_at absolute_expires_at revoked_at dirty_at rotated_at version sweep_until ring_version seen_at acknowledged_at beat'.split(
      ' ',
    ),
  text: ['namespace', 'masters'],
};

function columnsOf(types: Readonly<Record<keyof typeof NAMES, string>>) {
  return (['bytes', 'integer', 'text'] as const).flatMap((kind) =>
    NAMES[kind].map((name) => ({ name, type: types[kind], identifies: name === 'storage_key' })),
  );
}

const columns: Readonly<Record<PrismaProvider, readonly object[]>> = {
  mysql: columnsOf({ bytes: 'varbinary', integer: 'bigint', text: 'varchar utf8mb4_bin' }),
  postgresql: columnsOf({ bytes: 'bytea', integer: 'bigint', text: 'text' }),
  sqlite: columnsOf({ bytes: 'BLOB', integer: 'BIGINT', text: 'TEXT' }),
};

function noRows(text: string): object[] {
  return text.includes(' AS packed') ? [{ packed: NO_ROWS }] : [];
}

/** One row for each session that was inserted: those whose keys are among the values. */
function insertedRows(text: string, values: readonly unknown[]): object[] {
  if (!text.includes(' AS packed')) return keysAmong(values).map((storage_key) => ({ storage_key }));
  const count = Number(values.find((value) => typeof value === 'number'));
  const packed = Buffer.alloc(4 + 4 * count);
  packed.writeInt32BE(count);
  for (let n = 0; n < count; n += 1) packed.writeInt32BE(n, 4 + 4 * n);
  return [{ packed: packed.toString('base64') }];
}

function keysAmong(values: readonly unknown[]): Uint8Array[] {
  return values.filter((value) => value instanceof Uint8Array).filter((value) => value.length === 32);
}
