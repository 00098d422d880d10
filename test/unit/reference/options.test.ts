import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { generateKeyRing, type KeyRing } from '../../../src/index.ts';
import { resolveOptions } from '../../../src/client/options/client-options.ts';
import { memoryDurableTier, memoryPrimaryTier } from '../../../src/tiers/memory/index.ts';
import { codesOf, readTable } from '../../../tools/markdown.ts';
import { type Member, readInterface } from '../../../tools/read-interface.ts';

/** The tables of options say what the source says: every name, every default, every bound. */

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const membersOf = (file: string, name: string): Member[] => readInterface(read(`src/${file}`), name);
const prefixed = (prefix: string, members: readonly Member[]): Member[] =>
  members.map((member) => ({ ...member, name: `${prefix}.${member.name}` }));
const without = (members: readonly Member[], ...names: readonly string[]): Member[] =>
  members.filter(({ name }) => !names.includes(name));

const CLIENT = 'client/options/client-options.ts';
const CALLS = 'client/options/call-options.ts';
const REDIS = 'tiers/redis/options';
const lifetime = membersOf('client/options/lifetime-options.ts', 'Lifetime');
const sweep = membersOf('client/options/sweep-options.ts', 'SweepOptions');
const cookie = membersOf('http/options.ts', 'CookieOptions');
const tls = membersOf(`${REDIS}/tls-options.ts`, 'RedisTlsOptions');
const cluster = membersOf(`${REDIS}/cluster-options.ts`, 'ClusterOptions');
const sentinel = membersOf(`${REDIS}/sentinel-options.ts`, 'SentinelOptions');
const access = membersOf(`${REDIS}/redis-options.ts`, 'RedisAccessOptions');

/** Each table, and the options that the source has for it. An object of options has a row for itself only where the page gives it one. */
const TABLES: readonly { readonly page: string; readonly heading: string; readonly members: readonly Member[] }[] = [
  {
    page: 'docs/reference/options.md',
    heading: '`new SessionClient(options)`',
    members: [
      ...without(membersOf(CLIENT, 'SessionClientOptions'), 'lifetime', 'sweep'),
      ...prefixed('lifetime', lifetime),
      ...prefixed('sweep', sweep),
    ],
  },
  {
    page: 'docs/reference/options.md',
    heading: '`redisTier(options)`',
    members: [
      ...membersOf(`${REDIS}/redis-options.ts`, 'RedisServerOptions'),
      ...membersOf(`${REDIS}/redis-options.ts`, 'RedisClusterOptions'),
      ...access,
      ...prefixed('tls', tls),
      ...prefixed('cluster', cluster),
      ...prefixed('sentinel', sentinel),
    ],
  },
  {
    page: 'docs/reference/options.md',
    heading: '`prismaTier(prisma, options)`',
    members: membersOf('tiers/prisma/prisma-options.ts', 'PrismaTierOptions'),
  },
  {
    page: 'docs/reference/http.md',
    heading: 'Options',
    members: [...without(membersOf('http/options.ts', 'HttpSessionOptions'), 'cookie'), ...prefixed('cookie', cookie)],
  },
  {
    page: 'docs/guides/express-session.md',
    heading: 'Options',
    members: membersOf('adapters/express-session/store-options.ts', 'HoldfastStoreOptions'),
  },
  {
    page: 'docs/guides/migration.md',
    heading: 'What to write',
    members: [
      ...membersOf('http/import/import-options.ts', 'ImportRules'),
      ...membersOf('http/import/import-store.ts', 'OldSessions'),
      { name: 'store', isOptional: true, type: 'OldStore', comment: '', defaultValue: undefined },
    ],
  },
];

/** A name as a table gives it: `load(sid)` is `load`. */
const named = (code: string): string => code.replace(/\(.*$/, '');
const plain = (text: string): string => text.replaceAll(/[`_\s\u00A0]/g, '');

describe.each(TABLES)('$page, "$heading"', ({ page, heading, members }) => {
  const rows = readTable(read(page), heading);

  it('has a row for each option, and for nothing else', () => {
    const names = rows.flatMap(([first = '']) => codesOf(first).map(named));
    expect(names.toSorted()).toEqual(members.map(({ name }) => name).toSorted());
  });

  it('gives each default as the source does', () => {
    const wrong = members.flatMap(({ name, defaultValue = '' }) => {
      // A default in words is worded differently in a table.
      const [value] = /^`?('[^']*'|\d[\d_]*|true|false|\{ .* \})/.exec(defaultValue) ?? [];
      const row = rows.find(([first = '']) => codesOf(first).map(named).includes(name)) ?? [];
      return value === undefined || plain(row.join('|')).includes(plain(value.replace('`', '')))
        ? []
        : [{ name, value, row }];
    });
    expect(wrong).toEqual([]);
  });
});

