import { describe, expect, test } from 'vitest';
import { findWords } from '../../../tools/check-words.ts';

const findIn = (text: string, path = 'src/a.ts'): string[] => findWords(path, text);

describe('the first word of a doc comment', () => {
  test.each([
    '/** Returns the envelope of a session. */',
    '/** The longest pause. */',
    '/**\n * Retries until `deadline`.\n */',
    '/** @internal A part of the codec. */',
    '/** @defaultValue `30s` */',
    '/** 128 bits distinguish the sessions of a user. */',
    '/** `true` once the ring was loaded. */',
    "/** Redis's clock, in milliseconds. */",
    '/** PostgreSQL locks the row first. */',
    '// Of no consequence: this is no doc comment.',
    "const text = '/** Of a string. */';",
  ])('may be a verb, an article, a number, code or a name: %s', (text) => {
    expect(findIn(text)).toEqual([]);
  });

  test.each(['What', 'Whether', 'Of', 'As', 'How', 'Unless', 'This', 'Return', 'Nobody', '…'])(
    'may not be "%s"',
    (word) => {
      expect(findIn(`\n/** ${word} a caller needs. */`)).toEqual([
        `src/a.ts:2: "${word}" opens a doc comment; begin with a third-person verb, The or A`,
      ]);
    },
  );

  test('is free in tests, whose helpers are read where they are used', () => {
    expect(findIn('/** What a browser sends. */', 'test/http/browser.ts')).toEqual([]);
  });
});

describe('retired words', () => {
  test.each([
    ['a comment', '// The durable tier was told of it.', 'told'],
    ['a doc comment', '/** Waits for whoever asked. */', 'whoever'],
    ['a message', "throw new Error('The database does not tell.');", 'tell'],
    ['the text of a template', '`a ${b} tells`', 'tells'],
    ['a comment about nobody', '/** Harms nothing. For who waits, the time is up. */', 'For who'],
  ])('are found in %s', (_, text, word) => {
    expect(findIn(text)).toEqual([expect.stringContaining(`src/a.ts:1: "${word}": write `)]);
  });

  test('are found in the name of a test', () => {
    expect(findIn("test('tells the caller', () => {});", 'test/unit/a.test.ts')).toHaveLength(1);
  });

  test('are found in names of the code', () => {
    expect(findIn('const lastTold = 1;\nthis.#tell();')).toEqual([
      expect.stringContaining('src/a.ts:1: a name with "Told": write '),
      expect.stringContaining('src/a.ts:2: a name with "tell": write '),
    ]);
  });

  test('are found in the prose of a page, and not in its code', () => {
    const page = 'The node\nis told.\n\n```ts\ntell();\n```\n\n`tell` is a name.';
    expect(findIn(page, 'docs/a.md')).toEqual([expect.stringContaining('docs/a.md:2: "told"')]);
  });

  test.each([
    'const foretold = movedIn;',
    '/** The user who is signed in. */',
    '// Express moved in the right direction.',
    '// A hotel, and a foretold end.',
  ])('are not seen in %s', (text) => {
    expect(findIn(text)).toEqual([]);
  });
});
