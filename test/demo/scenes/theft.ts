import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ITEM, type Stage } from '../stage.ts';
import { redisKey, storageKey, storedRow } from '../stored.ts';

const HEADER_BYTES = 64;
const SHOWN_BYTES = 40;

/** A thief takes all of Redis and all of the database, and reads. */
export async function stealEverything(stage: Stage): Promise<void> {
  stage.timeline.chapter('What a thief of both stores gets');
  await showRedis(stage);
  await showDatabase(stage);
  await search(stage);
}

async function showRedis({ redis, ada, fleet, timeline }: Stage): Promise<void> {
  await fleet.call((sessions) => sessions.get(ada.id));
  const key = redisKey(ada.id);
  const value = (await redis.asAdmin((admin) => admin.getBuffer(key))) ?? Buffer.alloc(0);
  timeline.say('Redis, one entry: a header in clear (revision, server life, times), then ciphertext');
  timeline.show(key);
  timeline.show(`${value.toString('latin1', 0, HEADER_BYTES)} ${excerpt(value.subarray(HEADER_BYTES))}`);
}

async function showDatabase({ auditor, ada, bob, timeline }: Stage): Promise<void> {
  timeline.say('The database, two rows: hashed ids, blinded user ids, times, ciphertext');
  for (const { id } of [ada, bob]) {
    const row = await storedRow(auditor, id);
    const ended = row.revokedAt === null ? '' : '  (logged out: erased)';
    timeline.show(
      `storage_key ${excerpt(row.storageKey, 12)}  user_key ${excerpt(row.userKey ?? new Uint8Array(), 12)}  revision ${row.revision}`,
    );
    timeline.show(
      `  key_id ${excerpt(row.keyId)}  envelope ${row.envelope.length} bytes ${excerpt(row.envelope, 24)}${ended}`,
    );
  }
}

async function search(stage: Stage): Promise<void> {
  const { redis, ada, timeline, verdict } = stage;
  const loot = [await redis.dump(), await databaseFiles(stage)];
  const secrets = await everySecret(stage);
  const found = secrets.filter((secret) =>
    spellings(secret).some((spelling) => loot.some((bytes) => bytes.includes(spelling))),
  );
  // A search that finds nothing must show that it can find something: Redis spells storage keys, the database has them.
  const known = [redisKey(ada.id), storageKey(ada.id)];
  const canFind = known.every((bytes, at) => loot[at]?.includes(bytes));
  const size = loot.map((bytes) => `${Math.round(bytes.length / 1024)} KiB`).join(' + ');
  timeline.say(
    `${size} searched for ${secrets.length} secrets (ids, users, items, labels, passwords, keys): ${found.length} found`,
  );
  verdict.add(
    'Nothing readable in either store',
    found.length === 0 && canFind,
    `${found.length} of ${secrets.length} secrets in ${size}; hashes that must be there: ${canFind ? 'found' : 'not found'}`,
  );
}

/** What must be in neither store: everything that customers, operators and the key ring know. */
async function everySecret({ redis, keys, everyone }: Stage): Promise<Buffer[]> {
  const ring = await keys.source().load();
  const material = ring.toJwks().keys.flatMap(({ k }) => (typeof k === 'string' ? [k] : []));
  const texts = [
    ITEM,
    '"cart"',
    'customers.example',
    "ada's telephone",
    redis.password,
    keys.passphrase,
    ...everyone.flatMap(({ id, userId }) => [id, userId]),
    ...material,
  ];
  return [...texts.map((text) => Buffer.from(text)), ...material.map((text) => Buffer.from(text, 'base64url'))];
}

/** As it is, and as it would look in hexadecimal, in base64 at any offset, or in wide characters. */
function spellings(secret: Buffer): (Buffer | string)[] {
  const base64 = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), secret]).toString('base64');
    // The first and last characters mix with their neighbours.
    return text.slice(offset === 0 ? 0 : 4, -4);
  });
  return [secret, secret.toString('hex'), Buffer.from(secret.toString('latin1'), 'utf16le'), ...base64];
}

/** The file and its journals. */
async function databaseFiles({ database }: Stage): Promise<Buffer> {
  const dir = dirname(database.path);
  return Buffer.concat(await Promise.all((await readdir(dir)).map((name) => readFile(join(dir, name)))));
}

function excerpt(bytes: Uint8Array, length = SHOWN_BYTES): string {
  const hex = Buffer.from(bytes.subarray(0, length)).toString('hex');
  return bytes.length > length ? `${hex}…` : hex;
}
