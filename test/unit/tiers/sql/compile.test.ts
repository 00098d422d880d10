import { withoutPrefix } from './prefix.ts';
import { describe, expect, it } from 'vitest';
import { compile } from '../../../../src/tiers/sql/compile.ts';
import { databaseOf } from '../../../../src/tiers/sql/dialects/databases.ts';
import { input as postgresqlInput } from '../../../../src/tiers/sql/dialects/postgresql/input.ts';
import {
  bytes,
  constant,
  each,
  fixedBytes,
  flag,
  type Fragment,
  integer,
  join,
  namespace,
  oneOf,
  perDatabase,
  rings,
  sessions,
  sql,
} from '../../../../src/tiers/sql/tag.ts';

interface Move {
  readonly from: Buffer;
  readonly to: Buffer;
  readonly at: number;
  readonly keys: readonly Buffer[];
}

const FROM = Buffer.from('from');
const TO = Buffer.from('to');
const KEYS = [Buffer.from('a'), Buffer.from('b')];
const move: Move = { from: FROM, to: TO, at: 7, keys: KEYS };

const from = bytes((command: Move) => command.from);
const to = bytes((command: Move) => command.to);
const at = integer((command: Move) => command.at);

function built(name: 'mysql' | 'postgresql' | 'sqlite', fragment: Fragment<Move>) {
  const database = databaseOf(name, 'web');
  const { text, values } = compile(fragment, database)('shop', move);
  return { text: withoutPrefix(database.dialect, text), values };
}

it('PostgreSQL gets no statement that Pgpool-II would send to a standby, or answer from a cache', () => {
  const textOf = (fragment: Fragment<undefined>) =>
    compile(fragment, databaseOf('postgresql', 'web'))('shop', undefined).text;
  expect(textOf(sql`SELECT 1`)).toBe('/*NO LOAD BALANCE*/ WITH at_primary AS (SELECT random()) SELECT 1');
  const list = each(() => [1, 2], sql`(1)`);
  expect(textOf(sql`SELECT ${list}`)).toBe('/*NO LOAD BALANCE*/ WITH at_primary AS (SELECT random()) SELECT (1), (1)');
  expect(textOf(sql`DELETE FROM x`)).toBe('/*NO LOAD BALANCE*/ DELETE FROM x');
});

