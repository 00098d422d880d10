import { describe, expect, it } from 'vitest';
import { systemPlatform } from '../../../../src/platform/platform.ts';
import { prismaTier } from '../../../../src/tiers/prisma/index.ts';
import type { PrismaProvider } from '../../../../src/tiers/prisma/index.ts';
import type { DurableTier } from '../../../../src/tiers/tier.ts';

const KEY = Buffer.alloc(32, 0xaa);
const OTHER_KEY = Buffer.alloc(32, 0xbb);
const USER_KEY = Buffer.alloc(32, 0xcc);
const WRITE_ID = Buffer.alloc(16, 0xdd);
const START = Buffer.alloc(0);
const KNOWN: Buffer = Buffer.alloc(40, 0xab);
/** A count of none. */
const NO_ROWS: string = Buffer.alloc(4).toString('base64');
const record = {
  storageKey: KEY,
  userKey: USER_KEY,
  revision: 2,
  envelope: Buffer.from('envelope'),
  keyId: Buffer.alloc(8, 0xee),
  createdAt: 1,
  lastSeenAt: 2,
  idleLifetimeMs: 15,
  idleExpiresAt: 3,
  absoluteExpiresAt: 4,
};
const valid = { writeId: WRITE_ID, validUntil: 9 };
const write = { ...valid, record, dirty: false, aliveAt: 5, replaces: Buffer.alloc(16, 0xab) };
const move = { ...write, previousStorageKey: OTHER_KEY, regeneratedAt: 7 };
const revoke = { ...valid, storageKey: KEY, revokedAt: 6, dirty: false };
const many = { ...valid, except: null, after: START, limit: 10, revokedAt: 6 };

const calls: Record<string, (tier: DurableTier) => Promise<unknown>> = {
  insert: (tier) => tier.insert({ ...valid, aliveAt: 5, record }),
  read: (tier) => tier.read(KEY),
  'read of what is known': (tier) => tier.read(KEY, KNOWN),
  readState: (tier) => tier.readState(KEY),
  update: (tier) => tier.update(write),
  'update with a mark': (tier) => tier.update({ ...write, dirty: true }),
  regenerate: (tier) => tier.regenerate(move),
  'regenerate with a mark': (tier) => tier.regenerate({ ...move, dirty: true }),
  touch: (tier) => tier.touch({ storageKey: KEY, lastSeenAt: 2, aliveAt: 5, longestPauseMs: 14 }),
  revoke: (tier) => tier.revoke(revoke),
  'revoke of what an insert left': (tier) => tier.revoke({ ...revoke, writtenBy: Buffer.alloc(16, 0xbb) }),
  'revoke with a mark': (tier) => tier.revoke({ ...revoke, dirty: true }),
  'revokeMany of a user': (tier) => tier.revokeMany({ ...many, of: [USER_KEY, OTHER_KEY] }),
  'revokeMany of everyone': (tier) => tier.revokeMany({ ...many, of: 'everyone' }),
  markDirty: (tier) => tier.markDirty(KEY),
  'readFeed from a time': (tier) => tier.readFeed(10, 11),
  'readFeed after a mark': (tier) => tier.readFeed({ dirtyAt: 10, storageKey: KEY }, 11),
  clearFeed: (tier) => tier.clearFeed(12, 13),
  listByUser: (tier) => tier.listByUser([USER_KEY, OTHER_KEY], START, 10),
  findRegenerated: (tier) => tier.findRegenerated(OTHER_KEY, 8),
};

