import { describe, expect, it } from 'vitest';
import type { Dialect, FleetStatements, Statement } from '../../../../src/tiers/prisma/dialect.ts';
import { Mysql } from '../../../../src/tiers/prisma/dialects/mysql/mysql.ts';
import { Postgresql } from '../../../../src/tiers/prisma/dialects/postgresql/postgresql.ts';
import { Sqlite } from '../../../../src/tiers/prisma/dialects/sqlite/sqlite.ts';

const KEY = Buffer.alloc(32, 0xaa);
const FROM = Buffer.alloc(32, 0xbb);
const TO = Buffer.alloc(32, 0xcc);
const NODE = Buffer.alloc(16, 0xdd);

const makers: Record<string, (fleet: FleetStatements) => Statement> = {
  walk: (fleet) => fleet.walk('shop', { after: KEY, limit: 10, aliveAt: 5 }),
  moveUserKey: (fleet) => fleet.moveUserKey('shop', { storageKey: KEY, from: FROM, to: TO }),
  raiseRing: (fleet) => fleet.raiseRing('shop', { version: 3, fingerprint: KEY }),
  heartbeat: (fleet) => fleet.heartbeat('shop', { nodeId: NODE, ringVersion: 3 }),
  readFleet: (fleet) => fleet.readFleet('shop'),
  'forgetNodes by id': (fleet) => fleet.forgetNodes('shop', NODE),
  'forgetNodes by age': (fleet) => fleet.forgetNodes('shop', 7.5),
};

describe.each([
  ['mysql', (table: string): Dialect => new Mysql(table), /\?/g],
  ['postgresql', (table: string): Dialect => new Postgresql(table), /\$\d+/g],
  ['sqlite', (table: string): Dialect => new Sqlite(table), /\?/g],
] as const)('the statements of the fleet for %s', (_provider, dialectOf, placeholder) => {
  const dialect = dialectOf('holdfast_session');

  it.each(Object.entries(makers))('%s is worded like this', (_name, make) => {
    expect(make(dialect.fleet).text).toMatchSnapshot();
  });

  it.each(Object.entries(makers))('%s is one statement with its values as parameters', (_name, make) => {
    const { text, values } = make(dialect.fleet);
    expect(text).not.toMatch(/shop|aaaa|bbbb|cccc|dddd|BEGIN|COMMIT|;/i);
    expect(values).toContain('shop');
    const placeholders = text.match(placeholder) ?? [];
    const used = placeholder.source === '\\?' ? placeholders : [...new Set(placeholders)];
    expect(used).toHaveLength(values.length);
  });

  it('insert or replace no session', () => {
    for (const make of [makers['walk'], makers['moveUserKey']]) {
      expect(make?.(dialect.fleet).text).not.toMatch(/INSERT|DO UPDATE|REPLACE|DELETE/i);
    }
  });

  it('forget who was last seen before a time between two milliseconds', () => {
    expect(makers['forgetNodes by age']?.(dialect.fleet).values).toContain(8n);
  });

  it('name tables after that of the sessions, quoted', () => {
    const { tables } = dialectOf('Web_Session').schema;
    expect(tables.map(({ table }) => table)).toEqual(['Web_Session', 'Web_Session_ring', 'Web_Session_node']);
    const texts = Object.values(makers).map((make) => make(dialectOf('Web_Session').fleet).text);
    expect(texts.join('\n')).not.toContain('holdfast');
    for (const name of ['Web_Session', 'Web_Session_ring', 'Web_Session_node']) {
      expect(texts.join('\n')).toMatch(new RegExp(`(["\`])${name}\\1`));
    }
  });

  it('are rehearsed on opening without any value', () => {
    const rehearsals = dialect.schema.tables.flatMap((table) => table.rehearsals);
    expect(rehearsals.map(({ text }) => text)).toMatchSnapshot();
    for (const { text, values } of rehearsals) {
      expect(text).toContain('WHERE false');
      expect(values).toEqual([]);
    }
  });
});
