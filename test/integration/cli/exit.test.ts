import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { holdfast } from '../../support/cli.ts';

const source = (path: string): string => new URL(`../../../src/${path}`, import.meta.url).href;

/** A client with one session of `ada`, an audit log that is still being written when the client is closed, and something that never ends. */
const MODULE = `
  import { subscribe } from 'node:diagnostics_channel';
  import { createWriteStream } from 'node:fs';
  import { generateKeyRing, SessionClient } from '${source('index.ts')}';
  import { memoryDurableTier, memoryPrimaryTier } from '${source('tiers/memory/index.ts')}';
  const lines: string[] = [];
  const log = createWriteStream('audit.log', { flags: 'a', mode: 0o600 });
  subscribe('holdfast:audit', ({ event, by }) => lines.push(event + ' ' + by + '\\n'));
  setInterval(() => {}, 1_000);
  export const sessions = async () => {
    const client = new SessionClient({
      keys: await generateKeyRing(),
      primary: memoryPrimaryTier(),
      durable: memoryDurableTier(),
      namespace: 'shop',
      durableTimeout: '100ms',
    });
    await client.create({}, { userId: 'ada' });
    const close = client.close.bind(client);
    client.close = async () => {
      await close();
      setTimeout(() => log.write(lines.join('')), 50);
    };
    return client;
  };`;

it('a command lets the audit log of the application’s module be written, and ends though the module does not', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'holdfast-exit-'));
  await writeFile(join(cwd, 'holdfast.ts'), MODULE);
  expect(await holdfast(['revoke', '--user', 'ada', '--client', './holdfast.ts'], { cwd })).toEqual({
    code: 0,
    stdout: '1 session ended.\n',
    stderr: '',
  });
  expect(await readFile(join(cwd, 'audit.log'), 'utf8')).toContain('ended operator\n');
  // A command that fails keeps its exit status.
  expect(await holdfast(['revoke', '--client', './holdfast.ts'], { cwd })).toMatchObject({ code: 2 });
  await rm(cwd, { recursive: true });
});
