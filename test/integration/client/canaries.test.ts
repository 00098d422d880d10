import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateKeyRing, KeyRing, SessionClient } from '../../../src/index.ts';
import { prismaTier } from '../../../src/tiers/prisma/index.ts';
import { redisTier } from '../../../src/tiers/redis/index.ts';
import { realClient, type Shop } from '../../support/real-client.ts';
import { connectMariadb } from '../../support/servers/mariadb.ts';
import type { DatabaseProvider } from '../../support/servers/databases.ts';
import { asPostgresAdmin } from '../../support/servers/postgres.ts';
import { startRedis, type RedisServer } from '../../support/servers/redis.ts';
import { until } from '../../support/servers/until.ts';
import { freshDatabase, sharedPostgres, type FreshDatabase } from '../../support/shared.ts';

/** The texts in everything that is secret; long enough not to occur by chance. */
const ITEM = 'canary-item-5f1d0c7be2';
const USER = 'canary-user-9a4e77d103';
const LABEL = 'canary-label-c0ffee4711';

const CHANNELS = ['holdfast:tier-change', 'holdfast:envelope-rejected', 'holdfast:background-failure', 'holdfast:keys'];

let redis: RedisServer;
let database: FreshDatabase;
let keys: KeyRing;
let sessions: SessionClient<Shop>;
const published: unknown[] = [];
const onMessage = (message: unknown): void => void published.push(message);

beforeEach(() => {
  published.length = 0;
  for (const name of CHANNELS) subscribe(name, onMessage);
});

afterEach(async () => {
  for (const name of CHANNELS) unsubscribe(name, onMessage);
  await sessions.close();
  await Promise.all([redis.stop(), database.close()]);
});

/** Returns every spelling of the secret in bytes. */
function spellings(secret: string): Buffer[] {
  const bytes = Buffer.from(secret);
  return [bytes, Buffer.from(bytes.toString('hex')), Buffer.from(bytes.toString('base64url')).subarray(0, -2)];
}

function expectNone(haystack: Buffer | string, secrets: readonly string[], where: string): void {
  const bytes = Buffer.from(haystack);
  for (const secret of secrets) {
    const found = spellings(secret).some((spelling) => bytes.includes(spelling));
    expect(found, `a secret of ${secret.length} characters in ${where}`).toBe(false);
  }
}

async function setUp(provider: DatabaseProvider): Promise<void> {
  [redis, database, keys] = await Promise.all([startRedis(), freshDatabase(provider), generateKeyRing()]);
  sessions = await realClient({ redis, database, keys });
}

/** Puts every kind of state into both stores; returns all secrets in it. */
async function live(): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < 10; n += 1) {
    const { id } = await sessions.create({ cart: [ITEM] }, { userId: USER, label: LABEL });
    await until(async () => (await sessions.get(id))?.servedBy === 'primary', { what: 'a hit' });
    await sessions.update(id, (data) => void data.cart.push(`${ITEM} again`));
    ids.push(id);
  }
  const [moved = '', dead = ''] = ids;
  ids.push((await sessions.regenerate(moved, { data: { cart: [ITEM] } })).id);
  await sessions.destroy(dead);
  const material = keys.toJwks().keys.map((key) => String((key as { k?: string }).k));
  expect(material).toHaveLength(2);
  return [ITEM, USER, LABEL, redis.password, ...ids, ...material];
}

