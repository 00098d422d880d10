import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { brokenLinks, missingPaths } from '../../../tools/check-docs.ts';
import { docExamples } from '../../../tools/doc-examples.ts';
import { checkedTypeScript, headingAnchors, readLinks } from '../../../tools/markdown.ts';

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

describe('examples', () => {
  test('keep the lines they have in the page, with what the page takes for granted', () => {
    const text = [
      '<!-- given',
      'declare const a: number;',
      '-->',
      '',
      '```ts',
      'a + 1;',
      '```',
      '```ts no-check',
      '!!',
      '```',
      '```ts',
      'b;',
      '```',
    ];
    const [first, second, ...rest] = checkedTypeScript(text.join('\n'));
    expect(rest).toEqual([]);
    expect(first?.split('\n').slice(0, 7)).toEqual(['', 'declare const a: number;', '', '', '', 'a + 1;', '']);
    expect(second).not.toContain('declare');
    expect(second?.split('\n')[11]).toBe('b;');
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