describe.each(['mysql', 'postgresql', 'sqlite'] as const)('the statements for %s', (provider) => {
  it.each(Object.entries(calls))('%s is one statement', async (_name, call) => {
    const texts = (await statementsOf(provider, call)).map(({ text }) => text);
    expect(texts.join('\n\n')).toMatchSnapshot();
    // Or one and a read that locks nothing: where a write answers no rows, or finds its own by an index.
    expect(texts.length).toBeLessThanOrEqual(provider === 'mysql' ? 2 : 1);
    expect(texts.filter((text) => !isMereRead(text)).length).toBeLessThanOrEqual(1);
  });

  it.each(Object.entries(calls))('%s carries the namespace, and its values as parameters', async (_name, call) => {
    for (const { text, values } of await statementsOf(provider, call)) {
      expect(text).not.toMatch(/shop|aaaa|bbbb|cccc/i);
      expect(values).toContain('shop');
      const placeholders = provider === 'postgresql' ? [...new Set(text.match(/\$\d+/g))] : text.match(/\?/g);
      expect(placeholders).toHaveLength(values.length);
    }
  });

  it.each(Object.entries(calls))('%s is no upsert and no transaction', async (name, call) => {
    for (const { text } of await statementsOf(provider, call)) {
      expect(text).not.toMatch(/DO UPDATE|OR REPLACE|MERGE|BEGIN|COMMIT|;/i);
      if (name !== 'insert') expect(text).not.toMatch(/INSERT/i);
    }
  });

  it('ask nobody about the sessions of nobody', async () => {
    expect(await statementsOf(provider, (tier) => tier.listByUser([], START, 10))).toEqual([]);
    expect(await statementsOf(provider, (tier) => tier.revokeMany({ ...many, of: [] }))).toEqual([]);
  });

  it('name the table of the options, quoted', async () => {
    const statements = await statementsOf(provider, (tier) => tier.read(KEY), { table: 'Web_Session' });
    expect(statements[0]?.text).toContain(provider === 'mysql' ? 'FROM `Web_Session`' : 'FROM "Web_Session"');
  });
});

const shared: Record<string, (tier: DurableTier, storageKey: Buffer) => Promise<unknown>> = {
  insert: (tier, storageKey) => tier.insert({ ...valid, aliveAt: 5, record: { ...record, storageKey } }),
  read: (tier, storageKey) => tier.read(storageKey),
  'read of what is known': (tier, storageKey) => tier.read(storageKey, KNOWN),
  readState: (tier, storageKey) => tier.readState(storageKey),
  update: (tier, storageKey) => tier.update({ ...write, record: { ...record, storageKey } }),
  findRegenerated: (tier, storageKey) => tier.findRegenerated(storageKey, 8),
  touch: (tier, storageKey) => tier.touch({ storageKey, lastSeenAt: 2, aliveAt: 5, longestPauseMs: 14 }),
};

describe.each(Object.entries(shared))('%s calls that arrive together', (_name, call) => {
  const together = (count: number) => (tier: DurableTier) =>
    Promise.all(Array.from({ length: count }, (_, n) => call(tier, Buffer.alloc(32, n))));

  it.each(['postgresql', 'sqlite'] as const)('are one statement on %s', async (provider) => {
    const statements = await statementsOf(provider, together(3));
    expect(statements).toHaveLength(1);
    expect(statements[0]?.text).toMatchSnapshot();
    expect(statements[0]?.values).toContain('shop');
  });

  it('are one statement on MySQL, and at most one read after it', async () => {
    const texts = (await statementsOf('mysql', together(3))).map(({ text }) => text);
    expect(texts.join('\n\n')).toMatchSnapshot();
    expect(texts.length).toBeLessThanOrEqual(2);
    expect(texts.slice(1).every(isMereRead)).toBe(true);
  });

  it('are one statement for each free lane when they are many, and one text for any number of them', async () => {
    const statements = await statementsOf('postgresql', together(40));
    expect(statements).toHaveLength(2);
    const [few] = await statementsOf('postgresql', together(2));
    for (const { text } of statements) expect(text).toBe(few?.text);
  });

  it('are one statement where there is one connection', async () => {
    expect(await statementsOf('sqlite', together(40))).toHaveLength(1);
  });

  it('are none of them for the same session', async () => {
    const statements = await statementsOf('sqlite', (tier) => Promise.all([call(tier, KEY), call(tier, KEY)]));
    expect(statements).toHaveLength(2);
  });
});

