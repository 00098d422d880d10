import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf } from '../../../src/cli/config/client.ts';
import { readSettings, type Settings } from '../../../src/cli/config/settings.ts';
import { commands } from '../../../src/cli/commands/commands.ts';
import type { Context } from '../../../src/cli/commands/command.ts';
import { parseArguments } from '../../../src/cli/shell/arguments.ts';
import { SessionClient } from '../../../src/index.ts';
import { KEK } from '../../support/ring-fixtures.ts';

const promote = commands.find(({ name }) => name === 'keys promote');

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-config-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, text: string | object): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof text === 'string' ? text : JSON.stringify(text));
  return path;
}

async function settingsOf(argv: readonly string[], env: Record<string, string> = {}): Promise<Settings> {
  if (promote === undefined) throw new Error('no such command');
  return readSettings(parseArguments(promote, argv), env);
}

const contextOf = (settings: Settings): Context => ({ settings, terminal: { isInteractive: false } }) as Context;

describe('the settings of a run', () => {
  it('come from options before the environment before the configuration file', async () => {
    const config = await file('order.json', { ring: 'file.json', kekFile: 'kek', namespace: 'shop' });
    const env = { HOLDFAST_RING: 'variable.json', HOLDFAST_NAMESPACE: '', HOLDFAST_CONFIG: config };
    const settings = await settingsOf(['--ring', 'option.json'], env);
    expect(settings.text('ring')).toBe('option.json');
    expect((await settingsOf([], env)).text('ring')).toBe('variable.json');
    expect(settings.text('namespace')).toBe('shop');
    const other = await file('other.json', {});
    expect((await settingsOf(['--config', other], env)).has('namespace')).toBe(false);
  });

  it('have paths that hold from the folder of the file', async () => {
    const settings = await settingsOf(['--config', await file('paths.json', { ring: 'keys.json' })]);
    expect(settings.required('ring')).toBe(join(folder, 'keys.json'));
  });

  it('take all that opens the ring from one source', async () => {
    const config = await file('openers.json', { kekFile: 'kek' });
    const settings = await settingsOf(['--config', config], { HOLDFAST_PASSPHRASE: 'x' });
    expect(settings.together(['kekFile', 'passphrase'])).toEqual({ passphrase: 'x', kekFile: undefined });
  });

  it.each([
    ['an unknown name', { redis: 'x' }, 'unknown option'],
    ['a secret', { passphrase: 'correct horse battery staple' }, 'unknown option'],
    ['another type', { ring: 7 }, 'ring: expected a text'],
    ['no object', [], 'expected an object'],
  ])('refuse %s in the file without quoting it', async (what, given, message) => {
    const config = await file(`refused-${what.replaceAll(' ', '-')}.json`, given);
    const error = await settingsOf(['--config', config]).catch((reason: unknown) => reason);
    expect(String(error)).toContain(message);
    expect(String(error)).not.toContain('correct horse');
  });

  it('refuse a file that is missing, is no JSON, or has another ending', async () => {
    for (const [path, message] of [
      [join(folder, 'missing.json'), 'could not be read (ENOENT)'],
      [await file('broken.json', '{ "redisUrl": "rediss://shop:secret@'), 'is not JSON'],
      [await file('config.yaml', ''), 'must end in'],
    ] as const) {
      const error = await settingsOf(['--config', path]).catch((reason: unknown) => reason);
      expect(String(error)).toContain(message);
      expect(String(error)).not.toContain('secret@');
    }
  });

  it('say how to name what is missing', async () => {
    const settings = await settingsOf([]);
    expect(() => settings.required('ring')).toThrow('give --ring, $HOLDFAST_RING, or "ring" in the configuration file');
    expect(() => settings.required('redisUrl')).toThrow(/^redisUrl is missing .*: give \$HOLDFAST_REDIS_URL,/);
  });
});

describe('the client of a run', () => {
  const MEMORY = `
    import { generateKeyRing, SessionClient } from '${new URL('../../../src/index.ts', import.meta.url).href}';
    import { memoryDurableTier, memoryPrimaryTier } from '${new URL('../../../src/tiers/memory/index.ts', import.meta.url).href}';
    const client = async () => new SessionClient({ keys: await generateKeyRing(), primary: memoryPrimaryTier(), durable: memoryDurableTier(), namespace: 'shop' });`;

  it('is the one that a module exports, or a configuration module holds', async () => {
    await file('client.ts', `${MEMORY} export const sessions = client;`);
    const named = await settingsOf(['--config', await file('named.json', { client: './client.ts' })]);
    const held = await settingsOf(['--config', await file('held.ts', `${MEMORY} export default { client };`)]);
    for (const settings of [named, held]) {
      const client = await clientOf(contextOf(settings));
      expect(client).toBeInstanceOf(SessionClient);
      expect(client.namespace).toBe('shop');
    }
  });

  it('is made for the servers that are named, with a Prisma client of the application', async () => {
    await file('prisma.ts', 'export const prisma = { $queryRawUnsafe() {}, $executeRawUnsafe() {} };');
    await writeFile(join(folder, 'kek'), KEK);
    await file('password', 'a password\n');
    const parts = {
      ring: 'keys.json',
      kekFile: 'kek',
      redisUrl: 'rediss://localhost:1',
      redisUsername: 'shop',
      redisPasswordFile: 'password',
      provider: 'postgresql',
      prisma: './prisma.ts',
      namespace: 'shop',
    };
    const client = await clientOf(contextOf(await settingsOf(['--config', await file('parts.json', parts)])));
    expect(client.namespace).toBe('shop');
    const { redisUrl: _, ...rest } = parts;
    const incomplete = await settingsOf(['--config', await file('incomplete.json', rest)]);
    await expect(clientOf(contextOf(incomplete))).rejects.toThrow('redisUrl is missing');
  });

  it('that the library refuses in its module is reported in the words of the library, and other errors by their name', async () => {
    await file('refused.ts', `${MEMORY} export const sessions = new SessionClient({ keys: 'secret', lifetime: 7 });`);
    await file('broken.ts', `throw new TypeError('rediss://shop:secret@host');`);
    const clientIn = async (name: string) =>
      clientOf(contextOf(await settingsOf(['--config', await file(`${name}.json`, { client: `./${name}.ts` })])));
    await expect(clientIn('refused')).rejects.toThrow(/refused\.ts could not be loaded\. lifetime: expected an object/);
    const error = await clientIn('broken').catch((reason: unknown) => reason);
    expect(String(error)).toContain('broken.ts could not be loaded (TypeError)');
    expect(String(error)).not.toContain('secret');
  });

  it('is missing where nothing names it', async () => {
    await expect(clientOf(contextOf(await settingsOf([])))).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('--client is missing'),
    });
  });
});
