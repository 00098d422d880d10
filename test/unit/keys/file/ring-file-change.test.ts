import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError, KeyRingError } from '../../../../src/errors.ts';
import { KeyRing } from '../../../../src/keys/ring/key-ring.ts';
import { changeKeyRingFile, rewrapKeyRing, rewrapKeyRingFile } from '../../../../src/keys/file/ring-file-change.ts';
import { addKey, generateKeyRing, withPromoted, revokeKey } from '../../../../src/keys/ring/rotation.ts';
import { fakeWrapper } from '../../../support/fake-wrapper.ts';
import { putRing } from '../../../support/put-ring.ts';
import { KEK } from '../../../support/ring-fixtures.ts';

const OTHER_KEK = Buffer.from(KEK).reverse();
const opener = { kek: KEK };
/** Nobody in particular. */
const [NODE_USER, NODE_GROUP, OTHER_USER] = [65_533, 65_532, 65_534] as const;
const WORKER = fileURLToPath(new URL('../../../support/ring-change-worker.ts', import.meta.url));

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-ring-'));
  path = join(folder, 'keys.jwe');
  await (await generateKeyRing()).save(path, opener);
});

afterEach(() => rm(folder, { recursive: true }));

const versionOf = async (): Promise<number> => (await KeyRing.open(path, opener)).version;