describe.each(['mysql', 'postgresql', 'sqlite'] as const)('inserts that store nothing, on %s', (provider) => {
  it.each([1, 3])('ask once who has their keys (%i)', async (count) => {
    const call = (tier: DurableTier) =>
      Promise.all(
        Array.from({ length: count }, (_, n) => {
          const storageKey = Buffer.alloc(32, n);
          return tier.insert({ ...valid, aliveAt: 5, record: { ...record, storageKey } });
        }),
      );
    const statements = await statementsOf(provider, call, { inserts: false });
    const asking = statements.filter(({ text }) => isMereRead(text));
    expect(asking[0]?.text).toMatchSnapshot();
    // MySQL stores all rows of a statement or none, so it is sent again in halves down to one row.
    expect(asking).toHaveLength(provider === 'mysql' ? count : 1);
  });
});

it('a key that is none goes by itself, so that it does not move the bytes of its neighbours', async () => {
  const bad = Buffer.alloc(31);
  const keys = [KEY, bad, OTHER_KEY, Buffer.alloc(32), Buffer.alloc(32, 1)];
  const statements = await statementsOf('postgresql', (tier) =>
    Promise.all(keys.map((storageKey) => tier.update({ ...write, record: { ...record, storageKey } }))),
  );
  const isShared = statements.map(({ text }) => text.includes('input'));
  expect(isShared).toEqual([false, false, false, true]);
  expect(statements.filter(({ values }) => values.includes(bad))).toHaveLength(1);
});

interface Sent {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** One that locks nothing. */
function isMereRead(text: string): boolean {
  return /^\(?SELECT (?!.*FOR (UPDATE|SHARE))/s.test(text);
}

/** For a change of what was found before. */
const FOUND = { storage_key: KEY, idle_expires_at: 3n, absolute_expires_at: 4n, revoked_at: null };

/** What the database answers of an insert whose rows are all stored. */
function insertedRows(text: string, values: readonly unknown[]): readonly Record<string, unknown>[] {
  if (!text.includes(' AS packed')) {
    return values.filter((value) => value instanceof Uint8Array).map((storageKey) => ({ storage_key: storageKey }));
  }
  const size = Number(values[2]);
  const packed = Buffer.alloc(4 * (size + 1));
  packed.writeInt32BE(size);
  for (let n = 0; n < size; n += 1) packed.writeInt32BE(n, 4 * (n + 1));
  return [{ packed: packed.toString('base64') }];
}

function noRows(text: string): readonly Record<string, unknown>[] {
  return text.includes(' AS packed') ? [{ packed: NO_ROWS }] : [];
}

/** Answers whatever lets `open` pass as far as the table, and notes what is sent after it. */
async function statementsOf(
  provider: PrismaProvider,
  call: (tier: DurableTier) => Promise<unknown>,
  { table, inserts = true }: { readonly table?: string; readonly inserts?: boolean } = {},
): Promise<Sent[]> {
  const sent: Sent[] = [];
  const client = {
    $queryRawUnsafe: async (text: string, ...values: unknown[]) => {
      sent.push({ text, values });
      if (/INSERT/.test(text)) return inserts ? insertedRows(text, values) : noRows(text);
      if (/ AS packed/.test(text)) return [{ packed: NO_ROWS }];
      if (/ AS (standby|feed)/.test(text)) return [{ now: 1n, storage_key: null }];
      return provider === 'mysql' && /revoked_at FROM|UNION/.test(text) ? [FOUND] : [];
    },
    $executeRawUnsafe: async (text: string, ...values: unknown[]) => {
      sent.push({ text, values });
      if (!inserts) throw Object.assign(new Error('BIGINT value is out of range'), { code: '1690' });
      return 1;
    },
    $transaction: async () => {},
  };
  const tier = prismaTier(client, table === undefined ? { provider } : { provider, table });
  const opening = tier.open({ namespace: 'shop', platform: systemPlatform, timeoutMs: 1_000 });
  await expect(opening).rejects.toMatchObject({
    kind: 'misconfigured',
    reason: `table-missing:${table ?? 'holdfast_session'}`,
  });
  sent.length = 0;
  await call(tier);
  return sent;
}
