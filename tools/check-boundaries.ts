import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { boundaries, type Module, PLATFORM } from './boundaries.ts';
import { codeOnly, type ImportStatement, lineAt, readImports } from './source-text.ts';

export interface Inspected {
  /** The source texts by path under src, with forward slashes. */
  readonly files: ReadonlyMap<string, string>;
  readonly table: Readonly<Record<string, Module>>;
  /** The sources of the package's entry points, by path under src. */
  readonly entryPoints: readonly string[];
}

/** Returns the violations of the table, one line each. */
export function findViolations(inspected: Inspected): string[] {
  return [
    ...forbiddenImports(inspected),
    ...strayClocks(inspected),
    ...entryPointsAstray(inspected),
    ...cycles(moduleGraph(inspected)).map((cycle) => `tools/boundaries.ts: the table has a circle: ${cycle}`),
    ...cycles(fileGraph(inspected)).map((cycle) => `src: files import one another: ${cycle}`),
  ];
}

/** Returns the key of the table under which a file falls. */
function moduleOf(path: string, table: Inspected['table']): string | undefined {
  return Object.keys(table)
    .filter((name) => path === name || path.startsWith(`${name}/`))
    .sort((a, b) => b.length - a.length)[0];
}

function forbiddenImports({ files, table }: Inspected): string[] {
  return [...files].flatMap(([path, text]) => {
    const name = moduleOf(path, table);
    const rules = name === undefined ? undefined : table[name];
    if (name === undefined || !rules) return [`src/${path}: its folder has no row in tools/boundaries.ts`];
    return readImports(text).flatMap((statement) => {
      const complaint = complain(path, name, rules, statement, table);
      return complaint ? [`src/${path}:${statement.line}: ${complaint}`] : [];
    });
  });
}

function complain(
  path: string,
  name: string,
  rules: Module,
  { specifier }: ImportStatement,
  table: Inspected['table'],
): string | undefined {
  if (specifier.startsWith('node:')) return undefined;
  if (!specifier.startsWith('.')) {
    const bare = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/');
    return rules.packages?.includes(bare) ? undefined : `${bare} has no home in ${name}`;
  }
  const target = resolve(path, specifier);
  if (target.startsWith('..')) return `${specifier} leaves src`;
  const other = moduleOf(target, table);
  if (other === undefined || other === name || rules.modules === 'any' || rules.modules.includes(other))
    return undefined;
  return `${name} may not import ${other}`;
}

/**
 * Returns the imports by which an example leaves its own folder. Examples are copied by people who have only the
 * package. `files` are source texts by path under examples.
 */
export function strayExamples(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([path, text]) =>
    readImports(text)
      .filter(({ specifier }) => specifier.startsWith('.'))
      .filter(({ specifier }) => !resolve(path, specifier).startsWith(`${path.split('/')[0]}/`))
      .map(({ specifier, line }) => `examples/${path}:${line}: ${specifier} leaves the example's folder`),
  );
}

const resolve = (from: string, specifier: string): string => posix.join(posix.dirname(from), specifier);

