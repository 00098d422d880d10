import { cp, readFile, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/servers/ports.ts';
import { insistsOnDocker } from '../support/servers/provider.ts';
import { install, pack, root, run } from './packed.ts';
import { blocksOf, runScript, scriptOf } from './pages.ts';

const PACKAGES = ['express', 'ioredis', '@prisma/client', '@prisma/adapter-pg', 'prisma'];
const project = `holdfast-${randomBytes(6).toString('hex')}`;

/** Needs Docker with Compose, and the images redis:8 and postgres:18. */
describe.runIf(insistsOnDocker())('a newcomer with Docker', () => {
  let tarball: string;
  let folder: string;
  const compose = (...command: string[]) =>
    run('docker', ['compose', '--project-name', project, ...command], {
      cwd: join(root, 'examples/production'),
      // To read the file; no server gets these.
      env: { ...process.env, REDIS_PASSWORD: 'none', DATABASE_PASSWORD: 'none' },
    });

  beforeAll(async () => {
    tarball = await pack();
    folder = await install(tarball, PACKAGES);
  });

  afterAll(async () => {
    await compose('down', '--volumes');
    for (const made of [folder, join(tarball, '..')]) await rm(made, { recursive: true, force: true });
  });

  it('does what examples/production/README.md says, and it works', async () => {
    await cp(join(root, 'examples/production/compose.yaml'), join(folder, 'compose.yaml'));
    const page = blocksOf(await readFile(join(root, 'examples/production/README.md'), 'utf8'));
    const [port, redisPort, databasePort] = [await freePort(), await freePort(), await freePort()];
    const script = scriptOf(page)
      .replaceAll('localhost:6380', `localhost:${redisPort}`)
      .replaceAll('localhost:5432', `localhost:${databasePort}`)
      .replaceAll('3000', String(port));
    const { stdout } = await runScript(folder, script, {
      COMPOSE_PROJECT_NAME: project,
      REDIS_PORT: String(redisPort),
      DATABASE_PORT: String(databasePort),
    });
    const said = stdout.match(/\[.*?\]|\{.*?\}/g) ?? [];
    expect(said).toEqual([
      '["tea"]',
      '{"primary":"up","durable":"up"}',
      '["tea","jam"]',
      '{"primary":"down","durable":"up"}',
      '["tea","jam","rye"]',
      '{"primary":"up","durable":"up"}',
    ]);
    const { stdout: left } = await compose('ps', '--all', '--quiet');
    expect(left).toBe('');
  }, 150_000);
});
