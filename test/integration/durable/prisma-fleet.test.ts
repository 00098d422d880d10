import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemPlatform } from '../../../src/platform/platform.ts';
import type { PrismaClientLike, PrismaProvider } from '../../../src/tiers/prisma/index.ts';
import { prismaTier } from '../../../src/tiers/prisma/index.ts';
import type { DurableTier } from '../../../src/tiers/durable.ts';
import { DATABASE_NAMES } from '../../../src/tiers/sql/tag.ts';
import { openPrisma } from '../../support/servers/databases.ts';
import { asPostgresAdmin } from '../../support/servers/postgres.ts';
import { until } from '../../support/servers/until.ts';
import { freshDatabase, type FreshDatabase, sharedPostgres } from '../../support/shared.ts';

const START = Buffer.alloc(0);
const NOW = 1_764_000_000_000;
const NEEDED = {
  holdfast_session: 'SELECT, INSERT, UPDATE',
  holdfast_session_ring: 'SELECT, INSERT, UPDATE',
  holdfast_session_node: 'SELECT, INSERT, UPDATE, DELETE',
};

describe('opening looks at the tables of the fleet as well: PostgreSQL', () => {
  it.each([
    ['table-missing:holdfast_session_ring', 'DROP TABLE holdfast_session_ring'],
    ['table-missing:holdfast_session_node', 'DROP TABLE holdfast_session_node'],
    ['column-missing:holdfast_session_node.seen_at', 'ALTER TABLE holdfast_session_node DROP COLUMN seen_at'],
    [
      'column-type:holdfast_session_ring.version',
      'ALTER TABLE holdfast_session_ring ALTER COLUMN version TYPE integer',
    ],
    [
      'primary-key-missing:holdfast_session_ring',
      'ALTER TABLE holdfast_session_ring DROP CONSTRAINT holdfast_session_ring_pkey',
    ],
    [
      'primary-key-missing:holdfast_session_node',
      'ALTER TABLE holdfast_session_node DROP CONSTRAINT holdfast_session_node_pkey, ADD UNIQUE (node_id)',
    ],
  ])('says %s', async (reason, damage) => {
    await using database = await freshDatabase('postgresql');
    await database.prisma.$executeRawUnsafe(damage);
    await expect(open(database.prisma, 'postgresql')).rejects.toMatchObject({ kind: 'misconfigured', reason });
  });

  it.each([
    ['the ring', 'holdfast_session_ring', 'SELECT, INSERT'],
    ['the ring', 'holdfast_session_ring', 'INSERT, UPDATE'],
    ['nodes', 'holdfast_session_node', 'SELECT, INSERT, UPDATE'],
    ['nodes', 'holdfast_session_node', 'SELECT, UPDATE, DELETE'],
  ])('asks for the grants that it needs on %s: %s has %s only', async (_what, table, grants) => {
    await using database = await freshDatabase('postgresql');
    await using client = await clientWithGrants(database, { ...NEEDED, [table]: grants });
    const opening = open(client.prisma, 'postgresql');
    await expect(opening).rejects.toMatchObject({ kind: 'misconfigured', reason: `permission-denied:${table}` });
  });

  it('is content with the grants that are needed', async () => {
    await using database = await freshDatabase('postgresql');
    await using client = await clientWithGrants(database, NEEDED);
    await open(client.prisma, 'postgresql');
  });

  it('asks for DELETE on the sessions where ended ones are to be swept away, and only there', async () => {
    await using database = await freshDatabase('postgresql');
    await using client = await clientWithGrants(database, NEEDED);
    const context = { namespace: 'shop', platform: systemPlatform, timeoutMs: 5_000 };
    const tier = prismaTier(client.prisma, { provider: 'postgresql' });
    await tier.open({ ...context, sweeps: false });
    const reason = 'permission-denied:holdfast_session';
    await expect(tier.open({ ...context, sweeps: true })).rejects.toMatchObject({ kind: 'misconfigured', reason });
    await tier.close();
    const grants = { ...NEEDED, holdfast_session: 'SELECT, INSERT, UPDATE, DELETE' };
    await using sweeping = await clientWithGrants(database, grants);
    const other = prismaTier(sweeping.prisma, { provider: 'postgresql' });
    await other.open({ ...context, sweeps: true });
    await other.close();
  });
});