/** The ways to learn the time, to draw a random number or to wait, other than through the platform. */
const CLOCKS = [
  /\bDate\.now\b/,
  /\bnew Date\(\s*\)/,
  /(?<![.\w]|new )Date\(/,
  /\bMath\.random\b/,
  /(?<!\.)\bperformance\b/,
  /\bprocess\.(?:hrtime|uptime)\b/,
  /(?<![.\w#])(?:setTimeout|setInterval|setImmediate)\b/,
  /\bglobalThis\.(?:setTimeout|setInterval|setImmediate|performance|crypto)\b/,
  /\bAbortSignal\.timeout\b/,
  /\bcrypto\.(?:random\w+|getRandomValues|subtle)\b/,
];
const CLOCK_MODULES = ['node:timers', 'node:timers/promises', 'node:perf_hooks'];
const RANDOM_NAMES = /^(?:random|generateKey|getRandomValues|webcrypto)/;

function strayClocks({ files }: Inspected): string[] {
  const found: string[] = [];
  for (const [path, text] of files) {
    if (path.startsWith(`${PLATFORM}/`)) continue;
    const report = (line: number, what: string): number =>
      found.push(`src/${path}:${line}: ${what} belongs behind ${PLATFORM}/, so that time and chance can be replayed`);
    const code = codeOnly(text);
    for (const clock of CLOCKS) {
      for (const match of code.matchAll(new RegExp(clock, 'g'))) report(lineAt(code, match.index), match[0]);
    }
    for (const { specifier, names, line } of readImports(text)) {
      if (CLOCK_MODULES.includes(specifier)) report(line, specifier);
      if (specifier !== 'node:crypto') continue;
      for (const name of names) if (RANDOM_NAMES.test(name)) report(line, `${name} of node:crypto`);
    }
  }
  return found;
}

function entryPointsAstray({ files, entryPoints }: Inspected): string[] {
  const inner = [...files.keys()].filter((path) => posix.basename(path) === 'index.ts' && !entryPoints.includes(path));
  const missing = entryPoints.filter((path) => !files.has(path));
  return [
    ...inner.map((path) => `src/${path}: an index.ts stands only where package.json exports one`),
    ...missing.map((path) => `package.json: exports src/${path}, which is not there`),
  ];
}

type Graph = ReadonlyMap<string, readonly string[]>;

function moduleGraph({ table }: Inspected): Graph {
  const names = Object.keys(table);
  return new Map(
    Object.entries(table).map(([name, { modules }]) => [
      name,
      modules === 'any' ? names.filter((other) => other !== name) : modules,
    ]),
  );
}

function fileGraph({ files }: Inspected): Graph {
  return new Map(
    [...files].map(([path, text]) => [
      path,
      readImports(text)
        .filter(({ specifier }) => specifier.startsWith('.'))
        .map(({ specifier }) => resolve(path, specifier)),
    ]),
  );
}

/** Returns each circle once, written as a path. */
function cycles(graph: Graph): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (node: string, trail: readonly string[]): void => {
    const start = trail.indexOf(node);
    if (start >= 0) found.push([...trail.slice(start), node].join(' → '));
    if (start >= 0 || done.has(node)) return;
    for (const next of graph.get(node) ?? []) walk(next, [...trail, node]);
    done.add(node);
  };
  for (const node of graph.keys()) walk(node, []);
  return found;
}

/** Returns the source files of the package's entry points: `./dist/tiers/redis/index.js` is `tiers/redis/index.ts`. */
export function entryPointsOf(manifest: { readonly exports: Readonly<Record<string, unknown>> }): string[] {
  return Object.values(manifest.exports).flatMap((target) => {
    const file = typeof target === 'object' && target !== null && 'default' in target ? String(target.default) : '';
    return file.startsWith('./dist/') ? [file.slice('./dist/'.length).replace(/\.js$/, '.ts')] : [];
  });
}

/** Reads the texts under the folder, by path with forward slashes. */
function readTexts(folder: string): Map<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => path.replaceAll('\\', '/'));
  return new Map(
    paths
      .filter((path) => /\.tsx?$/.test(path) && !/(?:^|\/)(?:node_modules|generated|\.next)\//.test(path))
      .sort()
      .map((path) => [path, readFileSync(`${folder}/${path}`, 'utf8')]),
  );
}

if (import.meta.main) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const entryPoints = entryPointsOf(JSON.parse(readFileSync(`${root}/package.json`, 'utf8')));
  const files = readTexts(`${root}/src`);
  const violations = [
    ...findViolations({ files, table: boundaries, entryPoints }),
    ...strayExamples(readTexts(`${root}/examples`)),
  ];
  for (const violation of violations) console.error(violation);
  console.log(`${files.size} files, ${violations.length} violations of tools/boundaries.ts`);
  process.exitCode = violations.length > 0 ? 1 : 0;
}
