/**
 * The rules that `check-words.ts` holds: how a doc comment opens, and words that comments, messages, test names and pages do
 * without.
 */

/** The first words of a doc comment beside third-person verbs, numbers, code and proper names. */
export const FIRST_WORDS: readonly string[] = 'The A An Every Each All Both No True False Null Undefined Empty'.split(
  ' ',
);

/** Words that end in s and are neither a verb nor a noun, or a verb that is retired. */
export const FIRST_WORDS_FALSE: readonly string[] =
  'Always As Besides Harmless His Is Its Less Perhaps Sometimes This Thus Tells Towards Unless Us Was Yes'.split(' ');

export const PROPER_NAMES: readonly string[] =
  'Express Fastify Hono Koa Lua Next Node Prisma Redis Unicode Valkey'.split(' ');

/** The words that have to be read twice, and what to write instead. */
export const RETIRED: ReadonlyArray<{
  readonly pattern: RegExp;
  readonly instead: string;
  /** True if names in the code do without it, too. */
  readonly inNames?: boolean;
}> = [
  {
    pattern: /\b(?:tells?|told|telling)\b/gi,
    instead: 'notify, publish, report, record, return or distinguish',
    inNames: true,
  },
  { pattern: /\bwhoever\b/gi, instead: 'the caller, the client, the node …' },
  {
    pattern: /\b(?:as|by|for|from|of|on|than|to|unless|with) who\b|(?<=^\/\*\*\s)who\b|(?<=[.;:]\s)who\b(?![^.]*\?)/gi,
    instead: 'the caller, the client, the node …',
  },
  { pattern: /\bpatience\b/gi, instead: 'timeout', inNames: true },
  { pattern: /\bhear(?:s|d|ing)?\b/gi, instead: 'receive or read', inNames: true },
  { pattern: /\bwonder(?:s|ed|ing)?\b/gi, instead: 're-check or hedge', inNames: true },
  { pattern: /\b(?:stands?|stood|standing) still\b/gi, instead: 'blocked' },
  { pattern: /\b(?:moves?|moved|moving) in\b(?! (?:a|one|the)\b)/gi, instead: 'import' },
  { pattern: /\bjudg(?:e[ds]?|ing)\b/gi, instead: 'classify, decide or trust', inNames: true },
];
