import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type OutputChunk, rolldown } from 'rolldown';
import { declarationsOf, entries } from './build.ts';
import { readSegments } from './source-text.ts';

/*
 * Writes the public interface of each entry point into docs/internals/api: what it exports and the types that can be
 * reached from there, without comments. A change of the interface is then a line of the diff. A type that an earlier
 * report has is not repeated. With --check it writes nothing, and fails where a report is not what the sources say.
 */
const FOLDER = fileURLToPath(new URL('../docs/internals/api/', import.meta.url));
const HEAD = '// The public interface, written by "npm run api". Review a change of it as a change of the package.\n\n';

/** Names the report of an entry point as users import it: `index`, `redis`, `express`. */
const reportOf = (name: string): string => `${name.split('/').at(-2) ?? 'index'}.d.ts`.replace(/^tiers\./, 'tier.');

/** Returns the reports by the names of their files. */
async function reports(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const reported = new Set<string>();
  for (const [name, source] of Object.entries(entries())) {
    const build = await rolldown(declarationsOf({ [name]: source }));
    const { output } = await build.generate({ format: 'esm', entryFileNames: '[name].d.ts' });
    await build.close();
    const chunks = output.filter((each): each is OutputChunk => each.type === 'chunk');
    const all = sortedDeclarations(chunks.map(({ code }) => withoutComments(code)).join('\n'));
    const news = all.filter((text) => text.startsWith('export ') || !reported.has(bare(text)));
    for (const text of all) reported.add(bare(text));
    found.set(reportOf(name), `${HEAD}${news.join('\n\n')}\n`);
  }
  return found;
}

const bare = (declaration: string): string => declaration.replace(/^export /, '');

/** Leaves comments out, and the lines that they leave empty. */
export function withoutComments(code: string): string {
  const comments = readSegments(code).filter(({ kind }) => kind === 'comment');
  const rest = comments.toReversed().reduce((text, { start, end }) => text.slice(0, start) + text.slice(end), code);
  return rest.replaceAll(/[ \t]+$/gm, '').replaceAll(/\n{2,}/g, '\n');
}

const DECLARED = /^(?:export )?(?:declare )?(?:abstract )?(?:class|const|function|interface|type) (\w+)/;

/** Returns the declarations by name, so that moving one to another file is no change. Overloads keep their order. */
export function sortedDeclarations(code: string): string[] {
  const declarations = code
    .split(/^(?=[a-z])/m)
    .map((text) => text.trim())
    .filter((text) => text !== '');
  const nameOf = (text: string): string => DECLARED.exec(text)?.[1] ?? '';
  return declarations.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b), 'en'));
}

async function main(isCheck: boolean): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const wanted = await reports();
  const known = readdirSync(FOLDER).filter((name) => name.endsWith('.d.ts'));
  const names = [...new Set([...known, ...wanted.keys()])].toSorted();
  const different = names.filter(
    (name) => !known.includes(name) || readFileSync(FOLDER + name, 'utf8') !== wanted.get(name),
  );
  if (!isCheck) {
    for (const name of different) {
      const text = wanted.get(name);
      if (text === undefined) rmSync(FOLDER + name);
      else writeFileSync(FOLDER + name, text);
    }
  }
  console.log(`${wanted.size} entry points, ${different.length} reports ${isCheck ? 'differ' : 'changed'}`);
  if (!isCheck || different.length === 0) return;
  console.error(`The public interface changed: ${different.join(', ')}. Run "npm run api", and commit what it writes.`);
  process.exitCode = 1;
}

if (import.meta.main) await main(process.argv.includes('--check'));
