import { describe, expect, it } from 'vitest';
import { SHARED_CHANGE_ROWS_MIN } from '../../../../src/limits/durable-tier.ts';
import { durablePolicies } from '../../../../src/tiering/guard/durable-policies.ts';
import { DATABASE_NAMES } from '../../../../src/tiers/sql/tag.ts';
import { calls, KEY, many, OTHER_KEY, record, sharing, START, together, write } from './calls.ts';
import { statementsOf, statementsOfOpening } from './recording.ts';

const every = Object.entries(calls).flatMap(([part, own]) =>
  Object.entries(own).map(([name, call]) => [`${part}.${name}`, call] as const),
);
/** Those that write a row whether there is one or not. */
const UPSERTS: ReadonlySet<string> = new Set(['fleet.raiseRing', 'fleet.heartbeat']);

describe('the calls that these tests make', () => {
  it.each(Object.entries(durablePolicies))('name each method of the part %s', (part, methods) => {
    for (const method of Object.keys(methods)) {
      expect(
        every.some(([name]) => new RegExp(`^${part}\\.${method}( |$)`).test(name)),
        method,
      ).toBe(true);
    }
  });
});

describe.each(DATABASE_NAMES)('the statements for %s', (provider) => {
  it.each(every)('%s is one statement', async (_name, call) => {
    const texts = (await statementsOf(provider, call)).map(({ text }) => text);
    // Or one and a read that locks nothing: where a write answers no rows, or finds its own by an index.
    expect(texts.length).toBeLessThanOrEqual(provider === 'mysql' ? 2 : 1);
    expect(texts.filter((text) => !isMereRead(text)).length).toBeLessThanOrEqual(1);
  });

  it.each(every)('%s carries the namespace, and its values as parameters', async (_name, call) => {
    for (const { text, values } of await statementsOf(provider, call)) {
      expect(text).not.toMatch(/shop|aaaa|bbbb|cccc|dddd/i);
      expect(values).toContain('shop');
      const placeholders = provider === 'postgresql' ? [...new Set(text.match(/\$\d+/g))] : text.match(/\?/g);
      expect(placeholders).toHaveLength(values.length);
    }
  });

  it.each(every)('%s is no transaction, and never replaces or deletes a living session', async (name, call) => {
    for (const { text } of await statementsOf(provider, call)) {
      expect(text).not.toMatch(/OR REPLACE|MERGE|BEGIN|COMMIT|;/i);
      if (UPSERTS.has(name)) expect(text).toMatch(/["`]holdfast_session_(ring|node)["`]/);
      else expect(text).not.toMatch(/DO UPDATE/i);
      if (text.includes('INSERT')) expect(UPSERTS.has(name) || name.startsWith('sessions.insert')).toBe(true);
      if (text.includes('DELETE')) expect(name).toMatch(/^(fleet\.forget|upkeep\.removeEnded)/);
    }
  });

  it('are not sent for an empty list of users', async () => {
    expect(await statementsOf(provider, (tier) => tier.sessions.listByUser([], START, 10))).toEqual([]);
    expect(await statementsOf(provider, (tier) => tier.sessions.revokeMany({ ...many, of: [] }))).toEqual([]);
  });

  it('name the tables after the one of the options, quoted', async () => {
    const options = { table: 'Web_Session' };
    const statements = await statementsOfOpening(provider, options);
    for (const [, call] of every) statements.push(...(await statementsOf(provider, call, options)));
    const texts = statements.map(({ text }) => text).join('\n');
    expect(texts).not.toContain('holdfast');
    const quote = provider === 'mysql' ? '`' : '"';
    for (const name of ['Web_Session', 'Web_Session_ring', 'Web_Session_node']) {
      expect(texts).toContain(`${quote}${name}${quote}`);
    }
  });

  it('are rehearsed on opening without any value, and without any row', async () => {
    const rehearsals = (await statementsOfOpening(provider)).filter(({ how }) => how === 'execute');
    expect(rehearsals).toHaveLength(6);
    for (const { text, values } of rehearsals) {
      expect(text).toContain('WHERE false');
      expect(values).toEqual([]);
    }
  });
});

describe.each(Object.entries(sharing))('%s calls that arrive together', (_name, call) => {
  it.each(['postgresql', 'sqlite'] as const)('are one statement on %s', async (provider) => {
    const statements = await statementsOf(provider, together(call, 3));
    expect(statements).toHaveLength(1);
    expect(statements[0]?.values).toContain('shop');
  });

  it('are one statement on MySQL, and at most one read after it', async () => {
    const texts = (await statementsOf('mysql', together(call, 3))).map(({ text }) => text);
    expect(texts.length).toBeLessThanOrEqual(2);
    expect(texts.slice(1).every(isMereRead)).toBe(true);
  });

  it('are one statement for each free lane when they are many, and one text for any number of them', async () => {
    const statements = await statementsOf('postgresql', together(call, 2 * SHARED_CHANGE_ROWS_MIN));
    expect(statements).toHaveLength(2);
    const [few] = await statementsOf('postgresql', together(call, 2));
    for (const { text } of statements) expect(text).toBe(few?.text);
  });

  it('are one statement where there is one connection', async () => {
    expect(await statementsOf('sqlite', together(call, 40))).toHaveLength(1);
  });

  it('are none of them for the same session', async () => {
    const statements = await statementsOf('sqlite', (tier) => Promise.all([call(tier, KEY), call(tier, KEY)]));
    expect(statements).toHaveLength(2);
  });
});

describe.each(DATABASE_NAMES)('inserts that store nothing, on %s', (provider) => {
  it.each([1, 3])('are followed by one read of the rows that have their keys (%i)', async (count) => {
    const insert = sharing['insert'] ?? expect.fail('no insert');
    const statements = await statementsOf(provider, together(insert, count), { inserts: false });
    const asking = statements.filter(({ text }) => isMereRead(text));
    // MySQL stores all rows of a statement or none, so it is sent again in halves down to one row.
    expect(asking).toHaveLength(provider === 'mysql' ? count : 1);
  });
});

it('a key that is none goes by itself, so that it does not move the bytes of its neighbours', async () => {
  const bad = Buffer.alloc(31);
  const keys = [KEY, bad, OTHER_KEY, Buffer.alloc(32), Buffer.alloc(32, 1)];
  const statements = await statementsOf('postgresql', (tier) =>
    Promise.all(keys.map((storageKey) => tier.sessions.update({ ...write, record: { ...record, storageKey } }))),
  );
  const isShared = statements.map(({ text }) => text.includes('input'));
  expect(isShared).toEqual([false, false, false, true]);
  expect(statements.filter(({ values }) => values.includes(bad))).toHaveLength(1);
});

/** One that locks nothing. */
function isMereRead(text: string): boolean {
  return /^\(?SELECT (?!.*FOR (UPDATE|SHARE))/s.test(text);
}
