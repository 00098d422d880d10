import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
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
    for (const file of ['redis.pid', 'database/postmaster.pid']) {
      const [pid] = (await readFile(join(folder, file), 'utf8').catch(() => '')).split('\n');
      if (pid) process.kill(Number(pid), 'SIGINT');
    }
    await rm(folder, { recursive: true, force: true });
  }
});

const PACKAGES = ['express', 'ioredis', '@prisma/client', '@prisma/adapter-libsql', '@prisma/adapter-pg', 'prisma'];

/** With NEWCOMER=npm the page's lines that install packages are run too, and the packages come from the registry. */
const installsForReal = (): boolean => process.env['NEWCOMER'] === 'npm';

async function newFolder(packages: readonly string[]): Promise<string> {
  const folder = await install(tarball, packages);
  folders.push(folder);
  return folder;
}

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-newcomer-'));
  folders.push(folder);
  return folder;
}

/** PostgreSQL does not run as root: where the test does, the account of its package has the folder. */
const notAsRoot =
  process.getuid?.() === 0
    ? `chmod 755 .
initdb() { install -d -o postgres database; runuser -u postgres -- initdb "$@"; }
pg_ctl() { chown -R postgres database; runuser -u postgres -- pg_ctl "$@"; }
`
    : '';

/** The registry, the proxy and the cache that npm has here. */
const npmEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && /^HOME$|^npm_config_|proxy$|CERT/i.test(entry[0]),
    ),
  );

/** npm takes a second to find a program that is on the path. */
const WITHOUT_NPM = 'npx() { "$@"; }\n';

describe('a newcomer', () => {
  it('does what docs/start.md says, and it works', async () => {
    const page = await readFile(join(root, 'docs/start.md'), 'utf8');
    const blocks = blocksOf(page).map(({ language, code }) => ({ language, code }));
    expect(blocks.length).toBeGreaterThan(10);
    const folder = installsForReal() ? await emptyFolder() : await newFolder(PACKAGES);
    const [redisPort, databasePort, port] = [await freePort(), await freePort(), await freePort()];
    const script = scriptOf(blocks, installsForReal() ? tarball : undefined)
      .replaceAll('6380', String(redisPort))
      .replaceAll('5433', String(databasePort))
      .replaceAll('3000', String(port))
      // A busy machine takes longer to start a process than a person's.
      .replaceAll('sessions.ready()', "sessions.ready({ timeout: '2m' })");
    const { stdout } = installsForReal()
      ? await runScript(folder, notAsRoot + script, npmEnvironment())
      : await runScript(folder, notAsRoot + WITHOUT_NPM + script);
    const said = stdout.split(/(?<=[\]}])(?=[[{])|\n/);
    expect(said).toEqual(expect.arrayContaining(['["tea"]', '{"user":"ada","cart":["tea"]}', '["tea","jam"]']));
    expect(stdout).toMatch(/"label":"curl\/[^"]+".*"current":true/);
    expect(stdout).toContain('Nothing is wrong.\n');
    // The new key is active, and has sealed the session of this visitor.
    expect(stdout).toMatch(/^\S+ +data .* active /m);
    expect(stdout).toMatch(/^\S+ +data .* decrypt-only /m);
    // Without Redis.
    expect(stdout).toContain('["tea","jam"]["tea","jam","rye"]');
    expect(stdout).toContain("{ cart: [ 'tea' ] } 2\n1 null\n");
  }, 360_000);

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

  it('gives PostgreSQL the same rights as the page on the database says', async () => {
    const grants = async (page: string): Promise<string[]> =>
      (await readFile(join(root, page), 'utf8')).match(/^GRANT .* TO shop_sessions;$/gm) ?? [];
    const wanted = (await grants('docs/operating/database.md')).filter((grant) => !grant.includes(' shop.'));
    expect(wanted.length).toBeGreaterThan(3);
    expect(await grants('docs/start.md')).toEqual(wanted);
  });
});