describe('a thief of the stores', () => {
  it('finds no data, user, label, id, key or password in Redis or its files', async () => {
    await setUp('postgresql');
    const secrets = await live();
    const dump = await redis.dump();
    expect(dump.includes(Buffer.from('holdfast:s:'))).toBe(true);
    // Redis itself writes its users' password hashes, never the passwords.
    expectNone(dump, secrets, 'the dump of Redis');
  });

  it('finds none in the table of PostgreSQL', async () => {
    await setUp('postgresql');
    const secrets = await live();
    const rows = await asPostgresAdmin(
      { ...sharedPostgres(), adminUrl: adminUrlOf(database.url) },
      'SELECT t::text AS row FROM holdfast_session t',
    );
    expect(rows).toHaveLength(10);
    const text = rows.map(({ row }) => String(row)).join('\n');
    const bytes = Buffer.concat([...text.matchAll(/\\x([0-9a-f]*)/g)].map(([, hex = '']) => Buffer.from(hex, 'hex')));
    expectNone(text, secrets, 'the table as text');
    expectNone(bytes, secrets, 'the bytes of the table');
  });

  it('finds none in the table of MariaDB', async () => {
    await setUp('mysql');
    const secrets = await live();
    await using connection = await connectMariadb(database.url, database.ca ?? '');
    const rows = await connection.query('SELECT * FROM holdfast_session');
    expect(rows).toHaveLength(10);
    const values = rows.flatMap((row) => Object.values(row));
    expectNone(Buffer.concat(values.filter(Buffer.isBuffer)), secrets, 'the bytes of the table');
    expectNone(values.map(String).join('\n'), secrets, 'the table as text');
  });

  it('finds none in the files of SQLite', async () => {
    await setUp('sqlite');
    const secrets = await live();
    const folder = dirname(fileURLToPath(database.url));
    const files = readdirSync(folder).map((name) => readFileSync(`${folder}/${name}`));
    expect(Buffer.concat(files).includes(Buffer.from('holdfast_session'))).toBe(true);
    expectNone(Buffer.concat(files), secrets, 'the files of SQLite');
  });
});

function adminUrlOf(url: string): string {
  const admin = new URL(sharedPostgres().adminUrl);
  admin.pathname = new URL(url).pathname;
  return admin.href;
}

describe('errors and events', () => {
  it('carry none of it, whatever fails', async () => {
    await setUp('postgresql');
    const secrets = await live();
    const { id } = await sessions.create({ cart: [ITEM] }, { userId: USER });
    await until(async () => (await sessions.get(id))?.servedBy === 'primary', { what: 'a hit' });
    const caught: unknown[] = [];
    const fails = async (call: () => unknown): Promise<void> => {
      try {
        await call();
      } catch (error) {
        caught.push(error);
      }
    };

    const unfit = { cart: [ITEM, 1n, () => ITEM] } as never;
    await fails(() => sessions.create(unfit, { userId: USER }));
    await fails(() => sessions.create({ [ITEM]: new Date(), cart: [] } as never));
    await fails(() => sessions.create({ cart: [ITEM.repeat(9_999)] }));
    await fails(() => sessions.create({ cart: [] }, { userId: USER.repeat(99), label: LABEL }));
    await fails(() => sessions.replace(id, { cart: [ITEM] }, { revision: 99 }));
    await fails(() => sessions.update('A'.repeat(43), (data) => void data.cart.push(ITEM)));
    await fails(() => redisTier({ url: `redis://shop:${redis.password}@127.0.0.1:1` }));
    await fails(() => redisTier({ url: `rediss://shop:${redis.password}@127.0.0.1:1/${USER}` }));
    await fails(() => KeyRing.fromJwks({ ...keys.toJwks(), 'holdfast:version': 0 }));
    await fails(() => KeyRing.unseal(ITEM, { passphrase: `${LABEL} and more` }));

    await asPostgresAdmin(
      { ...sharedPostgres(), adminUrl: adminUrlOf(database.url) },
      `UPDATE holdfast_session SET envelope = set_byte(envelope, octet_length(envelope) - 1, (get_byte(envelope, octet_length(envelope) - 1) + 1) % 256)
         WHERE octet_length(envelope) > 0`,
    );
    await redis.kill();
    await until(async () => (await sessions.health()).primary.state === 'down', { what: 'the outage to be noticed' });
    await fails(() => sessions.get(id));

    const wrong = new SessionClient({
      keys,
      primary: redisTier({
        url: `rediss://127.0.0.1:${redis.port}`,
        username: 'shop',
        password: `${LABEL}-password`,
        tls: { ca: redis.ca ?? '' },
      }),
      durable: prismaTier(database.prisma, { provider: 'postgresql', table: 'not_there' }),
    });
    await redis.start();
    await fails(() => wrong.ready());
    await wrong.close();
    await database.prisma.$disconnect();

    expect(caught).toHaveLength(12);
    expect(published.length).toBeGreaterThan(0);
    for (const text of [...caught, ...published].flatMap(renderings)) {
      expectNone(text, [...secrets, id, `${LABEL}-password`], 'an error or an event');
    }
  });
});

/** Every way in which an error or a message ends up in a log. */
function renderings(value: unknown): string[] {
  const cause = value instanceof Error ? inspect(value.cause) : '';
  return [String(value), inspect(value, { depth: 9, showHidden: true }), JSON.stringify(value) ?? '', cause];
}
