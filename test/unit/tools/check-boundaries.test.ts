import { describe, expect, test } from 'vitest';
import { boundaries } from '../../../tools/boundaries.ts';
import { entryPointsOf, findViolations, strayExamples } from '../../../tools/check-boundaries.ts';
import { codeOnly, readImports } from '../../../tools/source-text.ts';

const inspect = (files: Record<string, string>, entryPoints: string[] = []): string[] =>
  findViolations({ files: new Map(Object.entries(files)), table: boundaries, entryPoints });

const inspectOne = (path: string, text: string): string[] => inspect({ [path]: text });

describe('what the table allows', () => {
  test.each([
    ['tiers/redis/redis-tier.ts', "import type { Tier } from '../durable.ts';"],
    ['tiers/redis/connect.ts', "import { Redis } from 'ioredis';"],
    ['keys/ring.ts', "import { importJWK } from 'jose/key/import';"],
    ['codec/codec.ts', "import { createHash } from 'node:crypto';\nimport { x } from '../keys/ring.ts';"],
    ['client/client.ts', "export { a } from '../tiering/store.ts';"],
  ])('%s: %s', (path, text) => {
    expect(inspectOne(path, text)).toEqual([]);
  });
});

describe('what it forbids', () => {
  test.each([
    ['a tier that reaches for the codec', 'tiers/redis/a.ts', "import { seal } from '../../codec/codec.ts';"],
    ['the same, as types only', 'tiers/redis/a.ts', "import type { Codec } from '../../codec/codec.ts';"],
    ['the same, over several lines', 'tiers/redis/a.ts', "import {\n  seal,\n  open,\n} from '../../codec/codec.ts';"],
    ['the same, when it runs', 'tiers/redis/a.ts', "const codec = await import('../../codec/codec.ts');"],
    ['the same, re-exported', 'tiers/redis/a.ts', "export * from '../../codec/codec.ts';"],
    ['the same, for its effects', 'tiers/redis/a.ts', "import '../../codec/codec.ts';"],
    ['one tier that imports another', 'tiers/redis/a.ts', "import { x } from '../memory/memory-tier.ts';"],
    ['coordination that knows a concrete tier', 'tiering/a.ts', "import { x } from '../tiers/redis/redis-tier.ts';"],
    ['an error class with a dependency', 'errors.ts', "import { x } from './limits/process.ts';"],
    ['jose outside keys', 'codec/a.ts', "import { SignJWT } from 'jose';"],
    ['ioredis outside its tier', 'client/a.ts', "import type { Redis } from 'ioredis';"],
    ['Prisma anywhere', 'tiers/prisma/a.ts', "import type { PrismaClient } from '@prisma/client';"],
    ['a file outside src', 'client/a.ts', "import { x } from '../../test/support/x.ts';"],
    ['a folder without a row', 'utils/a.ts', ''],
    ['an index.ts that is no entry point', 'codec/index.ts', ''],
  ])('%s', (_, path, text) => {
    expect(inspectOne(path, text)).toHaveLength(1);
  });

  test('names the place and the rule', () => {
    expect(inspectOne('tiers/redis/a.ts', "\nimport { seal } from '../../codec/codec.ts';")).toEqual([
      'src/tiers/redis/a.ts:2: tiers/redis may not import codec',
    ]);
  });

  test('files that import one another, also by types alone', () => {
    const found = inspect({
      'client/a.ts': "import type { B } from './b.ts';",
      'client/b.ts': "import type { C } from './c.ts';",
      'client/c.ts': "import { a } from './a.ts';",
    });
    expect(found).toEqual(['src: files import one another: client/a.ts → client/b.ts → client/c.ts → client/a.ts']);
  });

  test('a circle in the table itself', () => {
    const table = { codec: { modules: ['keys'] }, keys: { modules: ['codec'] } };
    expect(findViolations({ files: new Map(), table, entryPoints: [] })).toHaveLength(1);
  });

  test('an exported entry point without a source', () => {
    expect(inspect({}, ['index.ts'])).toEqual(['package.json: exports src/index.ts, which is not there']);
  });
});

describe('examples', () => {
  const strays = (path: string, text: string): string[] => strayExamples(new Map([[path, text]]));

  test('import packages and their own folder', () => {
    const text = "import { a } from 'holdfast';\nimport { b } from './b.ts';\nimport { c } from '../sessions.ts';";
    expect(strays('next/app/page.tsx', text)).toEqual([]);
    expect(strays('shop/server.ts', "import type { Page } from './pages/page.ts';")).toEqual([]);
  });

  test.each(['../../test/support/until.ts', '../../src/index.ts', '../express/server.ts', '../shop-tools/a.ts'])(
    'do not import %s',
    (specifier) => {
      expect(strays('shop/server.ts', `\nimport { a } from '${specifier}';`)).toEqual([
        `examples/shop/server.ts:2: ${specifier} leaves the example's folder`,
      ]);
    },
  );
});

describe('time and chance', () => {
  test.each([
    'const now = Date.now();',
    'const now = new Date();',
    'const text = Date();',
    'const text = `${Date.now()}`;',
    'const n = Math.random();',
    'const t = performance.now();',
    'const t = process.hrtime.bigint();',
    'setTimeout(f, 1);',
    'globalThis.setTimeout(f, 1);',
    'const signal = AbortSignal.timeout(5);',
    'const id = crypto.randomUUID();',
    "import { randomBytes } from 'node:crypto';",
    "import { createHash, randomFillSync as fill } from 'node:crypto';",
    "import { setTimeout as sleep } from 'node:timers/promises';",
  ])('belong behind the platform: %s', (text) => {
    expect(inspectOne('tiering/a.ts', text).length).toBeGreaterThan(0);
    expect(inspectOne('platform/a.ts', text)).toEqual([]);
  });

  test.each([
    '// Date.now() would be wrong here',
    '/** Not Math.random(). */',
    "const advice = 'never call setTimeout()';",
    'const advice = `never call setTimeout()`;',
    'const day = new Date(platform.now());',
    'platform.setTimeout(f, 1);',
    "import { randomBytes } from '../platform/platform.ts';",
  ])('may be spoken of, and had from the platform: %s', (text) => {
    expect(inspectOne('tiering/a.ts', text)).toEqual([]);
  });
});

test('an entry point of the package is traced back to its source', () => {
  const exports = {
    '.': { types: './dist/index.d.ts', default: './dist/index.js' },
    './redis': { types: './dist/tiers/redis/index.d.ts', default: './dist/tiers/redis/index.js' },
    './package.json': './package.json',
  };
  expect(entryPointsOf({ exports })).toEqual(['index.ts', 'tiers/redis/index.ts']);
});

describe('reading source text', () => {
  test('quotes, slashes and braces inside others do not confuse it', () => {
    const source = [
      "const pattern = /['\"/`]/; // it's a trap",
      "const url = 'rediss://host'; const half = a / b / c;",
      'const text = `a ${ { b: `c ${d} }` }.b } // not a comment`;',
      "import { last } from './last.ts';",
    ].join('\n');
    expect(codeOnly(source)).toHaveLength(source.length);
    expect(readImports(source)).toEqual([{ specifier: './last.ts', names: ['last'], line: 4 }]);
  });

  test('an import in a comment or a string is none', () => {
    expect(readImports("// import { a } from './a.ts';\nconst s = \"import './b.ts'\";")).toEqual([]);
  });
});