describe('a fragment', () => {
  it('has its values as parameters, in the order in which they stand', () => {
    const fragment = sql`SET user_key = ${to} WHERE user_key = ${from} AND namespace = ${namespace}`;
    expect(built('sqlite', fragment)).toEqual({
      text: 'SET user_key = ? WHERE user_key = ? AND namespace = ?',
      values: [TO, FROM, 'shop'],
    });
    expect(built('postgresql', fragment)).toEqual({
      text: 'SET user_key = $1::bytea WHERE user_key = $2::bytea AND namespace = $3::text',
      values: [TO, FROM, 'shop'],
    });
  });

  it('sends a value that stands in it twice once where the database can number its parameters', () => {
    const fragment = sql`a > ${at} OR b > ${at}`;
    expect(built('postgresql', fragment)).toEqual({ text: 'a > $1::bigint OR b > $1::bigint', values: [7n] });
    expect(built('mysql', fragment)).toEqual({ text: 'a > ? OR b > ?', values: [7n, 7n] });
  });

  it('may stand in another one, with its own values', () => {
    const inner = sql`user_key = ${from}`;
    const fragment = sql`namespace = ${namespace} AND (${inner}) AND at = ${at}`;
    expect(built('mysql', fragment)).toEqual({
      text: 'namespace = ? AND (user_key = ?) AND at = ?',
      values: ['shop', FROM, 7n],
    });
  });

  it('loses the indentation of the code around it, and keeps that of its lines', () => {
    const rows = sql`
        SELECT 1
          WHERE true`;
    const fragment = sql`
      WITH one AS (
        ${rows}
      )
      SELECT ${namespace}`;
    expect(built('sqlite', fragment).text).toBe('WITH one AS (\n  SELECT 1\n    WHERE true\n)\nSELECT ?');
  });

  it('names tables as the database quotes them', () => {
    const fragment = sql`${sessions}, ${rings}`;
    expect(built('mysql', fragment).text).toBe('`web`, `web_ring`');
    expect(built('postgresql', fragment).text).toBe('"web", "web_ring"');
  });

  it('has the words of the database', () => {
    const fragment = sql`${perDatabase({ mysql: at, postgresql: sql`now()`, sqlite: constant(5) })}`;
    expect(built('mysql', fragment)).toEqual({ text: '?', values: [7n] });
    expect(built('postgresql', fragment)).toEqual({ text: 'now()', values: [] });
    expect(built('sqlite', fragment)).toEqual({ text: '5', values: [] });
  });

  it('compares with a list in one parameter, or with one for each', () => {
    const fragment = sql`key ${oneOf((command: Move) => command.keys)} AND at = ${at}`;
    expect(built('postgresql', fragment)).toEqual({
      text: 'key = ANY($1::bytea[]) AND at = $2::bigint',
      values: [KEYS, 7n],
    });
    expect(built('sqlite', fragment)).toEqual({ text: 'key IN (?, ?) AND at = ?', values: [...KEYS, 7n] });
  });

  it('repeats what it says of each item', () => {
    const pair = sql<Buffer>`(${bytes((key) => key)}, ${namespace})`;
    const fragment = sql`${at}: ${each((command: Move) => command.keys, pair, ' OR ')}`;
    expect(built('mysql', fragment)).toEqual({
      text: '?: (?, ?) OR (?, ?)',
      values: [7n, KEYS[0], 'shop', KEYS[1], 'shop'],
    });
  });

  it('is built for each call from its own values', () => {
    const build = compile(sql`${at}, ${oneOf((command: Move) => command.keys)}`, databaseOf('sqlite', 'web'));
    expect(build('shop', { ...move, at: 1, keys: [] }).values).toEqual([1n]);
    expect(build('shop', { ...move, at: 2, keys: [FROM] })).toEqual({ text: '?, IN (?)', values: [2n, FROM] });
  });

  it('joins parts', () => {
    expect(built('sqlite', join([at, constant('x'), from], ' + '))).toEqual({ text: '? + x + ?', values: [7n, FROM] });
  });
});

describe('many calls as parameters of PostgreSQL', () => {
  interface Call {
    readonly key: Buffer;
    readonly user: Buffer | null;
    readonly at: number;
    readonly dirty: boolean;
  }
  const input = postgresqlInput<Call>({
    storage_key: fixedBytes(2, ({ key }) => key),
    user_key: bytes(({ user }) => user),
    at: integer((call) => call.at),
    dirty: flag(({ dirty }) => dirty),
  });
  const build = compile(sql`WITH ${input}`, databaseOf('postgresql', 'web'));
  const call: Call = { key: Buffer.from('k1'), user: Buffer.from('ann'), at: 5, dirty: true };

  it('are bytes end to end and one array of numbers, column after column', () => {
    const { values } = build('shop', [call, { key: Buffer.from('k2'), user: null, at: 6, dirty: false }]);
    const starts = [1, 4];
    const lengths = [3, -1];
    expect(values).toEqual([
      Buffer.from('k1k2'),
      Buffer.from('ann'),
      `{${[...starts, ...lengths, 5, 6, 1, 0].join(',')}}`,
      2,
    ]);
  });

  it('are one text for any number of them', () => {
    expect(build('shop', [call]).text).toBe(build('shop', [call, call]).text);
  });

  it.each([
    ['bytes of another width', { key: Buffer.from('k') }],
    ['a number that is not whole', { at: 1.5 }],
    ['a number past 2^53', { at: 2 ** 53 }],
  ])('refuse %s, which would move what lies behind it or become another', (_what, change) => {
    expect(() => build('shop', [{ ...call, ...change }])).toThrow(
      expect.objectContaining({ kind: 'rejected', reason: 'value-refused' }),
    );
  });
});
