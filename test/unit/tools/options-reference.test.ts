import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resolveReadyOptions } from '../../../src/client/options/call-options.ts';
import { resolveOptions, type SessionClientOptions } from '../../../src/client/options/client-options.ts';
import { ConfigurationError } from '../../../src/errors.ts';
import { generateKeyRing } from '../../../src/index.ts';
import { READY_TIMEOUT_MS_DEFAULT, READY_TIMEOUT_MS_MAX } from '../../../src/limits/client.ts';
import { MEMO_BYTES_DEFAULT } from '../../../src/limits/codec.ts';
import { PAYLOAD_BYTES_DEFAULT } from '../../../src/limits/session.ts';
import { memoryDurableTier, memoryPrimaryTier } from '../../../src/tiers/memory/index.ts';
import { parseDuration, spell } from '../../../src/platform/duration.ts';
import { walk } from '../../../tools/walk.ts';

const keys = await generateKeyRing();
const root = fileURLToPath(new URL('../../../', import.meta.url));
const page = (path: string): string => readFileSync(`${root}docs/${path}`, 'utf8');
const sources = walk(`${root}src`).map((file) => readFileSync(file, 'utf8'));

interface Option {
  readonly name: string;
  /** What `@defaultValue` or the page says; empty for none. */
  readonly defaultValue: string;
  readonly range: string;
}

