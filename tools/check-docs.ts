import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Block, readBlocks, unheldBlocks } from './doc-blocks.ts';
import { brokenExamples } from './doc-compile.ts';
import { brokenShell } from './doc-shell.ts';
import { LIMITS_PAGE, limitsPage } from './limits.ts';
import { countWords, headingAnchors, readCode, readLinks } from './markdown.ts';
import { walk } from './walk.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest: {
  readonly scripts: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly repository: { readonly url: string };
} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** The pages of the repository on the web. */
export const REPOSITORY: string = manifest.repository.url.replace(/^git\+(.*)\.git$/, '$1/blob/main/');

/** Returns the links that lead nowhere: to a missing file, or to a heading that its page does not have. */
export function brokenLinks(page: string, text: string): string[] {
  return readLinks(text).flatMap(({ target, line }) => {
    const isOurs = target.startsWith(REPOSITORY);
    if (!isOurs && /^[a-z][a-z+.-]*:/i.test(target)) return [];
    const [path = '', anchor] = target.replace(REPOSITORY, '').split('#');
    const file = path === '' ? page : join(isOurs ? root : dirname(page), decodeURIComponent(path));
    const complaint = complain(file, anchor, text, page);
    return complaint ? [`${relative(root, page)}:${line}: ${target} ${complaint}`] : [];
  });
}

/** The words that a person reads before deciding whether to go on: two minutes. */
const README_WORDS_MAX = 500;

/** Returns a complaint if the README has become longer than a first look takes. */
export function tooLong(page: string, text: string): string[] {
  const words = page === 'README.md' ? countWords(text) : 0;
  return words <= README_WORDS_MAX ? [] : [`${page}: has ${words} words, and may have ${README_WORDS_MAX}`];
}

/**
 * Returns one complaint for each link of a packed page to a page that is not packed: it would lead nowhere in `node_modules`, so it has to lead
 * to the repository. The README's links are resolved against the repository by those who show it.
 */
export function strayLinks(page: string, text: string, packed: readonly string[]): string[] {
  if (!page.startsWith('docs/') || !packed.includes(page)) return [];
  return readLinks(text).flatMap(({ target, line }) => {
    const [path = ''] = target.split('#');
    if (path === '' || /^[a-z][a-z+.-]*:/i.test(target)) return [];
    const file = join(dirname(page), path).replaceAll('\\', '/').replace(/\/$/, '');
    const isPacked = packed.some((each) => each === file || file.startsWith(`${each}/`));
    return isPacked ? [] : [`${page}:${line}: ${target} is not in the package; write ${REPOSITORY}${file}`];
  });
}

const SOURCE_PATH = /^(?:(?:src|test|tools|bench|examples|prisma|docs)\/[\w./*-]*|(?:[\w.*-]+\/)*[\w.*-]+\.ts)$/;
/** The pages that name files of the project without their folders. */
const ABOUT_THE_SOURCES = /^(?:ARCHITECTURE|CONTRIBUTING)\.md$|^docs\/internals\//;

/**
 * Returns one complaint for each file or folder that a page names in backticks and that does not exist. A path counts from the
 * root, or from anywhere if it is the end of the path of a file; `*` stands for any name. Guides name files that their reader makes.
 */
export function missingPaths(page: string, text: string, files: readonly string[]): string[] {
  if (/^docs\/(?:guides\/|start\.md$)/.test(page)) return [];
  const about = ABOUT_THE_SOURCES.test(page);
  const folders = new Set(files.flatMap((file) => file.split('/').map((_, at, parts) => parts.slice(0, at).join('/'))));
  const paths = [...files, ...folders];
  return readCode(text).flatMap(({ code, line }) => {
    const path = code.replace(/^(?:\.\.\/)+/, '');
    const isPath = SOURCE_PATH.test(path) && (about || path.includes('/'));
    if (!isPath) return [];
    const wanted = path.replace(/\/$/, '').replaceAll('.', '\\.').replaceAll('*', '[^/]*');
    const pattern = new RegExp(`(?:^|/)${wanted}$`);
    return paths.some((known) => pattern.test(known)) ? [] : [`${page}:${line}: ${code} does not exist`];
  });
}

function complain(file: string, anchor: string | undefined, text: string, page: string): string | undefined {
  if (file !== page && !existsSync(file)) return 'does not exist';
  if (!anchor || !file.endsWith('.md')) return undefined;
  const anchors = headingAnchors(file === page ? text : readFileSync(file, 'utf8'));
  return anchors.includes(anchor) ? undefined : 'has no such heading';
}

/** Returns what is wrong with the blocks of a page that need no compiler. */
export function brokenBlocks(page: string, text: string, scripts: Readonly<Record<string, string>>): string[] {
  const blocks = readBlocks(text);
  const wrong = blocks.flatMap((block) => {
    if (block.language === 'sh') return brokenShell(page, block, scripts);
    if (block.language === 'json') return brokenJson(page, block);
    return [];
  });
  return [...unheldBlocks(page, blocks), ...wrong];
}

function brokenJson(page: string, { code, line }: Block): string[] {
  try {
    JSON.parse(code);
    return [];
  } catch (error) {
    return [`${page}:${line}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

if (import.meta.main) {
  const files = walk(root).filter((file) => file.endsWith('.md'));
  const pages = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));
  const sources = walk(join(root, 'src')).map((file): [string, string] => [file, readFileSync(file, 'utf8')]);
  const named = (page: string): string => relative(root, page).replaceAll('\\', '/');
  const paths = walk(root).map(named);
  const broken = [
    ...[...pages].flatMap(([page, text]) => brokenLinks(page, text)),
    ...[...pages].flatMap(([page, text]) => strayLinks(named(page), text, manifest.files)),
    ...[...pages].flatMap(([page, text]) => tooLong(named(page), text)),
    ...[...pages].flatMap(([page, text]) => missingPaths(named(page), text, paths)),
    ...[...pages].flatMap(([page, text]) => brokenBlocks(named(page), text, manifest.scripts)),
    ...(readFileSync(LIMITS_PAGE, 'utf8') === (await limitsPage())
      ? []
      : ['docs/reference/limits.md is not what "npm run limits" writes']),
    ...brokenExamples(new Map([...pages, ...sources])),
  ];
  for (const complaint of broken) console.error(complaint);
  console.log(`${pages.size} pages, ${broken.length} broken links, paths, blocks or examples`);
  process.exitCode = broken.length > 0 ? 1 : 0;
}
