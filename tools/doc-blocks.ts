/** A fenced block of a page. */
export interface Block {
  /** The word after the fence; empty where there is none. */
  readonly language: string;
  /** The rest of the line: `signatures`, `mysql`. */
  readonly info: string;
  /** The line of the fence, from 1. */
  readonly line: number;
  readonly code: string;
  /** The lines of the comments `<!-- given … -->` above it, as `[line, text]`: what the block takes for granted. */
  readonly given: readonly (readonly [line: number, text: string])[];
}

/**
 * Returns the blocks of a page in turn. A comment above a block declares what the block uses; readers do not see it:
 *
 *     <!-- given
 *     declare const prisma: import('holdfast/prisma').PrismaClientLike;
 *     -->
 */
export function readBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  const lines = text.split('\n');
  let given: [number, string][] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (/^\s*<!--\s*given\s*$/.test(line)) {
      for (at += 1; at < lines.length && !/^\s*-->/.test(lines[at] ?? ''); at += 1)
        given.push([at + 1, lines[at] ?? '']);
      continue;
    }
    const fence = line.match(/^(\s*)(`{3,}|~{3,})(\S*)\s*(.*)$/);
    if (!fence) continue;
    const [, indent = '', mark = '', language = '', info = ''] = fence;
    const opened = at + 1;
    const code: string[] = [];
    for (at += 1; at < lines.length && !(lines[at] ?? '').startsWith(indent + mark); at += 1) {
      code.push((lines[at] ?? '').slice(indent.length));
    }
    blocks.push({ language, info, line: opened, code: code.map((each) => `${each}\n`).join(''), given });
    given = [];
  }
  return blocks;
}

/** The check that holds the blocks of a language to the truth. A block of another language is a complaint. */
export const HELD_BY: Readonly<Record<string, string>> = {
  ts: 'compiled, strictly',
  tsx: 'compiled, strictly',
  js: 'compiled, with the types of what it calls',
  json: 'parsed',
  sh: 'parsed by bash; each `holdfast` in it by the command line itself; each `npm run` is a script',
  sql: 'run on a server by test/integration/documents.test.ts',
  conf: 'given to a server by test/integration/documents.test.ts',
  acl: 'given to a server by test/integration/documents.test.ts',
  text: 'for the eye; listed in FOR_THE_EYE with the reason',
};

/** The pages of which a test runs every command as well, line by line, as a reader would. */
export const RUN_BY: Readonly<Record<string, string>> = {
  'docs/start.md': 'test/package/start.test.ts',
  'docs/operating/key-rotation.md': 'test/integration/cli/runbook.test.ts',
  'examples/production/README.md': 'test/package/production.test.ts',
};

/** The blocks of language `text`, by page: how many there are, and why nothing can run them. */
export const FOR_THE_EYE: Readonly<Record<string, readonly [count: number, reason: string]>> = {
  'ARCHITECTURE.md': [1, 'a picture; tools/check-boundaries.ts holds the imports that it shows'],
  'docs/concepts/consistency.md': [1, 'a picture'],
  'docs/internals/decisions/0068-a-call-waits-twice.md': [1, 'a picture'],
  'docs/reference/envelope-v1.md': [3, 'formulas of a format; test/vectors/envelope-v1.ts holds its bytes'],
  'docs/reference/key-ring.md': [1, 'the outline of a sealed ring; its texts are left out'],
  'docs/reference/http.md': [2, 'a header and a value; test/unit/http/cookie/session-cookie.test.ts holds both'],
  'docs/guides/csrf-and-cookies.md': [1, 'a header; test/unit/http/cookie/session-cookie.test.ts holds its attributes'],
};

/** Returns one complaint for each block of a page that nothing holds, and for each entry of the lists that is out of date. */
export function unheldBlocks(page: string, blocks: readonly Block[]): string[] {
  const unknown = blocks
    .filter(({ language }) => HELD_BY[language] === undefined)
    .map(({ language, line }) => `${page}:${line}: nothing checks a block of language "${language}"`);
  const forTheEye = blocks.filter(({ language }) => language === 'text').length;
  const listed = FOR_THE_EYE[page]?.[0] ?? 0;
  return forTheEye === listed
    ? unknown
    : [...unknown, `${page}: has ${forTheEye} blocks of language "text", and FOR_THE_EYE lists ${listed}`];
}
