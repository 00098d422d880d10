import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SessionClient } from '../../../src/index.ts';
import { storageKeyOf } from '../../../src/session/session-id.ts';
import { memoryPrimaryTier } from '../../../src/tiers/memory/index.ts';
import { type PrismaClientLike, prismaTier } from '../../../src/tiers/prisma/index.ts';
import { realClient, type Shop } from '../../support/real-client.ts';
import { until } from '../../support/servers/until.ts';
import { freshDatabase, type FreshDatabase, sharedRedis, uniqueNamespace } from '../../support/shared.ts';

const COLUMNS = 'revision, write_id, envelope, key_id, last_seen_at, idle_expires_at';

let database: FreshDatabase;
let statements: string[];
let sessions: SessionClient<Shop>;
let other: SessionClient<Shop>;
/** A node whose writes do not reach the others' Redis. */
let apart: SessionClient<Shop>;

beforeAll(async () => {
  database = await freshDatabase('postgresql');
  const namespace = uniqueNamespace();
  const node = { redis: sharedRedis(), database, namespace };
  const durable = prismaTier(recording(database.prisma), { provider: 'postgresql' });
  [sessions, other, apart] = await Promise.all([
    realClient({ ...node, durable }),
    realClient(node),
    realClient({ ...node, primary: memoryPrimaryTier() }),
  ]);
  await Promise.all([sessions.ready(), other.ready(), apart.ready()]);
  await database.prisma.$executeRawUnsafe('CREATE TABLE backup AS SELECT * FROM holdfast_session WHERE false');
});

afterAll(async () => {
  await Promise.all([sessions?.close(), other?.close(), apart?.close()]);
  await database?.close();
});

function recording(prisma: PrismaClientLike): PrismaClientLike {
  statements = [];
  return {
    $queryRawUnsafe: (text, ...values) => {
      statements.push(text);
      return prisma.$queryRawUnsafe(text, ...values);
    },
    $executeRawUnsafe: (text, ...values) => prisma.$executeRawUnsafe(text, ...values),
  };
}

/** Makes a session of which every node trusts its copy. */
async function anOldSession(): Promise<string> {
  const { id } = await sessions.create({ cart: [] });
  await until(async () => (await sessions.get(id))?.servedBy === 'primary', { what: 'the copy to be believed' });
  return id;
}

/** Takes the database back to before these writes, as a fail-over to a standby that had not received them does. */
async function lose(id: string, ...items: string[]): Promise<void> {
  const storageKey = storageKeyOf(id);
  const { prisma } = database;
  await prisma.$executeRawUnsafe('DELETE FROM backup');
  await prisma.$executeRawUnsafe(
    'INSERT INTO backup SELECT * FROM holdfast_session WHERE storage_key = $1::bytea',
    storageKey,
  );
  for (const item of items) await add(sessions, id, item);
  await prisma.$executeRawUnsafe(
    `UPDATE holdfast_session SET (${COLUMNS}) = (SELECT ${COLUMNS} FROM backup) WHERE storage_key = $1::bytea`,
    storageKey,
  );
}

const add = (node: SessionClient<Shop>, id: string, item: string) =>
  node.update(id, ({ cart }) => void cart.push(item));
const strong = async (node: SessionClient<Shop>, id: string) =>
  (await node.get(id, { consistency: 'strong' }))?.data.cart;

describe('a PostgreSQL that lost a commit', () => {
  it('is what strong reads show on every node, and what a write begins from', async () => {
    const id = await anOldSession();
    await lose(id, 'lost');
    expect(await strong(other, id)).toEqual([]);
    await lose(id, 'lost again');
    await add(sessions, id, 'kept');
    for (const node of [sessions, other]) expect(await strong(node, id)).toEqual(['kept']);
    for (const node of [sessions, other]) expect((await node.get(id))?.data.cart).toEqual(['kept']);
  });

  it('is what strong reads show though a copy has the revision that it issued again', async () => {
    const id = await anOldSession();
    await lose(id, 'lost');
    await add(apart, id, 'kept');
    expect((await other.get(id))?.data.cart).toEqual(['lost']);
    for (const node of [sessions, other]) expect(await strong(node, id)).toEqual(['kept']);
    await until(async () => (await other.get(id))?.data.cart[0] === 'kept', { what: 'the copy to be replaced' });
  });

  it('is what strong reads show though a copy is several revisions ahead', async () => {
    const id = await anOldSession();
    await lose(id, 'lost', 'lost too');
    for (const node of [sessions, other]) expect(await strong(node, id)).toEqual([]);
    await until(async () => (await other.get(id))?.data.cart.length === 0, { what: 'the copy to be replaced' });
  });

  it('is asked by one statement that carries no envelope, where the copy is what it has', async () => {
    const id = await anOldSession();
    statements.length = 0;
    expect(await strong(sessions, id)).toEqual([]);
    const asked = statements.filter((text) => /WHERE storage_key = \$1/.test(text));
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatch(/AS tag/);
    expect(asked[0]).not.toMatch(/[ ,]envelope[,\s]*(AS|FROM|key_id)/);
  });
});
