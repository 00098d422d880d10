import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { mutations } from './mutations.ts';
import type { Mutation } from './mutations/mutation.ts';
import { SMALL_LIMITS } from './small-limits.ts';

const SOURCE = new URL('../../src/', import.meta.url).href;

/** Simulates the library of another checkout. Before anything of it is imported. */
export function useSource(folder: string): void {
  const other = `${pathToFileURL(resolve(folder)).href}/`;
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      return found.url.startsWith(SOURCE) ? { ...found, url: found.url.replace(SOURCE, other) } : found;
    },
  });
}

/** Lowers bounds of the library as it is loaded; see `SMALL_LIMITS`. Before anything of it is imported. */
export function useSmallLimits(): void {
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      const lowered = Object.entries(SMALL_LIMITS).find(([file]) => url.endsWith(`/src/limits/${file}.ts`));
      if (lowered === undefined) return loaded;
      let source = String(loaded.source);
      for (const [name, value] of Object.entries(lowered[1])) {
        const changed = source.replace(
          new RegExp(`export const ${name}(: number)? = [^;]+;`),
          `export const ${name} = ${value};`,
        );
        if (changed === source) throw new Error(`There is no limit called ${name}.`);
        source = changed;
      }
      return { ...loaded, source };
    },
  });
}

/** Puts a mistake into the library as it is loaded; nothing on disk changes. Throws if there is no place for it. */
export async function mutate(name: string): Promise<Mutation> {
  const mutation = mutations.find((candidate) => candidate.name === name);
  if (mutation === undefined)
    throw new Error(`No such mutation. There are ${mutations.map((each) => each.name).join(', ')}.`);
  let hits = 0;
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      const edits = mutation.edits.filter(({ file }) => url.endsWith(`/${file}`));
      if (edits.length === 0) return loaded;
      let source = String(loaded.source);
      for (const { find, replace } of edits) {
        const changed = source.replace(find, replace);
        if (changed === source) throw new Error(`${fileURLToPath(url)} has no place for the mutation "${name}".`);
        source = changed;
        hits += 1;
      }
      return { ...loaded, source };
    },
  });
  await import('../../src/index.ts');
  await import('./simulation.ts');
  if (hits !== mutation.edits.length) throw new Error(`The mutation "${name}" did not apply.`);
  return mutation;
}