/** Returns the members of an interface, wherever it is declared, with what their comments say. */
function declared(name: string, prefix = ''): Option[] {
  const declaration = new RegExp(`interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)\\n\\}`);
  const body = sources.map((source) => declaration.exec(source)?.[1]).find((found) => found !== undefined) ?? '';
  const members = body.matchAll(
    /(?:^ {2}\/\*\*(?<comment>(?:(?!\*\/)[\s\S])*)\*\/\n)?^ {2}(?:readonly )?(?<key>\w+)[?(:]/gm,
  );
  return [...members].flatMap(({ groups: { comment = '', key = '' } = {} }) => {
    if (comment.includes('@internal')) return [];
    const text = comment.replaceAll(/\n\s*\*/g, ' ').replaceAll(/\s+/g, ' ');
    const [, from, to] = /\bFrom (\S+(?: (?:ms|s|min|h|d|days))?) to (\d+ \w+)/.exec(text) ?? [];
    return {
      name: prefix + key,
      defaultValue: /@defaultValue (.*)$/.exec(text)?.[1]?.trim() ?? '',
      range: from === undefined ? '' : `${from} – ${to}`,
    };
  });
}

/** Returns the rows of the first table below a heading. A row may name two options. */
function documented(text: string, heading: string): Option[] {
  const section = text.slice(text.indexOf(`\n${heading}\n`)).split(/^#{1,3} /m)[1] ?? '';
  const [head = '', ...rows] = section.split('\n').filter((line) => line.startsWith('| '));
  const titles = head.split(' | ').map((title) => title.replaceAll(/[| ]/g, ''));
  const at = (cells: readonly string[], title: string): string => cells[titles.indexOf(title)]?.trim() ?? '';
  return rows.flatMap((row) => {
    const cells = row.replace(/^\| /, '').split(' | ');
    return [...(cells[0] ?? '').matchAll(/`(\w[\w.]*)[`(]/g)].map(([, name = '']) => ({
      name,
      defaultValue: at(cells, 'default'),
      range: at(cells, 'range'),
    }));
  });
}

/** Returns the values that a text about a default names: quoted texts, numbers and booleans. */
const literals = (text: string): string[] =>
  [...text.replaceAll(/(?<=\d)[ _](?=\d{3})/g, '').matchAll(/'[^']+'|\b\d+\b|\btrue\b|\bfalse\b/g)].map(
    ([found]) => found,
  );

const BYTES = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as Readonly<Record<string, number>>;
/** Returns the bounds of a range of bytes or another whole number, as they are. */
const integers = (range: string): number[] =>
  [...range.replaceAll(/(?<=\d) (?=\d{3})/g, '').matchAll(/(\d+)(?: ([KMG]iB))?/g)].map(
    ([, amount = '', unit = '']) => Number(amount) * (BYTES[unit] ?? 1),
  );

const UNITS = { min: 'm', days: 'd' } as Readonly<Record<string, string>>;
/** Returns the bounds of a range as `spell` writes them; a bound that is another option is left out. */
const bounds = (range: string): string[] =>
  [...range.matchAll(/(\d+) ?(ms|s|min|h|days|d)?\b(?= –|$|,| – )/g)].map(([, amount = '', unit = 's']) =>
    spell(parseDuration('bound', `${amount}${UNITS[unit] ?? unit}`, 0, Number.MAX_SAFE_INTEGER)),
  );

const options = page('reference/options.md');
const client = '## `new SessionClient(options)`';
const tables = [
  {
    table: 'the client',
    rows: documented(options, client),
    members: [
      ...declared('SessionClientOptions').filter(({ name }) => name !== 'lifetime' && name !== 'sweep'),
      ...declared('Lifetime', 'lifetime.'),
      ...declared('SweepOptions', 'sweep.'),
    ],
  },
  {
    table: 'redisTier',
    rows: documented(options, '## `redisTier(options)`'),
    members: [
      ...declared('RedisServerOptions').filter(({ name }) => name === 'url'),
      { name: 'cluster', defaultValue: '', range: '' },
      ...declared('ClusterOptions', 'cluster.'),
      ...declared('RedisAccessOptions'),
      ...declared('RedisTlsOptions', 'tls.'),
      ...declared('SentinelOptions', 'sentinel.'),
    ],
  },
  {
    table: 'prismaTier',
    rows: documented(options, '## `prismaTier(prisma, options)`'),
    members: declared('PrismaTierOptions'),
  },
  {
    table: 'HTTP sessions',
    rows: documented(page('reference/http.md'), '## Options'),
    members: [
      ...declared('HttpSessionOptions').filter(({ name }) => name !== 'cookie'),
      ...declared('CookieOptions', 'cookie.'),
    ],
  },
  {
    table: 'HoldfastStore',
    rows: documented(page('guides/express-session.md'), '## Options'),
    members: declared('HoldfastStoreOptions'),
  },
  {
    table: 'importFrom',
    rows: documented(page('guides/migration.md'), '## What to write'),
    members: [
      ...declared('ImportRules'),
      ...['store', 'load', 'destroy'].map((name) => ({ name, defaultValue: '', range: '' })),
    ],
  },
] as const;

/** The options of each call on the page; a row without a call continues the one before. */
const calls = new Map<string, string[]>();
const callRows = (options.split('## What calls take')[1] ?? '').split(/^## /m)[0] ?? '';
for (const [, callCell = '', optionCell = ''] of callRows.matchAll(/^\| (.*?)\| (.*?) \|/gm)) {
  const call = /`(\w+)/.exec(callCell)?.[1] ?? [...calls.keys()].at(-1) ?? '';
  const names = [...optionCell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
  calls.set(call, [...(calls.get(call) ?? []), ...names]);
}

const named = (rows: readonly Option[]): string[] => rows.map(({ name }) => name).toSorted();

describe.each(tables)('the reference of the options of $table', ({ rows, members }) => {
  it('has a row for each option, and for nothing else', () => {
    expect(members.length).toBeGreaterThan(1);
    expect(named(rows)).toEqual(named(members));
  });

  it.each(members.filter(({ defaultValue }) => literals(defaultValue).length > 0))(
    'has the default of $name that the source declares',
    ({ name, defaultValue }) => {
      const cell = rows.find((row) => row.name === name)?.defaultValue ?? '';
      expect(literals(cell)).toEqual(literals(defaultValue));
    },
  );

  it.each(members.filter(({ range }) => range !== ''))(
    'has the range of $name that the source declares',
    ({ name, range }) => {
      expect(bounds(rows.find((row) => row.name === name)?.range ?? '').slice(0, 2)).toEqual(bounds(range));
    },
  );
});

describe('the reference of what calls take', () => {
  it.each([
    ['create', 'CreateOptions'],
    ['get', 'GetOptions'],
    ['update', 'UpdateOptions'],
    ['replace', 'ReplaceOptions'],
    ['regenerate', 'RegenerateOptions'],
    ['destroyByUser', 'DestroyByUserOptions'],
    ['ready', 'ReadyOptions'],
  ])('has the options of %s', (call, type) => {
    const members = named(declared(type));
    expect(members.length).toBeGreaterThan(0);
    expect([...(calls.get('update') ?? []), ...(calls.get(call) ?? [])]).toEqual(expect.arrayContaining(members));
  });
});

describe('what the client enforces', () => {
  const durations = documented(options, client).filter(
    ({ range }) => bounds(range).length === 2 && !/[BK]/.test(range),
  );
  const base: SessionClientOptions<unknown> = { keys, primary: memoryPrimaryTier(), durable: memoryDurableTier() };
  const given = (name: string, value: number | string): object => {
    const [outer = '', inner] = name.split('.');
    return { [outer]: inner === undefined ? value : { [inner]: value } };
  };

  it.each(durations.filter(({ range }) => !range.startsWith('1 – ')))(
    'is the range of $name on the page',
    ({ name, range }) => {
      const wrong = { ...base, ...given(name, -1) };
      const [from, to] = bounds(range);
      expect(() => resolveOptions(wrong)).toThrow(ConfigurationError);
      expect(() => resolveOptions(wrong)).toThrow(`${name}: expected a duration from ${from} to ${to}:`);
    },
  );

  it.each(durations.filter(({ defaultValue }) => defaultValue.startsWith("`'")))(
    'is the default of $name on the page',
    ({ name, defaultValue }) => {
      const [value = ''] = literals(defaultValue);
      const spelled = { ...base, ...given(name, value.slice(1, -1)) };
      expect(resolveOptions(spelled)).toEqual(resolveOptions(base));
    },
  );

  it.each([
    ['maxPayload', 'maxPayload'],
    ['memo', 'memo.bytes'],
  ])('is the range of %s on the page, in bytes', (name, option) => {
    const { range = '' } = documented(options, client).find((row) => row.name === name) ?? {};
    const [from, to] = integers(range);
    expect(from).toBeLessThan(to ?? 0);
    const wrong = { ...base, ...given(option, -1) };
    expect(() => resolveOptions(wrong)).toThrow(`${option}: expected a whole number from ${from} to ${to}, `);
  });

  it('has the defaults of maxPayload and memo on the page', () => {
    const defaultOf = (name: string): number =>
      Number(literals(documented(options, client).find((row) => row.name === name)?.defaultValue ?? '')[0]);
    expect(defaultOf('maxPayload')).toBe(PAYLOAD_BYTES_DEFAULT);
    expect(defaultOf('memo')).toBe(MEMO_BYTES_DEFAULT);
  });

  it('is what the page says of ready()', () => {
    const words = /\| 0 to (\d+) min, default (\d+) s/.exec(options) ?? [];
    expect(words.slice(1).map(Number)).toEqual([READY_TIMEOUT_MS_MAX / 60_000, READY_TIMEOUT_MS_DEFAULT / 1_000]);
    expect(resolveReadyOptions({})).toBe(READY_TIMEOUT_MS_DEFAULT);
    expect(() => resolveReadyOptions({ timeout: -1 })).toThrow(`from 0s to ${spell(READY_TIMEOUT_MS_MAX)}`);
  });
});
