import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readLinks } from '../../tools/markdown.ts';
import { install, manifest, pack, root, run } from './packed.ts';

let tarball: string;
let bare: string;
let complete: string;

beforeAll(async () => {
  tarball = await pack();
  bare = await install(tarball, []);
  complete = await install(tarball, [...Object.keys(manifest.peerDependencies), '@types/node', ...TYPES]);
}, 120_000);

afterAll(async () => {
  for (const path of [tarball && dirname(tarball), bare, complete]) {
    if (path) await rm(path, { recursive: true, force: true });
  }
});

/** Types that come apart from their packages. */
const TYPES = ['@types/express', '@types/express-session', '@types/koa'];
/** Entry points that load the package they are for. */
const LOADS_ITS_PEER = ['./redis', './express-session', './next', './otel'];
const entries = Object.keys(manifest.exports).filter((entry) => !/\.json$|\*/.test(entry));
const specifier = (entry: string): string => entry.replace(/^\./, 'holdfast');

/** What the module exports, by a fresh Node that has loaded nothing else. */
async function load(project: string, code: string): Promise<string[]> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code], { cwd: project });
  return JSON.parse(stdout);
}

/** The code of the package, all of it as one text. */
async function readBuilt(dist: string): Promise<string> {
  const files = (await readdir(dist, { recursive: true })).filter((file) => file.endsWith('.js'));
  return (await Promise.all(files.map((file) => readFile(join(dist, file), 'utf8')))).join('\n');
}