describe('docs/reference/options.md, "What calls take"', () => {
  const rows = readTable(read('docs/reference/options.md'), 'What calls take');
  const callOf = rows.map(([call = ''], at) =>
    call === '' ? rows.slice(0, at).findLast(([name]) => name !== '')?.[0] : call,
  );
  const documented = (call: string): string[] =>
    rows.flatMap(([, option = ''], at) => (callOf[at]?.startsWith(`\`${call}(`) ? codesOf(option) : []));

  it.each([
    ['create', 'CreateOptions', []],
    ['get', 'GetOptions', []],
    ['update', 'UpdateOptions', []],
    // "As update, and …"
    ['replace', 'ReplaceOptions', ['update']],
    ['regenerate', 'RegenerateOptions', ['update', 'userId', 'label', 'lifetime']],
    ['destroyByUser', 'DestroyByUserOptions', []],
    ['ready', 'ReadyOptions', []],
  ])('has every option of %s', (call, type, shared) => {
    const own = membersOf(CALLS, type).map(({ name }) => name);
    const wanted = own.filter((name) => !shared.includes(name));
    expect(
      documented(call)
        .filter((name) => !shared.includes(name))
        .toSorted(),
    ).toEqual(wanted.toSorted());
  });
});

describe('docs/reference/options.md', () => {
  let keys: KeyRing;
  beforeAll(async () => {
    keys = await generateKeyRing();
  });

  /** The options with one of them, whose name may have a dot. Lifetimes and what bounds them are long enough for each other. */
  const resolve = (name: string, value: unknown): unknown => {
    const [outer = '', inner] = name.split('.');
    const basis = { keys, primary: memoryPrimaryTier(), durable: memoryDurableTier() };
    const long = name === 'lifetime.idle' ? { absolute: '366d' } : {};
    return resolveOptions({ ...basis, [outer]: inner === undefined ? value : { ...long, [inner]: value } } as never);
  };

  const UNITS: Readonly<Record<string, number>> = {
    ms: 1,
    s: 1_000,
    min: 60_000,
    h: 3_600_000,
    d: 86_400_000,
    KiB: 1_024,
    GiB: 1_024 ** 3,
  };
  const numberOf = (text: string): number => {
    const [, digits = '', unit] = /^([\d\s\u00A0]+?)\s*([a-zA-Z]+)?$/.exec(text) ?? [];
    return Number(digits.replaceAll(/[\s\u00A0]/g, '')) * (unit === undefined ? 1 : (UNITS[unit] ?? Number.NaN));
  };

  const bounded = readTable(read('docs/reference/options.md'), '`new SessionClient(options)`').flatMap(
    ([first = '', , , range = '']) => {
      const [name = ''] = codesOf(first);
      const [, min = '', max = ''] =
        /^(\d[\d \u00A0]*(?: ?\w+)?|`[^`]+`) – (\d[\d \u00A0]*(?: ?\w+)?)/.exec(range) ?? [];
      return max === '' || range.includes('letters') ? [] : [{ name, min, max }];
    },
  );

  it('gives bounds for what has bounds', () => {
    expect(bounded.map(({ name }) => name).toSorted()).toEqual(
      [
        'durableOutageReads',
        'durableTimeout',
        'lifetime.absolute',
        'lifetime.idle',
        'maxLifetime',
        'maxPayload',
        'memo',
        'primaryTimeout',
        'revalidateAfter',
        'sweep.every',
        'sweep.revokedRetention',
        'touchInterval',
        'updateTimeout',
      ].toSorted(),
    );
  });

  it.each(bounded)('bounds $name as the source does: $min to $max', ({ name, min, max }) => {
    const given = (value: number): unknown => resolve(name, name === 'memo' ? { bytes: value } : value);
    expect(() => given(numberOf(max))).not.toThrow();
    expect(() => given(numberOf(max) + 1)).toThrow(name);
    if (min.startsWith('`')) return;
    expect(() => given(numberOf(min))).not.toThrow();
    expect(() => given(numberOf(min) - 1)).toThrow(name);
  });
});
