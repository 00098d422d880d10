// Measures what a row of the sessions takes on PostgreSQL, and what its updates cost, for other shapes of the table:
//
//     npm run bench:rows -- --shapes 50,60,70,80,90 --sessions 20000
//     npm run bench:rows -- --shapes 50,50/32 --sessions 2000000      (fill factor / partitions)
//
// The rows are made by SQL, with envelopes of random bytes and the size of real ones. The statements are the library's.

import { createHash, randomBytes, randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { systemPlatform } from '../src/platform/platform.ts';
import { envelopeTag } from '../src/session/sealed-record.ts';
import type { UpdateCommand } from '../src/tiers/durable.ts';
import { prismaTier } from '../src/tiers/prisma/index.ts';
import { migrate, openPrisma } from '../test/support/servers/databases.ts';
import { pgOptions } from '../test/support/servers/postgres.ts';
import { ratio, runRounds, typical } from './measure/rounds.ts';
import { figure, times, toText } from './report/table.ts';
import { startServers } from './servers.ts';

const { values } = parseArgs({
  options: {
    shapes: { type: 'string', default: '50,60,70,80,90' },
    sessions: { type: 'string', default: '20000' },
    /** Updates of each row before anything is timed. */
    settle: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '8' },
    ms: { type: 'string', default: '2000' },
  },
});
const sessions = Number(values.sessions);
/** A session of 775 bytes, sealed. */
const ENVELOPE = randomBytes(878);
const KEY_ID = randomBytes(8);
const HOUR = 3_600_000;
const CALLERS = 8;
const PARTS = 20;
const startedAt = Date.now();
const lifetime = { createdAt: startedAt, idleLifetimeMs: HOUR, absoluteExpiresAt: startedAt + 12 * HOUR };

const keyOf = (n: number): Buffer => createHash('sha256').update(String(n)).digest();
const say = (text: string): void => void process.stderr.write(`${text}\n`);

const FILL = `INSERT INTO holdfast_session (storage_key, namespace, user_key, revision, write_id, envelope, key_id,
    created_at, last_seen_at, idle_lifetime, idle_expires_at, absolute_expires_at)
  SELECT sha256(n::text::bytea), 'shop', sha256(('user ' || n)::bytea), 1, substr(sha256(('write ' || n)::bytea), 1, 16), $3::bytea, $4::bytea,
    $5::bigint, $5::bigint, ${HOUR}, $5::bigint + ${HOUR}, $5::bigint + ${12 * HOUR}
  FROM generate_series($1::integer, $2::integer) AS n`;
const PARTS_OF = `SELECT 'holdfast_session'::regclass AS relid UNION SELECT relid FROM pg_partition_tree('holdfast_session') WHERE isleaf`;
const SIZE = `SELECT sum(pg_total_relation_size(relid))::float8 AS bytes FROM (${PARTS_OF}) AS part`;
const UPDATES = `SELECT sum(n_tup_upd)::float8 AS updates, sum(n_tup_hot_upd)::float8 AS hot, sum(n_dead_tup)::float8 AS dead
  FROM pg_stat_user_tables WHERE relid IN (${PARTS_OF})`;

type Table = Awaited<ReturnType<typeof openTable>>;

await using servers = await startServers();
await using resources = new AsyncDisposableStack();
const tables: Table[] = [];
for (const shape of values.shapes.split(',')) tables.push(await openTable(shape));
for (const table of tables) await settle(table);
const sizes = new Map<string, number>();
for (const { shape, ask } of tables) sizes.set(shape, Number((await ask(SIZE))['bytes']) / sessions);
const schedule = { callers: CALLERS, ms: Number(values.ms), rounds: Number(values.rounds) };
const updates = await runRounds(
  tables.map(({ shape, update }) => ({ name: shape, call: update })),
  schedule,
  servers,
);
const reads = await runRounds(
  tables.map(({ shape, read }) => ({ name: shape, call: read })),
  { ...schedule, rounds: 4 },
  servers,
);
const rows = [];
const [first] = tables;
if (first === undefined) throw new Error('--shapes names none.');
for (const table of tables) rows.push(await rowOf(table, first.shape));
process.stdout.write(
  toText({
    title: `${sessions} sessions, ${CALLERS} callers`,
    columns: [
      'fill factor/partitions',
      'rows inserted a second',
      'bytes a row',
      'heap-only',
      'updates a second',
      'rate',
      'database CPU of an update',
      'against the first',
      'read p50 ms',
      'read p99 ms',
      'dead rows',
      'vacuum s',
      'longest table s',
    ],
    rows,
  }),
);

