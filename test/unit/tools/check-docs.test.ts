import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { brokenBlocks, brokenLinks, missingPaths, REPOSITORY, strayLinks, tooLong } from '../../../tools/check-docs.ts';
import { readBlocks, RUN_BY } from '../../../tools/doc-blocks.ts';
import { moduleOf } from '../../../tools/doc-compile.ts';
import { docExamples } from '../../../tools/doc-examples.ts';
import { countWords, headingAnchors, readLinks } from '../../../tools/markdown.ts';

const here = fileURLToPath(new URL('./page.md', import.meta.url));

describe('links', () => {
  test('are found inline, in images and as definitions, and not in code', () => {
    const text = ['[a](a.md) ![b](b.svg "title")', '', '[c]: c.md', '`[d](d.md)`', '```', '[e](e.md)', '```'].join(
      '\n',
    );
    expect(readLinks(text)).toEqual([
      { target: 'a.md', line: 1 },
      { target: 'b.svg', line: 1 },
      { target: 'c.md', line: 3 },
    ]);
  });

  test('to a file that exists, to the web and to a heading of the page are fine', () => {
    const text =
      '# Who wins, and why?\n[x](check-docs.test.ts) [y](https://example.org/nowhere) [z](#who-wins-and-why)';
    expect(brokenLinks(here, text)).toEqual([]);
  });

  test('that lead nowhere are named with their line', () => {
    const found = brokenLinks(here, '# Title\n\n[x](gone.md)\n[y](#gone)');
    expect(found).toEqual([
      expect.stringMatching(/page\.md:3: gone\.md does not exist$/),
      expect.stringMatching(/page\.md:4: #gone has no such heading$/),
    ]);
  });

  test('go to anchors as GitHub makes them', () => {
    expect(headingAnchors('# A `b` c\n## It’s *done*\n## Twice\n## Twice')).toEqual([
      'a-b-c',
      'its-done',
      'twice',
      'twice-1',
    ]);
  });
});

describe('links of packed pages', () => {
  const packed = ['docs/operating/redis.md', 'docs/reference/errors.md', 'prisma'];
  const stray = (text: string): string[] => strayLinks('docs/operating/redis.md', text, packed);

  test('lead to packed pages, or to the repository', () => {
    expect(
      stray(`[a](../reference/errors.md#x) [b](#here) [c](../../prisma/sqlite/) [d](${REPOSITORY}docs/start.md)`),
    ).toEqual([]);
    expect(stray('[a](cluster.md)')).toEqual([expect.stringContaining(`write ${REPOSITORY}docs/operating/cluster.md`)]);
  });

  test('to the repository lead to a file and a heading that exist', () => {
    const link = (target: string): string[] => brokenLinks(here, `[x](${REPOSITORY}${target})`);
    expect(link('docs/start.md#rotate-a-key')).toEqual([]);
    expect(link('docs/start.md#gone')).toHaveLength(1);
    expect(link('docs/gone.md')).toHaveLength(1);
  });
});

describe('paths in backticks', () => {
  const files = ['src/client/session.ts', 'src/tiers/redis/scripts/hold.ts', 'test/unit/session.test.ts'];

  test('may begin at the root or at src, be the end of a path, or name a folder', () => {
    const text = '`src/client/session.ts` `client/session.ts` `session.ts` `src/tiers/*/scripts/` `test/unit`';
    expect(missingPaths('ARCHITECTURE.md', text, files)).toEqual([]);
  });

  test('that do not exist are named with their line', () => {
    const text = 'See\n`src/client/gone.ts`, `gone.ts` and `src/gone/`.';
    expect(missingPaths('ARCHITECTURE.md', text, files)).toEqual([
      'ARCHITECTURE.md:2: src/client/gone.ts does not exist',
      'ARCHITECTURE.md:2: gone.ts does not exist',
      'ARCHITECTURE.md:2: src/gone/ does not exist',
    ]);
  });

  test('may be files that the reader makes', () => {
    expect(missingPaths('docs/start.md', '`shop.ts` `src/gone.ts`', files)).toEqual([]);
    expect(missingPaths('SECURITY.md', '`shop.ts`', files)).toEqual([]);
  });
});

const page = (...lines: string[]): string => lines.join('\n');
const fence = '```';

describe('blocks', () => {
  test('keep the lines they have in the page, with what the page takes for granted', () => {
    const text = page(
      '<!-- given',
      'declare const a: number;',
      '-->',
      '',
      `${fence}ts`,
      'a + 1;',
      fence,
      `${fence}js`,
      'b;',
      fence,
    );
    const [first, second, ...rest] = readBlocks(text);
    expect(rest).toEqual([]);
    expect(first && moduleOf(first).split('\n').slice(0, 7)).toEqual([
      '',
      'declare const a: number;',
      '',
      '',
      '',
      'a + 1;',
      '',
    ]);
    expect(second && moduleOf(second)).not.toContain('declare');
    expect(second && moduleOf(second).split('\n')[8]).toBe('b;');
  });

  test('that list signatures are compared with what they describe', () => {
    const [block] = readBlocks(
      page(`${fence}ts signatures`, 'addKey(ring: KeyRing): Promise<KeyRing>', 'ring.seal(): string', fence),
    );
    const code = block === undefined ? '' : moduleOf(block);
    expect(code).toContain('declare function addKey_page(ring: KeyRing): Promise<KeyRing>');
    expect(code).toContain('const addKey_is: typeof addKey_page = addKey;');
    expect(code).toContain('const seal_is: typeof seal_page = KeyRing.prototype.seal;');
  });

  test('of a language that nothing checks, or for the eye only and not listed, are named', () => {
    const found = brokenBlocks(
      'docs/page.md',
      page(fence, '', fence, `${fence}toml`, '', fence, `${fence}text`, '', fence),
      {},
    );
    expect(found).toEqual([
      'docs/page.md:1: nothing checks a block of language ""',
      'docs/page.md:4: nothing checks a block of language "toml"',
      'docs/page.md: has 1 blocks of language "text", and FOR_THE_EYE lists 0',
    ]);
  });

  test('of JSON and of a shell have to be well-formed', () => {
    const found = brokenBlocks('p.md', page(`${fence}json`, '{', fence, `${fence}sh`, 'if true', fence), {});
    expect(found).toEqual([
      expect.stringMatching(/^p\.md:1: .*JSON/),
      expect.stringMatching(/^p\.md:4: .*syntax error/s),
    ]);
  });

  test('name commands, options and scripts that exist', () => {
    const lines = [
      'npx holdfast keys list --json | cat',
      'npx holdfast keys lst',
      'npx holdfast keys add \\',
      '  --kek kek',
      'npm run build',
      'npm run bild',
    ];
    const found = brokenBlocks('p.md', page(`${fence}sh`, ...lines, fence), { build: 'tsc' });
    expect(found).toEqual([
      'p.md:3: there is no command "holdfast keys lst"',
      expect.stringMatching(/^p\.md:4: "holdfast keys add --kek kek": /),
      'p.md:7: package.json has no script "bild"',
    ]);
  });

  test('that a test runs name that test, and the test names its page', () => {
    for (const [path, by] of Object.entries(RUN_BY)) {
      const text = readFileSync(new URL(`../../../${by}`, import.meta.url), 'utf8');
      expect(text, by).toContain(path.replace(/\.md$/, ''));
    }
  });
});

describe('the README', () => {
  test('is counted in words that people read', () => {
    const text = page(
      '# Two words',
      `${fence}ts`,
      'not these',
      fence,
      '[linked word](a/b/c.md) <!-- nor these -->',
      '| a | table |',
      '|---|---|',
    );
    expect(countWords(text)).toBe(6);
  });

  test('may have 500 of them, other pages more', () => {
    const words = (count: number): string => 'word '.repeat(count);
    expect(tooLong('README.md', words(500))).toEqual([]);
    expect(tooLong('README.md', words(501))).toEqual(['README.md: has 501 words, and may have 500']);
    expect(tooLong('docs/README.md', words(501))).toEqual([]);
  });
});

describe('examples in doc comments', () => {
  test('are read with their lines, to the end of the comment or the next tag', () => {
    const source = [
      '/**',
      ' * Adds.',
      ' * @example',
      ' * add(1);',
      ' *   add(2);',
      ' * @see other',
      ' */',
      '/**',
      ' * @example',
      ' * less();',
      ' */',
    ].join('\n');
    const found = docExamples(source).map((code) => code.split('\n'));
    expect(found).toHaveLength(2);
    expect(found[0]?.slice(1)).toEqual(['', '', 'add(1);', '  add(2);', '', '', '', '', '', '', '}', '']);
    expect(found[1]?.[9]).toBe('less();');
  });

  test('stand at every method of SessionClient, and at every function of the entry points for tiers', () => {
    const places = [
      ['client/session-client.ts', /^ {2}(?:async )?(\w+)(?:<\w+>)?\(/],
      ['client/fleet.ts', /^export (?:async )?function (\w+)/],
      ['client/upkeep.ts', /^export (?:async )?function (\w+)/],
      ['tiers/redis/redis-tier.ts', /^export function (\w+)/],
      ['tiers/prisma/prisma-tier.ts', /^export function (\w+)/],
      ['tiers/memory/memory-primary-tier.ts', /^export function (\w+)/],
      ['tiers/memory/memory-durable-tier.ts', /^export function (\w+)/],
    ] as const;
    const bare = places.flatMap(([file, opening]) => {
      const lines = readFileSync(new URL(`../../../src/${file}`, import.meta.url), 'utf8').split('\n');
      let comment = '';
      return lines.flatMap((line) => {
        if (/^\s*\/\*\*/.test(line)) comment = '';
        comment += line;
        const name = opening.exec(line)?.[1];
        return name === undefined || name === 'constructor' || comment.includes('@example') ? [] : [`${file}: ${name}`];
      });
    });
    expect(bare).toEqual([]);
  });
});
