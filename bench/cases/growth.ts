import { Client } from 'pg';
import { asPostgresAdmin, pgOptions } from '../../test/support/servers/postgres.ts';
import { storageKeyOf } from '../../src/session/session-id.ts';
import { cycle, inParallel } from '../measure/in-parallel.ts';
import { ratio, runRounds, typical } from '../measure/rounds.ts';
import type { Measurement, Subject } from '../measure/slice.ts';
import type { Summary } from '../measure/statistics.ts';
import type { Options } from '../options.ts';
import type { Servers } from '../servers.ts';
import { isWhole, newSessionData } from '../session-data.ts';
import { countVisit, openClient, openDatabase, type BenchClient, type Database } from '../stores/holdfast.ts';

/** The rates of each operation with this many sessions in the table. */
export interface GrowthStep {
  readonly sessions: number;
  readonly operations: Readonly<Record<GrowthOperation, Measurement>>;
  /** The rates against those with the fewest sessions, round by round. */
  readonly against: Readonly<Record<GrowthOperation, Summary>>;
  /** The CPU time per operation, client and servers together, against the same. */
  readonly cpuAgainst: Readonly<Record<GrowthOperation, number>>;
}

export const GROWTH_OPERATIONS = ['create', 'read hit', 'strong read', 'update'] as const;
export type GrowthOperation = (typeof GROWTH_OPERATIONS)[number];

const CALLERS = 128;
/**
 * The sessions that are used, spread evenly over the table. Using all of a million would only measure this process's
 * heap.
 */
const SAMPLED = 1_000;
/** The table is filled in this many parts, with some of the sampled sessions after each. */
const PARTS = 20;

/**
 * Measures whether operations stay as fast with a thousand times as many sessions: a database for each size, and all of
 * them timed in turn.
 */
export async function growth(servers: Servers, { growth: sizes, growthRounds }: Options): Promise<GrowthStep[]> {
  await using closing = new AsyncDisposableStack();
  const subjects: Subject[] = [];
  for (const size of sizes) subjects.push(...(await subjectsWith(size, servers, closing)));
  await asPostgresAdmin(servers.postgres, 'CHECKPOINT');
  const rounds = await runRounds(subjects, { callers: CALLERS, ...growthRounds }, servers);
  const [fewest = 0] = sizes;
  const each = <T>(figureOf: (operation: GrowthOperation) => T): Record<GrowthOperation, T> =>
    Object.fromEntries(GROWTH_OPERATIONS.map((operation) => [operation, figureOf(operation)])) as never;
  return sizes.map((sessions) => {
    const operations = each((operation) => typical(rounds[nameOf(operation, sessions)] ?? []));
    const first = each((operation) => typical(rounds[nameOf(operation, fewest)] ?? []));
    return {
      sessions,
      operations,
      against: each((operation) => ratio(rounds, nameOf(operation, sessions), nameOf(operation, fewest))),
      cpuAgainst: each((operation) => cpuOf(operations[operation]) / cpuOf(first[operation])),
    };
  });
}

const nameOf = (operation: GrowthOperation, sessions: number): string => `${operation}, ${sessions} sessions`;

/** Returns the CPU time; only the client's where the system does not report the servers'. */
function cpuOf({ clientCpu, redisCpu, databaseCpu }: Measurement): number {
  return clientCpu + (redisCpu || 0) + (databaseCpu || 0);
}

async function subjectsWith(size: number, servers: Servers, closing: AsyncDisposableStack): Promise<Subject[]> {
  const database = await openDatabase(servers, `growth_${size}`);
  closing.defer(() => database.close());
  const sessions = await openClient(servers, database);
  closing.defer(() => sessions.close());
  const ids = await fill(servers, database, sessions, size);
  await inParallel(ids, CALLERS, (id) => sessions.get(id));
  const nextRead = cycle(ids);
  const nextUpdate = cycle(ids);
  let created: string[] = [];
  const subjects: Record<GrowthOperation, Omit<Subject, 'name'>> = {
    'strong read': {
      call: async () => isWhole((await sessions.get(nextRead(), { consistency: 'strong' }))?.data ?? null),
    },
    'read hit': {
      call: async () => {
        const session = await sessions.get(nextRead());
        return session !== null && isWhole(session.data) && session.servedBy === 'primary';
      },
    },
    update: { call: async () => (await sessions.update(nextUpdate(), countVisit)).revision > 1 },
    create: {
      // Destroying what was created keeps the size of the table.
      async prepare() {
        await remove(database, created);
        created = [];
      },
      call: async () => created.push(await create(sessions, size + created.length)) > 0,
    },
  };
  return GROWTH_OPERATIONS.map((operation) => ({ ...subjects[operation], name: nameOf(operation, size) }));
}

async function create(sessions: BenchClient, n: number): Promise<string> {
  const data = newSessionData(n);
  return (await sessions.create(data, { userId: data.userId })).id;
}

/**
 * Fills the table and returns the ids of the sampled sessions. The others are rows like theirs, which no caller opens.
 */
async function fill({ postgres }: Servers, { url }: Database, sessions: BenchClient, size: number): Promise<string[]> {
  const ids: string[] = [];
  // Ten million rows take longer than a statement of the library may.
  const client = new Client({ ...pgOptions(url, postgres.ca), statement_timeout: 0, query_timeout: 0 });
  await client.connect();
  const sampled = Math.min(size, SAMPLED);
  for (let part = 0; part < PARTS; part += 1) {
    const until = Math.ceil((sampled * (part + 1)) / PARTS);
    const numbers = Array.from({ length: until - ids.length }, (_, at) => ids.length + at);
    ids.push(...(await inParallel(numbers, CALLERS, (n) => create(sessions, n))));
    const from = Math.round(((size - sampled) * part) / PARTS);
    const to = Math.round(((size - sampled) * (part + 1)) / PARTS);
    await client.query(FILL, [from, to - 1]);
  }
  // Vacuumed first, so that no slice pays for what was filled in.
  await client.query('VACUUM ANALYZE holdfast_session');
  await client.end();
  return ids;
}

/** The keys and users are as far apart as those of real sessions; the other columns are copies. */
const FILL = `INSERT INTO holdfast_session (storage_key, namespace, user_key, revision, write_id, envelope, key_id,
    created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at)
  SELECT sha256(n::text::bytea), namespace, sha256(('user ' || n)::bytea), revision, write_id, envelope, key_id,
    created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at
  FROM (SELECT * FROM holdfast_session LIMIT 1) AS any_row, generate_series($1::integer, $2::integer) AS n`;

async function remove({ prisma }: Database, ids: readonly string[]): Promise<void> {
  const keys = ids.map((id) => storageKeyOf(id).toString('hex'));
  const all = "DELETE FROM holdfast_session WHERE storage_key IN (SELECT decode(unnest($1::text[]), 'hex'))";
  await prisma.$executeRawUnsafe(all, keys);
}
