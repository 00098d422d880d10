import type { Stats } from 'node:fs';
import { link, open, realpath, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KeyRingError } from '../../errors.ts';
import { RING_FILE_BYTES_MAX } from '../../limits/keys.ts';
import { randomBytes, type Platform } from '../../platform/platform.ts';

/** Reads a whole file, at most as large as a ring can be. */
export async function readRingFile(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      return await readBounded(file);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof KeyRingError) throw error;
    const cure = codeOf(error) === 'ENOENT' ? ' If there never was one, "npx holdfast keys generate" makes it.' : '';
    throw new KeyRingError(`The key ring file ${path} could not be read (${codeOf(error)}).${cure}`);
  }
}

/**
 * Creates the file with mode 0600, whole or not at all. It never overwrites a file: a lost ring takes every session
 * with it.
 */
export function createRingFile(path: string, sealed: string, platform: Platform): Promise<void> {
  return viaTemporary(path, platform, async (temporary) => {
    await writeSynced(temporary, sealed);
    try {
      // A link fails where there is a file already, unlike a rename.
      await link(temporary, path);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      throw new KeyRingError(
        `The file ${path} exists already, and is not overwritten. Change the ring in it with changeKeyRingFile, or move it away first.`,
      );
    }
    await unlink(temporary);
  });
}

/**
 * Replaces the file as a whole: a crash leaves the old ring or the new one. The new file has the owner, the group and
 * the mode of the old one, so that the nodes that could read the old ring can read the new one. Refuses where this
 * process may not set them.
 */
export function replaceRingFile(path: string, sealed: string, platform: Platform): Promise<void> {
  return viaTemporary(path, platform, async (temporary) => {
    const before = await stat(path);
    await writeSynced(temporary, sealed, (file) => adopt(file, before, path));
    await rename(temporary, path);
  });
}

/** Resolves symbolic links: a link must not become a file of its own, nor have a lock of its own. */
export function realPathOf(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

/** Creates a temporary file beside the target, lets `write` use it, and syncs the directory. */
async function viaTemporary(
  path: string,
  platform: Platform,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomBytes(platform, 8).toString('hex')}.tmp`;
  try {
    await write(temporary);
    await syncDirectory(dirname(path));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    if (error instanceof KeyRingError) throw error;
    throw new KeyRingError(`The key ring file ${path} could not be written (${codeOf(error)}).`);
  }
}

async function adopt(file: FileHandle, { uid, gid, mode }: Stats, path: string): Promise<void> {
  const own = await file.stat();
  try {
    if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid);
    await file.chmod(mode & 0o777);
  } catch (error) {
    throw new KeyRingError(
      `The key ring file ${path} belongs to user ${uid} and group ${gid}, and this process, of user ${own.uid}, may not give ` +
        `a new file to them (${codeOf(error)}): nothing was saved. Run this as that user, or as root.`,
    );
  }
}

async function readBounded(file: FileHandle): Promise<string> {
  const target = Buffer.allocUnsafe(RING_FILE_BYTES_MAX + 1);
  let length = 0;
  while (length < target.length) {
    const { bytesRead } = await file.read(target, length, target.length - length);
    if (bytesRead === 0) return target.toString('utf8', 0, length);
    length += bytesRead;
  }
  throw new KeyRingError(`The key ring file is larger than ${RING_FILE_BYTES_MAX} bytes.`);
}

async function writeSynced(
  path: string,
  sealed: string,
  prepare: (file: FileHandle) => Promise<void> = async () => undefined,
): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(`${sealed}\n`);
    await prepare(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the rename durable. Windows cannot open a directory; there the file system has to. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Returns the file system's code, such as `ENOENT`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
}
