import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
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
