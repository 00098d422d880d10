import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Block, readBlocks, RUN_BY } from './doc-blocks.ts';
import { docExamples } from './doc-examples.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = join(root, '.cache', 'docs');

/** The compilers' settings, by the folder of the scratch directory that holds the examples. */
const PROGRAMS: Readonly<Record<string, object>> = {
  // NestJS has decorators of parameters, which are older than the standard's.
  strict: { experimentalDecorators: true },
  // What a reader writes without types: names and arguments are checked, missing types are not.
  javascript: { noImplicitAny: false, noImplicitReturns: false },
  next: {
    module: 'ESNext',
    moduleResolution: 'bundler',
    lib: ['ES2023', 'ESNext.Disposable', 'DOM'],
    jsx: 'react-jsx',
  },
};

/** Packages that examples import and that are not installed here: their own types go unchecked. */
const NOT_INSTALLED = ['h3', 'react-router'];

/** The messages of a channel, as JavaScript sees them: objects. */
const UNTYPED = `declare module 'node:diagnostics_channel' {
  export function subscribe(name: string, onMessage: (message: any) => void): void;
}
`;

/** The module that `prisma generate` makes in a reader's folder. */
const GENERATED = `import type { PrismaClientLike } from 'holdfast/prisma';
export declare const PrismaClient: new (options: { readonly adapter: object }) => PrismaClientLike & { $disconnect(): Promise<void> };
`;

/**
 * Compiles the examples of all pages and sources; the line numbers of the complaints are theirs. A page is a folder, in which a
 * block that begins with `// sessions.ts` has that name, so that the blocks of a page may import each other.
 */
export function brokenExamples(texts: ReadonlyMap<string, string>): string[] {
  rmSync(scratch, { recursive: true, force: true });
  const origins = new Map<string, string>();
  const save = (program: string, folder: string, name: string, code: string, origin: string): void => {
    let path = join(scratch, program, folder, name);
    for (let n = 2; existsSync(path); n += 1) path = join(scratch, program, folder, name.replace('.ts', `.${n}.ts`));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, code);
    origins.set(relative(scratch, path).replaceAll('\\', '/'), origin);
  };
  for (const [file, text] of texts) {
    const origin = relative(root, file);
    const folder = origin.replaceAll(/[\\/]/g, '__');
    if (file.endsWith('.md')) {
      for (const block of readBlocks(text)) {
        const program = block.language === 'js' && RUN_BY[origin] !== undefined ? undefined : programOf(block, text);
        if (program !== undefined) save(program, folder, nameOf(block), moduleOf(block), origin);
      }
    } else {
      for (const [index, code] of docExamples(text).entries())
        save('strict', folder, `example-${index}.ts`, code, origin);
    }
  }
  return Object.keys(PROGRAMS).flatMap((program) => compile(program, origins));
}

/** Returns the program that compiles a block; undefined for other languages. */
function programOf({ language }: Block, page: string): string | undefined {
  if (language === 'js') return 'javascript';
  if (language !== 'ts' && language !== 'tsx') return undefined;
  return page.includes("'holdfast/next'") ? 'next' : 'strict';
}

/** Returns the name that the first line of a block gives it, or one of its own. */
function nameOf({ code, language, line }: Block): string {
  const [, named] = /^\/\/ ([\w./-]+\.[jt]sx?)\b/.exec(code) ?? [];
  return named?.replace(/\.js$/, '.ts') ?? `line-${line}.${language === 'js' ? 'ts' : language}`;
}

/** Returns a block as a module whose lines have the line numbers of the page, with what the page takes for granted. */
export function moduleOf({ code, given, info, line }: Block): string {
  const lines: string[] = [];
  for (const [at, text] of given) lines[at - 1] = text;
  const body = info === 'signatures' ? declared(code) : code;
  body.split('\n').forEach((text, index) => (lines[line + index] = text));
  return `${Array.from(lines, (text) => text ?? '').join('\n')}\nexport {};\n`;
}

/**
 * Turns a list of signatures into declarations, and has the compiler compare each with what it describes: a call that the page
 * shows must be possible, and must return what the page says.
 */
function declared(code: string): string {
  const described = new Set<string>();
  const lines = code.replaceAll(/^(?:(ring|KeyRing)\.)?(\w+)(?=\()/gm, (_, of: string | undefined, name: string) => {
    const owner = of === undefined ? '' : of === 'ring' ? 'KeyRing.prototype.' : 'KeyRing.';
    described.add(`const ${name}_is: typeof ${name}_page = ${owner}${name};`);
    return `declare function ${name}_page`;
  });
  return `${lines}${[...described].join(' ')}`;
}

function compile(program: string, origins: ReadonlyMap<string, string>): string[] {
  const folder = join(scratch, program);
  if (!existsSync(folder)) return [];
  const folders = new Set(
    [...origins.keys()].filter((path) => path.startsWith(`${program}/`)).map((path) => path.split('/')[1]),
  );
  for (const each of folders) {
    mkdirSync(join(folder, each ?? '', 'generated'), { recursive: true });
    writeFileSync(join(folder, each ?? '', 'generated/client.ts'), GENERATED);
  }
  const missing = NOT_INSTALLED.map((name) => `declare module '${name}';\n`).join('');
  writeFileSync(join(folder, 'packages.d.ts'), program === 'javascript' ? missing + UNTYPED : missing);
  const config = {
    extends: relative(folder, join(root, 'test/tsconfig.json')),
    compilerOptions: { rootDir: root, noUnusedLocals: false, noUnusedParameters: false, ...PROGRAMS[program] },
    include: ['.'],
    exclude: [],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const { stdout } = spawnSync('tsc', ['-p', folder, '--pretty', 'false'], { cwd: scratch, encoding: 'utf8' });
  return stdout
    .split('\n')
    .filter((line) => line.trim())
    .map((line) => line.replace(/^([^\s(]+\.tsx?)/, (path) => origins.get(path.replaceAll('\\', '/')) ?? path));
}
