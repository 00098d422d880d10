import { rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { install, manifest, pack } from './packed.ts';

/** What a bundler takes of the packed library for one import, by the files of which something is left. */

let tarball: string;
let project: string;

beforeAll(async () => {
  tarball = await pack();
  project = await install(tarball, []);
}, 120_000);

afterAll(async () => {
  for (const path of [tarball && dirname(tarball), project]) if (path) await rm(path, { recursive: true, force: true });
});

interface Bundle {
  /** Paths under dist. */
  readonly modules: readonly string[];
  /** What the bundle leaves to be installed, Node's own modules left out. */
  readonly packages: readonly string[];
}

async function bundle(code: string): Promise<Bundle> {
  const entry = join(project, 'entry.js');
  const peers = Object.keys(manifest.peerDependencies);
  const bundler = await rolldown({
    input: entry,
    cwd: project,
    platform: 'node',
    external: (id) => peers.some((peer) => id === peer || id.startsWith(`${peer}/`)),
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === entry ? entry : null),
        load: (id) => (id === entry ? code : null),
      },
    ],
  });
  const { output } = await bundler.generate({ format: 'esm' });
  await bundler.close();
  const chunks = output.filter((each) => each.type === 'chunk');
  const rendered = chunks.flatMap(({ modules }) => Object.entries(modules).filter(([, { code: left }]) => left));
  const dist = join(project, 'node_modules/holdfast/dist');
  return {
    modules: rendered.map(([path]) => relative(dist, path)).filter((path) => path !== relative(dist, entry)),
    packages: [...new Set(chunks.flatMap(({ imports }) => imports).filter((name) => !name.startsWith('node:')))],
  };
}

const ADAPTER = /^adapters\/([\w-]+)[./]/;
const TIER = /^tiers\/(memory|prisma|redis)[./]/;
const foldersOf = ({ modules }: Bundle, kind: RegExp): string[] => [
  ...new Set(modules.flatMap((path) => kind.exec(path)?.[1] ?? [])),
];

describe('a bundle', () => {
  it('that imports the client has no tier, no adapter, no command line and no package that must be installed', async () => {
    const client = await bundle("export { SessionClient } from 'holdfast';");
    expect(client.modules).toContain('client.js');
    expect(client.packages).toEqual([]);
    expect(client.modules.filter((path) => /^(?:adapters|cli|http|tiers)[./]/.test(path))).toEqual([]);
  });

  it('that recognizes an error has nothing but the errors', async () => {
    expect((await bundle("export { isHoldfastError } from 'holdfast';")).modules).toEqual(['errors.js']);
  });

  it.each(['memory', 'prisma', 'redis'])(
    'of holdfast/%s has no other tier, and neither client nor keys',
    async (name) => {
      const tier = await bundle(`export * from 'holdfast/${name}';`);
      expect(foldersOf(tier, TIER)).toEqual([name]);
      expect(tier.modules.filter((path) => /^(?:adapters|cli|client|codec|http|keys|tiering)[./]/.test(path))).toEqual(
        [],
      );
      expect(tier.packages).toEqual(name === 'redis' ? ['ioredis'] : []);
    },
  );

  it.each(['tier', 'testing'])('of holdfast/%s has no tier, and neither client nor keys', async (name) => {
    const { modules, packages } = await bundle(`export * from 'holdfast/${name}';`);
    expect(modules.filter((path) => !/^(?:errors|limits|platform|session|testing|tiers)[./]/.test(path))).toEqual([]);
    expect(modules.filter((path) => TIER.test(path))).toEqual([]);
    expect(packages).toEqual([]);
  });

  const adapters = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [] : (ADAPTER.exec(target.default.replace('./dist/', ''))?.[1] ?? []),
  );
  /** Packages that an entry point loads; all others are known by their types alone. */
  const LOADED: Readonly<Record<string, readonly string[]>> = {
    'express-session': ['express-session'],
    next: ['next'],
  };

  it.each(adapters)('of holdfast/%s has no other adapter, no tier, no client and no other framework', async (name) => {
    const adapter = await bundle(`export * from 'holdfast/${name}';`);
    expect(foldersOf(adapter, ADAPTER)).toContain(name);
    expect(foldersOf(adapter, TIER)).toEqual([]);
    expect(
      adapter.modules.filter((path) => /^(?:cli|client|codec|engine|fleet|keys|tiering|upkeep)[./]/.test(path)),
    ).toEqual([]);
    const packages = adapter.packages.map((specifier) => specifier.split('/')[0]);
    expect(packages.filter((each) => !(LOADED[name] ?? []).includes(each ?? ''))).toEqual([]);
    const others = foldersOf(adapter, ADAPTER).filter((folder) => folder !== name);
    // Next's requests and responses are the web's.
    expect(others).toEqual(name === 'next' && others.length > 0 ? ['web'] : []);
  });
});
