import { describe, expect, it } from 'vitest';
import type { Dialect, Statement, SweepStatements } from '../../../../src/tiers/prisma/dialect.ts';
import { Mysql } from '../../../../src/tiers/prisma/dialects/mysql/mysql.ts';
import { Postgresql } from '../../../../src/tiers/prisma/dialects/postgresql/postgresql.ts';
import { Sqlite } from '../../../../src/tiers/prisma/dialects/sqlite/sqlite.ts';

const KEY = Buffer.alloc(32, 0xaa);
const OTHER = Buffer.alloc(32, 0xbb);
const PASS = Buffer.alloc(16, 0xcc);
const BOUNDS = { endedBefore: 7.5, revokedBefore: 3 };

const makers: Record<string, (sweep: SweepStatements) => Statement> = {
  claimSweep: (sweep) => sweep.claimSweep('shop', { passId: PASS, forMs: 60_000.4 }),
  findEnded: (sweep) => sweep.findEnded('shop', { after: KEY, limit: 10, ...BOUNDS }),
  removeEnded: (sweep) => sweep.removeEnded('shop', { storageKeys: [KEY, OTHER], ...BOUNDS }),
};

describe.each([
  ['mysql', (table: string): Dialect => new Mysql(table), /\?/g, '`'],
  ['postgresql', (table: string): Dialect => new Postgresql(table), /\$\d+/g, '"'],
  ['sqlite', (table: string): Dialect => new Sqlite(table), /\?/g, '"'],
] as const)('the statements of the sweep for %s', (_provider, dialectOf, placeholder, quote) => {
  const dialect = dialectOf('holdfast_session');

  it.each(Object.entries(makers))('%s is worded like this', (_name, make) => {
    expect(make(dialect.sweep).text).toMatchSnapshot();
  });

  it.each(Object.entries(makers))('%s is one statement with its values as parameters', (_name, make) => {
    const { text, values } = make(dialect.sweep);
    expect(text).not.toMatch(/shop|aaaa|bbbb|cccc|BEGIN|COMMIT|;/i);
    expect(values).toContain('shop');
    const placeholders = text.match(placeholder) ?? [];
    const used = placeholder.source === '\\?' ? placeholders : [...new Set(placeholders)];
    expect(used).toHaveLength(values.length);
  });

  it('take a time between two milliseconds for the later of them, and claim for whole ones', () => {
    expect(makers['findEnded']?.(dialect.sweep).values).toContain(8n);
    expect(makers['removeEnded']?.(dialect.sweep).values).toContain(8n);
    expect(makers['claimSweep']?.(dialect.sweep).values).toContain(60_000n);
  });

  it('name tables after that of the sessions, quoted', () => {
    const { sweep, schema } = dialectOf('Web_Session');
    const texts = [...Object.values(makers).map((make) => make(sweep)), schema.sweepRehearsal].map(({ text }) => text);
    expect(texts.join('\n')).not.toContain('holdfast');
    for (const name of ['Web_Session', 'Web_Session_ring']) {
      expect(texts.join('\n')).toContain(`${quote}${name}${quote}`);
    }
  });

  it('are rehearsed without any value, and without any row', () => {
    const { text, values } = dialect.schema.sweepRehearsal;
    expect(text).toBe(`DELETE FROM ${quote}holdfast_session${quote} WHERE false`);
    expect(values).toEqual([]);
  });
});