describe('the packed tarball', () => {
  test('holds every file that package.json exports', () => {
    for (const target of Object.values(manifest.exports).filter((each) => each !== './docs/*')) {
      const files = typeof target === 'string' ? [target] : Object.values(target);
      for (const file of files) expect(existsSync(join(bare, 'node_modules/holdfast', file)), file).toBe(true);
    }
  });

  test('holds what people read and copy, and no tests', async () => {
    const { stdout } = await run('tar', ['-tzf', tarball]);
    expect(stdout).toContain('package/LICENSE');
    for (const provider of ['mysql', 'postgresql', 'sqlite']) {
      expect(stdout).toContain(`package/prisma/${provider}/migrations/0001_init/migration.sql`);
    }
    expect(stdout).not.toMatch(/package\/(src|test|tools|bench|examples)\/|\.map$/m);
  });

  test('has a README whose links lead somewhere in the repository, tests among them', async () => {
    const page = await readFile(join(bare, 'node_modules/holdfast/README.md'), 'utf8');
    const targets = readLinks(page).map(({ target }) => target.replace(/#.*/, ''));
    expect(targets.length).toBeGreaterThan(10);
    for (const target of targets) expect(existsSync(join(root, target)), target).toBe(true);
    expect(targets.filter((target) => target.startsWith('test/')).length).toBeGreaterThan(5);
  });

  test('names no page in its texts that is not in the repository, and has that of its errors', async () => {
    const code = await readBuilt(join(bare, 'node_modules/holdfast/dist'));
    const pages = new Set([...code.matchAll(/\bdocs\/[\w/-]+\.md/g)].map(([page]) => page));
    expect([...pages]).toContain('docs/reference/errors.md');
    for (const page of pages) expect(existsSync(join(root, page)), page).toBe(true);
    expect(existsSync(join(bare, 'node_modules/holdfast/docs/reference/errors.md'))).toBe(true);
  });

  test('keeps private members private, and names of functions and classes in stacks', async () => {
    const code = await readBuilt(join(bare, 'node_modules/holdfast/dist'));
    expect(code).toMatch(/^\t#\w+/m);
    const stack = `import { KeyRing } from 'holdfast';
      const { stack } = await KeyRing.open('/nowhere/keys.json', { passphrase: 'sixteen characters' }).catch((e) => e);
      console.log(JSON.stringify(stack.split('\\n').filter((line) => /dist/.test(line))));`;
    expect((await load(bare, stack)).join()).toMatch(/\bat \w+ .*dist\/keys\.js:\d+:\d+/);
  });

  test('has the page that its errors name', async () => {
    const code = `import { existsSync } from 'node:fs';
      import { fileURLToPath } from 'node:url';
      import { PayloadError } from 'holdfast';
      const page = import.meta.resolve(new PayloadError('x').help.replace(/#.*/, ''));
      console.log(JSON.stringify([String(existsSync(fileURLToPath(page)))]))`;
    expect(await load(bare, code)).toEqual(['true']);
  });

  test.each(entries.map(specifier))('%s loads alone', async (name) => {
    const names = await load(complete, `console.log(JSON.stringify(Object.keys(await import('${name}'))))`);
    expect(names.length).toBeGreaterThan(0);
  });

  test.each(entries.filter((entry) => !LOADS_ITS_PEER.includes(entry)).map(specifier))(
    '%s loads where no peer is installed',
    async (name) => {
      const names = await load(bare, `console.log(JSON.stringify(Object.keys(await import('${name}'))))`);
      expect(names.length).toBeGreaterThan(0);
    },
  );

  test('tests a tier with any runner, here that of Node', async () => {
    const code = `import { test } from 'node:test';
      import { memoryDurableTier } from 'holdfast/memory';
      import { durableTierCases } from 'holdfast/testing';
      const rows = new Map();
      const database = {
        makeTier: () => memoryDurableTier(rows),
        async mark(storageKey, dirtyAt) {
          const id = storageKey.toString('hex');
          if (rows.has(id)) rows.set(id, { ...rows.get(id), dirtyAt });
        },
        async see(namespace, node, seenAt) {
          const past = memoryDurableTier(rows);
          await past.open({ namespace, platform: { now: () => seenAt }, timeoutMs: 1_000, sweeps: false });
          await past.fleet.forget(node.nodeId);
          await past.fleet.heartbeat(node);
        },
      };
      for (const { name, run } of durableTierCases) test(name, () => run(database));`;
    await writeFile(join(bare, 'tier.test.mjs'), code);
    const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', 'tier.test.mjs'], { cwd: bare });
    expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(100);
    expect(stdout).toMatch(/^# fail 0$/m);
  });

  test('has a command line that runs where no peer is installed', async () => {
    const bin = join(bare, 'node_modules/holdfast', manifest.bin['holdfast'] ?? '');
    expect(await readFile(bin, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    const holdfast = async (...args: string[]) => (await run(process.execPath, [bin, ...args], { cwd: bare })).stdout;
    expect(await holdfast('--version')).toBe(`${manifest.version}\n`);
    expect(await holdfast('schema', 'postgresql', '--sql')).toContain('CREATE TABLE');
    await writeFile(join(bare, 'kek'), randomBytes(32));
    await holdfast('keys', 'generate', '--ring', 'keys.json', '--kek-file', 'kek');
    expect(
      JSON.parse(await holdfast('keys', 'list', '--ring', 'keys.json', '--kek-file', 'kek', '--json')),
    ).toMatchObject({
      version: 1,
    });
  });

  test('serves require() too', async () => {
    const code = `import { createRequire } from 'node:module';
      console.log(JSON.stringify(Object.keys(createRequire(import.meta.url)('holdfast'))));`;
    await writeFile(join(bare, 'require.mjs'), code);
    const { stdout } = await run(process.execPath, ['require.mjs'], { cwd: bare });
    expect(JSON.parse(stdout)).toContain('SessionClient');
  });

  test('needs no syntax that Node 22 lacks', async () => {
    const code = await readBuilt(join(bare, 'node_modules/holdfast/dist'));
    expect(code).not.toMatch(/^\s*(?:await )?using \w+ =/m);
  });

  test.each(['nodenext', 'bundler'])(
    'compiles in a strict project with module resolution %s',
    async (moduleResolution) => {
      const all = entries.map((entry, n) => `export * as all${n} from '${specifier(entry)}';\n`);
      const application = await readFile(join(root, 'test/consumers/application.ts'), 'utf8');
      await writeFile(join(complete, 'app.ts'), application + all.join(''));
      const options = {
        target: 'es2023',
        lib: ['es2023', 'esnext.disposable'],
        types: ['node'],
        module: moduleResolution === 'bundler' ? 'preserve' : 'nodenext',
        moduleResolution,
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        // The declarations that we ship must stand on their own.
        skipLibCheck: false,
      };
      await writeFile(join(complete, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['app.ts'] }));
      const tsc = run(join(root, 'node_modules/.bin/tsc'), ['-p', complete, '--pretty', 'false']);
      const { stdout } = await tsc.catch((error: { stdout: string }) => error);
      // Next's own declarations do not compile without skipLibCheck.
      expect(stdout.split('\n').filter((line) => line && !/^node_modules\/next\/|^ /.test(line))).toEqual([]);
    },
  );
});