async function openTable(shape: string) {
  const [fill = 50, partitions] = shape.split('/').map(Number);
  const url = await servers.newDatabase(`rows_${shape.replace('/', '_')}`);
  const { ca } = servers.postgres;
  await migrate('postgresql', url, { ca, ...(partitions !== undefined && { partitions }) });
  const client = new Client({ ...pgOptions(url, ca), statement_timeout: 0, query_timeout: 0 });
  await client.connect();
  resources.defer(() => client.end());
  const ask = async (sql: string, parameters: unknown[] = []) =>
    ((await client.query(sql, parameters)).rows[0] ?? {}) as Record<string, unknown>;
  const names = (await client.query(`SELECT relid::regclass::text AS name FROM (${PARTS_OF}) AS part
    JOIN pg_class ON oid = relid WHERE relkind = 'r'`)) as { rows: { name: string }[] };
  const parts = names.rows.map(({ name }) => name);
  for (const part of parts) await ask(`ALTER TABLE ${part} SET (fillfactor = ${fill})`);
  const start = performance.now();
  for (let at = 0; at < PARTS; at += 1) {
    const from = Math.round((sessions * at) / PARTS);
    const to = Math.round((sessions * (at + 1)) / PARTS) - 1;
    await ask(FILL, [from, to, ENVELOPE, KEY_ID, startedAt]);
  }
  const insertedPerSecond = sessions / ((performance.now() - start) / 1_000);
  say(`${shape}: filled, ${Math.round(insertedPerSecond)} rows a second`);
  await ask('VACUUM ANALYZE');
  const opened = await openPrisma('postgresql', url, { ca, statementMs: 10_000 });
  resources.defer(() => opened.close());
  const tier = prismaTier(opened.prisma, { provider: 'postgresql' });
  await tier.open({ namespace: 'shop', platform: systemPlatform, timeoutMs: 10_000 });
  resources.defer(() => tier.close());
  const revisions = new Map<number, number>();
  const busy = new Set<number>();
  const update = async (): Promise<boolean> => {
    let n = randomInt(sessions);
    while (busy.has(n)) n = randomInt(sessions);
    busy.add(n);
    const revision = (revisions.get(n) ?? 1) + 1;
    const isDone = await tier.sessions.update(updateOf(n, revision));
    if (isDone) revisions.set(n, revision);
    busy.delete(n);
    return isDone;
  };
  return {
    shape,
    ask,
    parts,
    insertedPerSecond,
    update,
    read: async () => (await tier.sessions.read(keyOf(randomInt(sessions)))) !== null,
  };
}

function updateOf(n: number, revision: number): UpdateCommand {
  const now = Date.now();
  const userKey = createHash('sha256').update(`user ${n}`).digest();
  const moments = { ...lifetime, lastSeenAt: now, idleExpiresAt: now + HOUR };
  return {
    record: { ...moments, storageKey: keyOf(n), userKey, revision, envelope: ENVELOPE, keyId: KEY_ID },
    writeId: randomBytes(16),
    validUntil: null,
    replaces: envelopeTag(ENVELOPE),
    dirty: false,
    aliveAt: now,
  };
}

async function settle({ shape, update }: Table): Promise<void> {
  let left = Math.round(sessions * Number(values.settle));
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      for (; left > 0; left -= 1) await update();
    }),
  );
  say(`${shape}: settled`);
}

/** Ends one session of twenty-five, as a sweep does, and has the room given back. */
async function rowOf({ shape, ask, parts, insertedPerSecond }: Table, first: string) {
  const before = await ask(UPDATES);
  await ask('DELETE FROM holdfast_session WHERE get_byte(storage_key, 0) < 10');
  await ask('SELECT pg_stat_force_next_flush()');
  const { dead } = await ask(UPDATES);
  const seconds: number[] = [];
  for (const part of parts) {
    const start = performance.now();
    await ask(`VACUUM ${part}`);
    seconds.push((performance.now() - start) / 1_000);
  }
  const update = typical(updates[shape] ?? []);
  const read = typical(reads[shape] ?? []);
  return [
    shape,
    Math.round(insertedPerSecond),
    Math.round(sizes.get(shape) ?? Number.NaN),
    `${((Number(before['hot']) / Number(before['updates'])) * 100).toFixed(2)} %`,
    Math.round(update.perSecond),
    times(ratio(updates, shape, first).median),
    `${figure(update.databaseCpu)} µs`,
    times(ratio(updates, shape, first, 'databaseCpu').median),
    read.p50.toFixed(2),
    read.p99.toFixed(2),
    Number(dead),
    seconds.reduce((sum, each) => sum + each, 0).toFixed(2),
    Math.max(...seconds).toFixed(2),
  ];
}
