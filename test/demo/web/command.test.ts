import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const DEMO = fileURLToPath(new URL('../demo.ts', import.meta.url));
const WANTED_PORT = 4_000;

it('prints where the page is, on another port if 4000 is taken; Ctrl-C stops all servers and removes what they wrote', async () => {
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'page-'));
  // PostgreSQL runs under another account where the tests run as root.
  await chmod(folder, 0o755);
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  const other = createServer().listen(WANTED_PORT, '127.0.0.1');
  // Where somebody else has the port, it is taken as well.
  await Promise.race([once(other, 'listening'), once(other, 'error').catch(() => undefined)]).catch(() => undefined);
  resources.defer(() => void other.close());

  const demo = spawn(process.execPath, [DEMO, '--web'], { env: { ...process.env, TMPDIR: folder }, stdio: 'pipe' });
  resources.defer(() => void demo.kill('SIGKILL'));
  const exited = once(demo, 'exit');
  let url: string | undefined;
  for await (const line of createInterface(demo.stdout)) {
    url = /http:\/\/localhost:\d+\/demo\//.exec(line)?.[0];
    if (url !== undefined) break;
  }
  expect(url).toBeDefined();
  expect(Number(new URL(url ?? '').port)).not.toBe(WANTED_PORT);
  expect((await fetch(url ?? '')).status).toBe(200);
  expect(await readdir(folder)).not.toEqual([]);

  demo.kill('SIGINT');
  expect(await exited).toEqual([130, null]);
  await expect(fetch(url ?? '')).rejects.toThrow('fetch failed');
  expect(await readdir(folder)).toEqual([]);
});