/** A promise and what settles it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('changeKeyRingFile', () => {
  it('saves a ring of a higher version and returns it', async () => {
    const ring = await changeKeyRingFile(path, opener, (before) => addKey(before));
    expect(ring.version).toBe(2);
    expect((await KeyRing.open(path, opener)).toJwks()).toEqual(ring.toJwks());
    expect(await readdir(folder)).toEqual(['keys.jwe']);
  });

  it('does not touch the file when there is nothing to do', async () => {
    await changeKeyRingFile(path, opener, (ring) => addKey(ring));
    // Not all of `Stats`: Node 26 adds a symbol of its own.
    const state = async () => {
      const { ino, size, mtimeMs, ctimeMs } = await stat(path);
      return { ino, size, mtimeMs, ctimeMs };
    };
    const before = await state();
    await changeKeyRingFile(path, opener, (ring) => addKey(ring));
    expect(await state()).toEqual(before);
    expect(await readdir(folder)).toEqual(['keys.jwe']);
  });

  it('keeps the ring sealed for absent openers', async () => {
    const openers = [opener, { kek: OTHER_KEK }, { wrapper: fakeWrapper('kms/one') }];
    await putRing(path, await generateKeyRing(), openers);
    await changeKeyRingFile(path, { wrapper: fakeWrapper('kms/one') }, (ring) => addKey(ring));
    for (const each of openers) expect((await KeyRing.open(path, each)).version).toBe(2);
  });

  it('keeps the mode of the file, for a change and for other openers', async () => {
    await chmod(path, 0o640);
    await changeKeyRingFile(path, opener, (ring) => addKey(ring));
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    await rewrapKeyRingFile(path, opener, { kek: OTHER_KEK });
    expect((await stat(path)).mode & 0o777).toBe(0o640);
  });

  it('changes the file to which a link leads, and locks that one', async () => {
    const link = join(folder, 'link.jwe');
    await symlink(path, link);
    await changeKeyRingFile(link, opener, async (ring) => {
      expect((await readdir(folder)).toSorted()).toEqual(['keys.jwe', 'keys.jwe.lock', 'link.jwe']);
      return addKey(ring);
    });
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect((await lstat(path)).isSymbolicLink()).toBe(false);
    expect(await versionOf()).toBe(2);
  });

  it.runIf(process.getuid?.() === 0)('as root, leaves the file to those to whom it belongs', async () => {
    await chown(path, NODE_USER, NODE_GROUP);
    await changeKeyRingFile(path, opener, (ring) => addKey(ring));
    const { uid, gid, mode } = await stat(path);
    expect([uid, gid, mode & 0o777]).toEqual([NODE_USER, NODE_GROUP, 0o600]);
    expect(await versionOf()).toBe(2);
  });

  it.runIf(process.getuid?.() === 0)('saves nothing that those to whom the file belongs could not read', async () => {
    await chmod(path, 0o644);
    await chown(path, NODE_USER, NODE_GROUP);
    await chmod(folder, 0o777);
    process.seteuid?.(OTHER_USER);
    try {
      await expect(changeKeyRingFile(path, opener, (ring) => addKey(ring))).rejects.toMatchObject({
        code: 'HOLDFAST_KEY_RING',
        message: expect.stringMatching(
          /belongs to user 65533 and group 65532, and this process, of user 65534.*nothing was saved/,
        ),
      });
    } finally {
      process.seteuid?.(0);
    }
    expect(await versionOf()).toBe(1);
    expect(await readdir(folder)).toEqual(['keys.jwe']);
  });

  it('lets one change at a time through, so that none is lost', async () => {
    const change = async (): Promise<KeyRing> =>
      changeKeyRingFile(path, opener, async (ring) => {
        const pending = ring.keys().find(({ state }) => state === 'pending');
        return pending === undefined ? addKey(ring) : revokeKey(ring, { kid: pending.kid });
      });
    const versions = (await Promise.all(Array.from({ length: 8 }, change))).map(({ version }) => version);
    expect(versions.toSorted((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await versionOf()).toBe(9);
  });

  it('passes on the error of the change, saves nothing and releases the lock', async () => {
    const failure = new Error('no');
    await expect(changeKeyRingFile(path, opener, () => Promise.reject(failure))).rejects.toBe(failure);
    await expect(changeKeyRingFile(path, { kek: OTHER_KEK }, (ring) => addKey(ring))).rejects.toThrow(KeyRingError);
    expect(await readdir(folder)).toEqual(['keys.jwe']);
    expect((await changeKeyRingFile(path, opener, (ring) => addKey(ring))).version).toBe(2);
  });

  it.each<[string, (ring: KeyRing) => unknown]>([
    ['nothing', () => undefined],
    ['something else', (ring) => ring.toJwks()],
    ['another ring of the same version', () => generateKeyRing()],
    ['an older ring', () => generateKeyRing()],
  ])('refuses a change that returns %s', async (what, change) => {
    if (what === 'an older ring') await putRing(path, await generateKeyRing({ version: 5 }), opener);
    const before = await readFile(path);
    const attempt = changeKeyRingFile(path, opener, (ring) => change(ring) as KeyRing);
    await expect(attempt).rejects.toThrow(/must return/);
    expect(await readFile(path)).toEqual(before);
  });

  it('does not overwrite a file that was replaced meanwhile without the lock', async () => {
    const theirs = await generateKeyRing({ version: 7 });
    const attempt = changeKeyRingFile(path, opener, async (ring) => {
      await putRing(path, theirs, opener);
      return addKey(ring);
    });
    await expect(attempt).rejects.toThrow(/replaced meanwhile by another process: nothing was saved/);
    expect(await versionOf()).toBe(7);
    expect(await readdir(folder)).toEqual(['keys.jwe']);
  });

  it('waits for another change up to its timeout, then names the holder of the lock and the remedy', async () => {
    const [inside, leave] = [gate(), gate()];
    const first = changeKeyRingFile(path, opener, async (ring) => {
      inside.open();
      await leave.opened;
      return addKey(ring);
    });
    await inside.opened;
    const second = changeKeyRingFile(path, opener, (ring) => addKey(ring), { timeout: 0 });
    await expect(second).rejects.toThrow(
      new RegExp(
        `is being changed by process ${process.pid} on [\\w.-]+, for \\d+ s. If that process is gone, delete .*keys.jwe.lock`,
      ),
    );
    const third = changeKeyRingFile(path, opener, (ring) => withPromoted(ring), { timeout: '10s' });
    leave.open();
    expect((await first).version).toBe(2);
    expect((await third).version).toBe(3);
  });

  it('reports a lock that was left long ago at once, and does not break it', async () => {
    const lock = `${path}.lock`;
    await writeFile(lock, 'whatever \u0007 somebody wrote');
    const longAgo = new Date(Date.now() - 3 * 60 * 60_000);
    await utimes(lock, longAgo, longAgo);
    const attempt = changeKeyRingFile(path, opener, (ring) => addKey(ring), { timeout: '1h' });
    await expect(attempt).rejects.toThrow(/is being changed by another process, for 10800 s. If that process is gone/);
    expect(await readdir(folder)).toEqual(['keys.jwe', 'keys.jwe.lock']);
  });

  it('does not remove a lock that is no longer its own', async () => {
    const lock = `${path}.lock`;
    await changeKeyRingFile(path, opener, async (ring) => {
      await writeFile(lock, 'somebody else, who thought the first one stale');
      return addKey(ring);
    });
    expect(await readFile(lock, 'utf8')).toContain('somebody else');
  });

  it('names the folder that it cannot write to, and refuses a timeout that is none', async () => {
    const nowhere = join(folder, 'missing', 'keys.jwe');
    await expect(changeKeyRingFile(nowhere, opener, (ring) => ring)).rejects.toThrow('could not be written (ENOENT)');
    const patient = changeKeyRingFile(path, opener, (ring) => ring, { timeout: '2h' });
    await expect(patient).rejects.toThrow(ConfigurationError);
  });
});

describe('a process that is killed', () => {
  const running: ChildProcess[] = [];

  function start(...args: string[]): { lines: () => string[]; kill: () => Promise<void>; child: ChildProcess } {
    const child = spawn(process.execPath, [WORKER, path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    running.push(child);
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    const kill = async (): Promise<void> => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    };
    return { lines: () => text.split('\n').slice(0, -1), kill, child };
  }

  afterEach(() => {
    for (const child of running) child.kill('SIGKILL');
  });

  it('in the middle of a change leaves the old ring and a lock that is reported', async () => {
    const worker = start('stall');
    await expect.poll(worker.lines, { timeout: 8_000 }).toEqual(['inside']);
    await worker.kill();
    expect(await versionOf()).toBe(1);
    const attempt = changeKeyRingFile(path, opener, (ring) => addKey(ring), { timeout: 0 });
    await expect(attempt).rejects.toThrow(`being changed by process ${worker.child.pid} on`);
    await rm(`${path}.lock`);
    expect((await changeKeyRingFile(path, opener, (ring) => addKey(ring))).version).toBe(2);
  });

  it(
    'at any moment leaves a ring that opens, and none that was acknowledged is lost',
    { timeout: 30_000 },
    async () => {
      const acknowledged: number[] = [];
      for (let round = 0; round < 3; round += 1) {
        const workers = [start(), start()];
        const target = 5 + round;
        await expect
          .poll(() => workers.flatMap(({ lines }) => lines()).length, { timeout: 8_000, interval: 3 })
          .toBeGreaterThan(target);
        await Promise.all(workers.map(({ kill }) => kill()));
        acknowledged.push(...workers.flatMap(({ lines }) => lines().map(Number)));
        expect(new Set(acknowledged).size).toBe(acknowledged.length);
        expect(await versionOf()).toBeGreaterThanOrEqual(Math.max(...acknowledged));
        await rm(`${path}.lock`, { force: true });
      }
    },
  );
});

describe('rewrapKeyRing', () => {
  it('seals the same ring for others, keys and version untouched', async () => {
    const ring = await addKey(await generateKeyRing());
    const rewrapped = await rewrapKeyRing(await ring.seal(opener), opener, [
      { kek: OTHER_KEK },
      { wrapper: fakeWrapper('a') },
    ]);
    expect((await KeyRing.unseal(rewrapped, { kek: OTHER_KEK })).toJwks()).toEqual(ring.toJwks());
    await expect(KeyRing.unseal(rewrapped, opener)).rejects.toThrow(/does not open with this kek/);
  });

  it('replaces a file alike, under the same lock', async () => {
    const before = (await KeyRing.open(path, opener)).toJwks();
    expect((await rewrapKeyRingFile(path, opener, { kek: OTHER_KEK })).toJwks()).toEqual(before);
    expect((await KeyRing.open(path, { kek: OTHER_KEK })).toJwks()).toEqual(before);
    await writeFile(`${path}.lock`, '');
    await expect(rewrapKeyRingFile(path, { kek: OTHER_KEK }, opener, { timeout: 0 })).rejects.toThrow(
      /is being changed/,
    );
  });

  it('draws a new content key, so that a removed opener cannot open later rings', async () => {
    await rewrapKeyRingFile(path, opener, [opener, { kek: OTHER_KEK }]);
    const keysOf = async (): Promise<string[]> => {
      const { recipients } = JSON.parse(await readFile(path, 'utf8')) as { recipients: { encrypted_key: string }[] };
      return recipients.map(({ encrypted_key }) => encrypted_key);
    };
    const before = await keysOf();
    await rewrapKeyRingFile(path, opener, [opener, { wrapper: fakeWrapper('a') }]);
    expect((await keysOf())[0]).not.toBe(before[0]);
    await expect(KeyRing.open(path, { kek: OTHER_KEK })).rejects.toThrow(/does not open with this kek/);
  });
});
