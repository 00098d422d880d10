import { describe, expect, it } from 'vitest';
import type { Statement } from '../../../../src/tiers/prisma/dialect.ts';
import { PostgresqlFleet } from '../../../../src/tiers/prisma/dialects/postgresql-fleet.ts';
import { SqliteFleet } from '../../../../src/tiers/prisma/dialects/sqlite-fleet.ts';
import type { FleetDialect } from '../../../../src/tiers/prisma/fleet-dialect.ts';

const KEY = Buffer.alloc(32, 0xaa);
const FROM = Buffer.alloc(32, 0xbb);
const TO = Buffer.alloc(32, 0xcc);
const NODE = Buffer.alloc(16, 0xdd);

const makers: Record<string, (dialect: FleetDialect) => Statement> = {
  walk: (dialect) => dialect.walk('shop', { after: KEY, limit: 10, aliveAt: 5 }),
  moveUserKey: (dialect) => dialect.moveUserKey('shop', { storageKey: KEY, from: FROM, to: TO }),
  raiseRing: (dialect) => dialect.raiseRing('shop', { version: 3, fingerprint: KEY }),
  heartbeat: (dialect) => dialect.heartbeat('shop', { nodeId: NODE, ringVersion: 3 }),
  readFleet: (dialect) => dialect.readFleet('shop'),
  'forgetNodes by id': (dialect) => dialect.forgetNodes('shop', NODE),
  'forgetNodes by age': (dialect) => dialect.forgetNodes('shop', 7.5),
};

describe.each([
  ['postgresql', (table: string): FleetDialect => new PostgresqlFleet(table), /\$\d+/g],
  ['sqlite', (table: string): FleetDialect => new SqliteFleet(table), /\?/g],
] as const)('the statements of the fleet for %s', (_provider, dialectOf, placeholder) => {
  const dialect = dialectOf('holdfast_session');

  it.each(Object.entries(makers))('%s is worded like this', (_name, make) => {
    expect(make(dialect).text).toMatchSnapshot();
  });

  it.each(Object.entries(makers))('%s is one statement with its values as parameters', (_name, make) => {
    const { text, values } = make(dialect);
    expect(text).not.toMatch(/shop|aaaa|bbbb|cccc|dddd|BEGIN|COMMIT|;/i);
    expect(values).toContain('shop');
    const placeholders = text.match(placeholder) ?? [];
    const used = placeholder.source === '\\?' ? placeholders : [...new Set(placeholders)];
    expect(used).toHaveLength(values.length);
  });

  it('insert or replace no session', () => {
    for (const make of [makers['walk'], makers['moveUserKey']]) {
      expect(make?.(dialect).text).not.toMatch(/INSERT|DO UPDATE|REPLACE|DELETE/i);
    }
  });

  it('forget who was last seen before a time between two milliseconds', () => {
    expect(makers['forgetNodes by age']?.(dialect).values).toContain(8n);
  });

  it('name tables after that of the sessions, quoted', () => {
    const { tables } = dialectOf('Web_Session');
    expect(tables.map(({ table }) => table)).toEqual(['Web_Session_ring', 'Web_Session_node']);
    const texts = Object.values(makers).map((make) => make(dialectOf('Web_Session')).text);
    expect(texts.join('\n')).not.toContain('holdfast');
    for (const name of ['"Web_Session"', '"Web_Session_ring"', '"Web_Session_node"']) {
      expect(texts.join('\n')).toContain(name);
    }
  });

  it('are rehearsed on opening without any value', () => {
    const rehearsals = dialect.tables.flatMap((table) => table.rehearsals);
    expect(rehearsals.map(({ text }) => text)).toMatchSnapshot();
    for (const { text, values } of rehearsals) {
      expect(text).toContain('WHERE false');
      expect(values).toEqual([]);
    }
  });
});
