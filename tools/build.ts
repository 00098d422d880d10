import { readFileSync, rmSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Plugin, rolldown, type RolldownOptions } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';
import { boundaries } from './boundaries.ts';

/*
 * Builds dist: one JavaScript file for each module of tools/boundaries.ts, and the declarations of each entry point. The
 * table has no circles, so neither have these files. Comments and names of variables are left out, since the package
 * has to be small; names of functions, classes and methods and the lines stay, so that a stack can be read.
 */
const root = fileURLToPath(new URL('..', import.meta.url));

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as Manifest;
const packages = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)];
const isPackage = (id: string): boolean => packages.some((name) => id === name || id.startsWith(`${name}/`));

/** Returns the sources of the entry points by their names in dist: `tiers/redis/index`. */
export function entries(): Record<string, string> {
  const modules = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [] : nameOf(target.default),
  );
  return Object.fromEntries(modules.map((name) => [name, sourceOf(name)]));
}

const nameOf = (file: string): string => file.replace(/^\.\/dist\//, '').replace(/\.js$/, '');
const sourceOf = (name: string): string => `${root}src/${name}.ts`;

/** Returns the options for declarations, those of one entry point or of all. */
export const declarationsOf = (input: Readonly<Record<string, string>>): RolldownOptions => ({
  input: { ...input },
  cwd: root,
  platform: 'node',
  external: isPackage,
  plugins: [dts({ dtsOnly: true, generator: 'oxc', oxc: { stripInternal: true }, sourcemap: false, tsconfig: false })],
});

/** The file that finds the package's folder by its own place; a file that is joined with others has another place. */
const KNOWS_ITS_PLACE = 'cli/package-folder.ts';

const refuseOtherPlaces: Plugin = {
  name: 'refuse-other-places',
  transform(code, id) {
    const asks = /\bimport\.meta\.(?:url|dirname|filename)\b/.test(code);
    if (asks && id.startsWith(`${root}src/`) && pathInSources(id) !== KNOWS_ITS_PLACE)
      this.error(`${id} uses its own place, which the build changes: use ${KNOWS_ITS_PLACE}`);
  },
};

const pathInSources = (id: string): string => relative(`${root}src`, id).replaceAll('\\', '/');

/** Loads a package that need not be installed; the command line imports other sources of this module, and must not need it. */
const LOADS_A_PEER = 'adapters/express-session/holdfast-store.ts';

/** Names the file of a module after its row in the table of boundaries: `tiers/redis`. What the build adds is in `helpers`. */
function chunkOf(id: string): string | null {
  if (!id.startsWith(`${root}src/`)) return 'helpers';
  const path = pathInSources(id);
  if (path === LOADS_A_PEER) return null;
  const row = Object.keys(boundaries)
    .filter((name) => path === name || path.startsWith(`${name}/`))
    .sort((a, b) => b.length - a.length)[0];
  return row === undefined || Object.values(entries()).includes(id)
    ? null
    : row.replace(/\.ts$/, '').replace(/^cli$/, 'cli/commands');
}

async function build(): Promise<void> {
  rmSync(`${root}dist`, { recursive: true, force: true });
  const bins = Object.values(manifest.bin).map(nameOf);
  const code = await rolldown({
    input: { ...entries(), ...Object.fromEntries(bins.map((name) => [name, sourceOf(name)])) },
    cwd: root,
    platform: 'node',
    external: isPackage,
    plugins: [refuseOtherPlaces],
    experimental: { attachDebugInfo: 'none' },
    // Node 22 has no "using".
    transform: { target: 'es2023' },
    preserveEntrySignatures: 'allow-extension',
  });
  await code.write({
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    comments: false,
    minifyInternalExports: false,
    codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: chunkOf, debugName: 'boundaries' }] },
    minify: {
      compress: false,
      mangle: { keepNames: { function: true, class: true } },
      codegen: { removeWhitespace: false },
    },
  });
  const types = await rolldown({ ...declarationsOf(entries()), preserveEntrySignatures: 'allow-extension' });
  await types.write({
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].d.ts',
    chunkFileNames: 'types/[name].d.ts',
    minifyInternalExports: false,
    codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: chunkOf, debugName: 'boundaries' }] },
  });
}

if (import.meta.main) await build();
