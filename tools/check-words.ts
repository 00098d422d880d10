import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codeOnly, lineAt, readSegments } from './source-text.ts';
import { walk } from './walk.ts';
import { FIRST_WORDS, FIRST_WORDS_FALSE, PROPER_NAMES, RETIRED } from './words.ts';

const CHECKED = /^(?:src|tools|bench|test|examples)\/.*\.tsx?$|\.md$/;
/** The word lists, and the samples in their test. */
const EXEMPT = ['tools/words.ts', 'test/unit/tools/check-words.test.ts'];

/** Returns one line for each word that breaks the rules of `tools/words.ts` in a file, as `path:line: the rule`. */
export function findWords(path: string, text: string): string[] {
  if (path.endsWith('.md')) return retiredWords(path, text, withoutFences(text), 0);
  const inText = readSegments(text).flatMap(({ kind, start, end }) => {
    const inside = text.slice(start, end);
    const first = kind === 'comment' ? firstWord(inside) : undefined;
    const headless = first !== undefined && !opensWell(first) && !path.startsWith('test/');
    return [
      ...(headless
        ? [`${path}:${lineAt(text, start)}: "${first}" opens a doc comment; begin with a third-person verb, The or A`]
        : []),
      ...retiredWords(path, text, inside, start),
    ];
  });
  return [...inText, ...retiredNames(path, text)];
}

function retiredWords(path: string, text: string, inside: string, start: number): string[] {
  return RETIRED.flatMap(({ pattern, instead }) =>
    [...inside.matchAll(pattern)].map(
      (match) => `${path}:${lineAt(text, start + match.index)}: "${match[0]}": write ${instead}`,
    ),
  );
}

/** Finds retired words that are part of a name, such as `lastTold`. */
function retiredNames(path: string, text: string): string[] {
  const lines = codeOnly(text)
    .replaceAll(/(?<=[a-z\d])(?=[A-Z])/g, ' ')
    .split('\n');
  return RETIRED.filter(({ inNames }) => inNames).flatMap(({ pattern, instead }) =>
    lines.flatMap((line, index) =>
      [...line.matchAll(pattern)].map((match) => `${path}:${index + 1}: a name with "${match[0]}": write ${instead}`),
    ),
  );
}

/** Returns the first word of a doc comment; undefined for other comments, and for those that hold only tags. */
function firstWord(comment: string): string | undefined {
  if (!comment.startsWith('/**')) return undefined;
  return comment.match(/^\/\*\*[\s*]*(?:@internal[\s*]*)?(?!@|\/)(\S+)/)?.[1];
}

/** Returns true for a verb, an article, a number, code in backticks and a proper name. */
function opensWell(first: string): boolean {
  const word = first.replace(/[.,:;]+$/, '');
  if (FIRST_WORDS_FALSE.includes(word)) return false;
  if (FIRST_WORDS.includes(word) || PROPER_NAMES.includes(word.replace(/'s$/, ''))) return true;
  return /^[A-Z][a-z-]+s$/.test(word) || /^[\d`-]/.test(word) || /^[A-Za-z]\w*[A-Z\d]/.test(word);
}

/** Returns the page with its code blanked; lengths and line breaks stay. */
function withoutFences(text: string): string {
  return text.replaceAll(/^(\s*)(`{3,})[^\n]*\n[\s\S]*?\n\s*\2|`[^`\n]*`/gm, (code) => code.replaceAll(/[^\n]/g, ' '));
}

function isIn(path: string, places: readonly string[]): boolean {
  return places.some((place) => path === place || path.startsWith(`${place}/`));
}

/** `npm run words -- src/tiers README.md` checks these places only. */
if (import.meta.main) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const places = process.argv.slice(2).map((place) => place.replace(/\/$/, ''));
  const paths = walk(root)
    .map((file) => relative(root, file).replaceAll('\\', '/'))
    .filter((path) => CHECKED.test(path) && !EXEMPT.includes(path) && (places.length === 0 || isIn(path, places)));
  const found = paths.flatMap((path) => findWords(path, readFileSync(join(root, path), 'utf8')));
  for (const line of found) console.error(line);
  console.log(`${paths.length} files, ${found.length} words to mend`);
  process.exitCode = found.length > 0 ? 1 : 0;
}