describe('opening looks at the tables of the fleet as well: SQLite', () => {
  it.each([
    ['table-missing:holdfast_session_ring', ['DROP TABLE holdfast_session_ring']],
    ['table-missing:holdfast_session_node', ['DROP TABLE holdfast_session_node']],
    [
      'column-missing:holdfast_session_ring.fingerprint',
      ['DROP TABLE holdfast_session_ring', 'CREATE TABLE holdfast_session_ring (namespace TEXT, version BIGINT)'],
    ],
    [
      'primary-key-missing:holdfast_session_ring',
      [
        'DROP TABLE holdfast_session_ring',
        'CREATE TABLE holdfast_session_ring (namespace TEXT, version BIGINT, fingerprint BLOB, sweep_pass BLOB, sweep_until BIGINT, masters TEXT)',
      ],
    ],
  ])('says %s', async (reason, damage) => {
    await using database = await freshDatabase('sqlite');
    for (const sql of damage) await database.prisma.$executeRawUnsafe(sql);
    await expect(open(database.prisma, 'sqlite')).rejects.toMatchObject({ kind: 'misconfigured', reason });
  });
});

describe.each([
  ['postgresql', 'EXPLAIN', 'holdfast_session_pkey', 'holdfast_session_node_pkey'],
  ['sqlite', 'EXPLAIN QUERY PLAN', 'sqlite_autoindex_holdfast_session_1', 'sqlite_autoindex_holdfast_session_node_1'],
] as const)('the statements of the fleet on a table of many sessions: %s', (provider, explain, sessions, nodes) => {
  let database: FreshDatabase;
  let client: Explaining;

  beforeAll(async () => {
    database = await freshDatabase(provider);
    await fill(database);
    client = explaining(database.prisma, explain);
  });

  afterAll(() => database.close());

  it.each<[string, string, (tier: DurableTier) => Promise<unknown>]>([
    ['walk from the start', sessions, (tier) => tier.upkeep.walk({ after: START, limit: 100, aliveAt: NOW })],
    [
      'walk from the middle',
      sessions,
      (tier) => tier.upkeep.walk({ after: Buffer.alloc(32, 0x80), limit: 100, aliveAt: NOW }),
    ],
    [
      'moveUserKey',
      sessions,
      (tier) => tier.upkeep.moveUserKey({ storageKey: randomBytes(32), from: randomBytes(32), to: randomBytes(32) }),
    ],
    ['readFleet', nodes, (tier) => tier.fleet.read()],
    ['forgetNodes by id', nodes, (tier) => tier.fleet.forget(randomBytes(16))],
  ])('%s reads along %s, and sorts nothing', async (_method, index, call) => {
    const tier = await open(client.prisma, provider);
    const plan = await client.planOf(() => call(tier));
    expect(plan).toContain(index);
    expect(plan).not.toMatch(/Seq Scan on holdfast_session(_node)? |SCAN (?!clock|\(|CONSTANT)|Sort|TEMP B-TREE/);
  });

  it('the walk looks at no more rows than its limit, even if none of them is its own', async () => {
    const stranger = await open(database.prisma, provider, 'stranger');
    const { rows, next } = await stranger.upkeep.walk({ after: START, limit: 7, aliveAt: NOW });
    expect(rows).toEqual([]);
    const [seventh] = await database.prisma.holdfastSession.findMany({
      orderBy: { storageKey: 'asc' },
      skip: 6,
      take: 1,
      select: { storageKey: true },
    });
    expect(next).toEqual(Buffer.from(seventh?.storageKey ?? START));
  });
});

describe.each(DATABASE_NAMES)('the date of a heartbeat: %s', (provider) => {
  it('stays where one that was sent earlier is done after it', async () => {
    await using database = await freshDatabase(provider);
    const tier = await open(database.prisma, provider);
    const node = { nodeId: randomBytes(16), ringVersion: 1, masters: '' };
    await tier.fleet.heartbeat({ ...node, beat: 2 });
    const [before] = (await tier.fleet.read()).nodes;
    await until(async () => (await tier.probe()) > (before?.seenAt ?? 0));
    await tier.fleet.heartbeat({ ...node, beat: 1 });
    expect((await tier.fleet.read()).nodes).toEqual([before]);
  });

  it("goes back with the database's clock", async () => {
    await using database = await freshDatabase(provider);
    const tier = await open(database.prisma, provider);
    const node = { nodeId: randomBytes(16), ringVersion: 1, masters: '' };
    await tier.fleet.heartbeat({ ...node, beat: 1 });
    const later = (await tier.probe()) + 60_000;
    await database.prisma.holdfastSessionNode.updateMany({ data: { seenAt: BigInt(later) } });
    await tier.fleet.heartbeat({ ...node, beat: 2 });
    const [after] = (await tier.fleet.read()).nodes;
    expect(after?.seenAt).toBeLessThan(later);
  });
});

describe('nodes that raise rings at the same time', () => {
  it.each(DATABASE_NAMES)('all end at the highest, and none is answered a lower one: %s', async (provider) => {
    await using database = await freshDatabase(provider);
    const tier = await open(database.prisma, provider);
    // 1, 8, 15, 2, 9 … every version up to 20 once.
    const rings = Array.from({ length: 20 }, (_, at) => aRing(((at * 7) % 20) + 1));
    const answers = await Promise.all(rings.map((ring) => tier.fleet.raiseRing(ring)));
    for (const [at, { version }] of answers.entries()) expect(version).toBeGreaterThanOrEqual(rings[at]?.version ?? 0);
    expect((await tier.fleet.read()).ring).toEqual(rings.find(({ version }) => version === 20));
  });

  it('wait for each other, and answer what the other has committed meanwhile', async () => {
    await using database = await freshDatabase('postgresql');
    const tier = await open(database.prisma, 'postgresql');
    const higher = aRing(9);
    let answer: Promise<unknown> | undefined;
    await database.prisma.$transaction(async (transaction) => {
      await transaction.holdfastSessionRing.create({
        data: { namespace: 'shop', version: 9n, fingerprint: new Uint8Array(higher.fingerprint) },
      });
      answer = tier.fleet.raiseRing(aRing(8));
      await until(async () => (await whoWaits(database)) > 0);
    });
    expect(await answer).toEqual(higher);
  });
});

function aRing(version: number) {
  return { version, fingerprint: randomBytes(32) };
}

/** How many statements wait for a lock in this database. */
async function whoWaits({ prisma }: FreshDatabase): Promise<number> {
  const waiting = await prisma.$queryRawUnsafe<unknown[]>(
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  );
  return waiting.length;
}

async function open(prisma: PrismaClientLike, provider: PrismaProvider, namespace = 'shop') {
  const tier = prismaTier(prisma, { provider });
  await tier.open({ namespace, platform: systemPlatform, timeoutMs: 5_000 });
  return tier;
}

/** A client of a role that owns nothing and may do nothing but this. */
async function clientWithGrants(database: FreshDatabase, grants: Readonly<Record<string, string>>) {
  const server = sharedPostgres();
  const role = `r${randomBytes(6).toString('hex')}`;
  await asPostgresAdmin(server, `CREATE ROLE ${role} LOGIN PASSWORD 'role'`);
  onTestFinished(() =>
    asPostgresAdmin(server, `DROP ROLE IF EXISTS ${role}`).then(
      () => undefined,
      () => undefined,
    ),
  );
  for (const [table, privileges] of Object.entries(grants)) {
    await database.prisma.$executeRawUnsafe(`GRANT ${privileges} ON ${table} TO ${role}`);
  }
  const url = new URL(database.url);
  url.username = role;
  url.password = 'role';
  return openPrisma('postgresql', url.href, { ca: server.ca });
}

/** Enough sessions and nodes for a planner to prefer an index. */
async function fill({ prisma, provider }: FreshDatabase): Promise<void> {
  await prisma.holdfastSession.createMany({
    data: Array.from({ length: 3_000 }, () => ({
      storageKey: randomBytes(32),
      namespace: 'shop',
      userKey: randomBytes(32),
      revision: 1n,
      writeId: randomBytes(16),
      envelope: randomBytes(100),
      keyId: randomBytes(8),
      createdAt: BigInt(NOW),
      lastSeenAt: BigInt(NOW),
      idleLifetime: 1_800_000n,
      idleExpiresAt: BigInt(NOW + 3_600_000),
      absoluteExpiresAt: BigInt(NOW + 3_600_000),
      previousKeys: Buffer.alloc(0),
    })),
  });
  await prisma.holdfastSessionNode.createMany({
    data: Array.from({ length: 3_000 }, (_, at) => ({
      namespace: `n${at % 1_000}`,
      nodeId: randomBytes(16),
      ringVersion: 1n,
      seenAt: 1n,
      acknowledgedAt: 1n,
    })),
  });
  await prisma.$executeRawUnsafe(provider === 'postgresql' ? 'VACUUM ANALYZE' : 'ANALYZE');
}

type Explaining = ReturnType<typeof explaining>;

/** A client that explains statements instead of running them while it is switched to that. */
function explaining(prisma: FreshDatabase['prisma'], explain: string) {
  const plans: unknown[] = [];
  let isExplaining = false;
  const note = async (text: string, values: unknown[]) => {
    plans.push(...(await prisma.$queryRawUnsafe<unknown[]>(`${explain} ${text}`, ...values)));
  };
  const client: PrismaClientLike = {
    async $queryRawUnsafe(text, ...values) {
      if (!isExplaining) return prisma.$queryRawUnsafe(text, ...values);
      await note(text, values);
      return [];
    },
    async $executeRawUnsafe(text, ...values) {
      if (!isExplaining) return prisma.$executeRawUnsafe(text, ...values);
      await note(text, values);
      return 0;
    },
    $transaction: async () => {},
  };
  return {
    prisma: client,
    async planOf(call: () => Promise<unknown>): Promise<string> {
      plans.length = 0;
      isExplaining = true;
      // No rows are no answer to some questions.
      await call().catch(() => undefined);
      isExplaining = false;
      return plans.map((row) => Object.values(row as object).join(' ')).join('\n');
    },
  };
}
