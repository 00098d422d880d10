import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { install, pack, root, run } from './packed.ts';

/** What the pages for newcomers say, done by a newcomer: in an empty folder, with the packed library and nothing else. */

interface Block {
  readonly language: string;
  readonly code: string;
}

let tarball: string;
const folders: string[] = [];

beforeAll(async () => {
  tarball = await pack();
  folders.push(join(tarball, '..'));
}, 120_000);

afterAll(async () => {
  for (const folder of folders) {
    const pid = await readFile(join(folder, 'redis.pid'), 'utf8').catch(() => undefined);
    if (pid !== undefined) process.kill(Number(pid));
    await rm(folder, { recursive: true, force: true });
  }
});

function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\w+)[^\n]*\n(.*?)^```/gms)].map(([, language = '', code = '']) => ({
    language,
    code,
  }));
}

/** A line that needs the registry, or makes the folder that the test has made. */
const GIVEN = /^(?:npm (?:install|init)|mkdir shop)\b/;

/** One shell script of everything: what is to be saved is saved, and commands run in turn. */
function scriptOf(blocks: readonly Block[]): string {
  const parts = blocks.map(({ language, code }) => {
    if (language === 'sh')
      return code.replaceAll(/^.*\n/gm, (line) => (GIVEN.test(line) ? '' : line + pauseAfter(line)));
    const name = /^\/\/ (\S+\.[jt]s)\n/.exec(code)?.[1];
    return name === undefined ? '' : `cat > ${name} <<'END_OF_FILE'\n${code}END_OF_FILE\n`;
  });
  return ['set -euo pipefail', ...parts].join('\n');
}

/** A person types the next line when the server is there. */
const pauseAfter = (line: string): string =>
  line.endsWith(' &\n') ? 'until (echo > /dev/tcp/localhost/3000) 2>/dev/null; do sleep 0.05; done\n' : '';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function newFolder(packages: readonly string[]): Promise<string> {
  const folder = await install(tarball, packages);
  folders.push(folder);
  return folder;
}

function runScript(folder: string, script: string): Promise<{ stdout: string; stderr: string }> {
  const env = {
    PATH: `${join(folder, 'node_modules/.bin')}:${join(root, 'node_modules/.bin')}:${process.env['PATH']}`,
    HOME: folder,
    // Generating needs no schema engine, but the command would download one.
    PRISMA_SCHEMA_ENGINE_BINARY: '/bin/false',
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  };
  // What is still running when something fails.
  return run('bash', ['-c', `trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n${script}`], {
    cwd: folder,
    env,
    timeout: 100_000,
  });
}

describe('a newcomer', () => {
  it('does what docs/start.md says, and it works', async () => {
    const page = await readFile(join(root, 'docs/start.md'), 'utf8');
    const blocks = blocksOf(page).map(({ language, code }) => ({ language, code }));
    expect(blocks.length).toBeGreaterThan(10);
    const folder = await newFolder(['express', 'ioredis', '@prisma/client', '@prisma/adapter-libsql', 'prisma']);
    const [redisPort, port] = [await freePort(), await freePort()];
    const script = scriptOf(blocks).replaceAll('6380', String(redisPort)).replaceAll('3000', String(port));
    const { stdout } = await runScript(folder, script);
    const said = stdout.split(/(?<=[\]}])(?=[[{])|\n/);
    expect(said).toEqual(expect.arrayContaining(['["tea"]', '{"user":"ada","cart":["tea"]}', '["tea","jam"]']));
    expect(stdout).toMatch(/"label":"curl\/[^"]+".*"current":true/);
    // Without Redis.
    expect(stdout).toContain('["tea","jam"]["tea","jam","rye"]');
    expect(stdout).toMatch(/changed: 1\b/);
    expect(stdout).toContain("{ cart: [ 'tea' ] } 2\n1 null\n");
  }, 120_000);

  it('runs the first example of the README', async () => {
    const page = await readFile(join(root, 'README.md'), 'utf8');
    const [first] = blocksOf(page).filter(({ language }) => language === 'ts');
    const folder = await newFolder(['express']);
    const port = String(await freePort());
    await writeFile(join(folder, 'shop.mts'), first?.code.replace('3000', port) ?? '');
    const cart = /`(curl [^`]+)`/.exec(page)?.[1]?.replace('3000', port);
    const script = `node shop.mts &\n${pauseAfter(' &\n').replace('3000', port)}${cart}\n${cart}\nkill $!`;
    const { stdout } = await runScript(folder, script);
    expect(stdout).toBe('["tea"]["tea","tea"]');
  });

  it('gives Redis the same rights as the page on Redis says', async () => {
    const rights = async (page: string): Promise<string | undefined> =>
      / resetchannels ~\w+:\* (-@all .*)/.exec(await readFile(join(root, page), 'utf8'))?.[1]?.trim();
    expect(await rights('docs/start.md')).toBe(await rights('docs/operating/redis.md'));
  });
});
