import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/servers/ports.ts';
import { install, pack, root } from './packed.ts';
import { blocksOf, pauseAfter, runScript, scriptOf } from './pages.ts';

/** What the pages for newcomers say, done by a newcomer: in an empty folder, with the packed library and nothing else. */

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

async function newFolder(packages: readonly string[]): Promise<string> {
  const folder = await install(tarball, packages);
  folders.push(folder);
  return folder;
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
    const wanted = await rights('docs/operating/redis.md');
    for (const page of ['docs/start.md', 'examples/production/compose.yaml']) expect(await rights(page)).toBe(wanted);
  });
});
