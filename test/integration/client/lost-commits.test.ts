import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SessionClient } from '../../../src/index.ts';
import { envelopeTag } from '../../../src/session/sealed-record.ts';
import { storageKeyOf } from '../../../src/session/session-id.ts';
import { memoryPrimaryTier } from '../../../src/tiers/memory/index.ts';
import { type PrismaClientLike, prismaTier } from '../../../src/tiers/prisma/index.ts';
import { decodeEntry } from '../../../src/tiers/redis/entry-format.ts';
import { KeyNames } from '../../../src/tiers/redis/key-names.ts';
import { realClient, type Shop } from '../../support/real-client.ts';
import { asAdmin } from '../../support/servers/redis-admin.ts';
import { until } from '../../support/servers/until.ts';
import { freshDatabase, type FreshDatabase, sharedRedis, uniqueNamespace } from '../../support/shared.ts';

const COLUMNS = 'revision, write_id, envelope, key_id, last_seen_at, idle_expires_at';

const namespace = uniqueNamespace();
let database: FreshDatabase;
let statements: string[];
let sessions: SessionClient<Shop>;
let other: SessionClient<Shop>;
/** A node whose writes do not reach the others' Redis. */
let apart: SessionClient<Shop>;

beforeAll(async () => {
  database = await freshDatabase('postgresql');
  const node = { redis: sharedRedis(), database, namespace };
  const durable = prismaTier(recording(database.prisma), { provider: 'postgresql' });
  [sessions, other, apart] = await Promise.all([
    realClient({ ...node, durable }),
    // Each touch is a statement.
    realClient({ ...node, touchInterval: 0 }),
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
  await untilServed(id);
  return id;
}

/** Waits until Redis serves the session with these items. A copy that a busy machine did not write in time is written by a later read. */
async function untilServed(id: string, ...items: string[]): Promise<void> {
  const isServed = async (): Promise<boolean> => {
    const session = await sessions.get(id);
    return session?.servedBy === 'primary' && session.data.cart.join() === items.join();
  };
  await until(isServed, { what: 'the copy to be believed' });
}

interface Version {
  readonly revision: number;
  readonly tag: string;
}

const versionOf = (revision: number, envelope: Uint8Array): Version => ({
  revision,
  tag: envelopeTag(Buffer.from(envelope)).toString('hex'),
});

/** The copy as Redis has it: a read might ask the database as well, and replace it. */
async function copyOf(id: string): Promise<Version | null> {
  const redis = sharedRedis();
  const key = new KeyNames(namespace).session(storageKeyOf(id));
  const [bytes] = await asAdmin(redis, redis, (admin) => admin.mgetBuffer(key));
  const entry = decodeEntry(bytes ?? null);
  return entry.kind === 'value' ? versionOf(entry.revision, entry.envelope) : null;
}

async function rowOf(id: string): Promise<Version> {
  const [row] = await database.prisma.$queryRawUnsafe<{ revision: bigint; envelope: Uint8Array }[]>(
    'SELECT revision, envelope FROM holdfast_session WHERE storage_key = $1::bytea',
    storageKeyOf(id),
  );
  return versionOf(Number(row!.revision), row!.envelope);
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
  await untilServed(id, ...items);
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
    const [copy, row] = [await copyOf(id), await rowOf(id)];
    expect(copy?.revision).toBe(row.revision);
    expect(copy?.tag).not.toBe(row.tag);
    for (const node of [sessions, other]) expect(await strong(node, id)).toEqual(['kept']);
    await until(async () => (await other.get(id))?.data.cart[0] === 'kept', { what: 'the copy to be replaced' });
  });

  it('is what strong reads show though a copy is several revisions ahead', async () => {
    const id = await anOldSession();
    await lose(id, 'lost', 'lost too');
    for (const node of [sessions, other]) expect(await strong(node, id)).toEqual([]);
    await until(async () => (await other.get(id))?.data.cart.length === 0, { what: 'the copy to be replaced' });
  });

  it('takes a write though a copy is several revisions ahead, and the copy does not hide that write', async () => {
    const id = await anOldSession();
    await lose(id, 'lost', 'lost too', 'lost as well');
    await add(sessions, id, 'kept');
    for (const node of [sessions, other]) expect((await node.get(id))?.data.cart).toEqual(['kept']);
  });

  it.each([
    ['several revisions ahead', async (id: string) => lose(id, 'lost', 'lost too'), []],
    [
      'at the revision that was issued again',
      async (id: string) => {
        await lose(id, 'lost');
        await add(apart, id, 'apart');
      },
      ['apart'],
    ],
  ])('takes a `replace` at the second attempt though a copy is %s', async (_where, fork, cart) => {
    const id = await anOldSession();
    await fork(id);
    const replace = async () => {
      const seen = (await other.get(id))!;
      return other.replace(id, { cart: [...seen.data.cart, 'kept'] }, { revision: seen.revision });
    };
    await expect(replace()).rejects.toMatchObject({ code: 'HOLDFAST_REVISION_CONFLICT' });
    await replace();
    for (const node of [sessions, other]) expect((await node.get(id))?.data.cart).toEqual([...cart, 'kept']);
  });

  it('takes a touch and a logout though a copy is ahead', async () => {
    const id = await anOldSession();
    await lose(id, 'lost', 'lost too');
    await other.touch(id);
    expect(await strong(other, id)).toEqual([]);
    await lose(id, 'lost again', 'lost again too');
    expect(await other.destroy(id)).toBe(true);
    for (const node of [sessions, other, apart]) expect(await node.get(id)).toBeNull();
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
