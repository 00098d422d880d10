import type { Stats } from 'node:fs';
import { link, open, realpath, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KeyRingError } from '../../errors.ts';
import { RING_FILE_BYTES_MAX } from '../../limits/keys.ts';
import { randomBytes, type Platform } from '../../platform/platform.ts';

/** Reads a whole file that must not be larger than a ring can be. */
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
    throw new KeyRingError(`The key ring file ${path} could not be read (${codeOf(error)}).`);
  }
}

/**
 * Makes the file, of mode 0600, so that a crash leaves a whole ring or none. An existing file is never overwritten: a ring that
 * is gone takes every session with it.
 */
export function createRingFile(path: string, sealed: string, platform: Platform): Promise<void> {
  return viaTemporary(path, platform, async (temporary) => {
    await writeSynced(temporary, sealed);
    try {
      // Unlike a rename, a link fails where there is a file already.
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
 * Replaces the file so that a crash leaves the old ring or the new one, never half of one. The new file has the owner, the
 * group and the mode of the old one: the nodes that could read the ring must be able to read the next. Refuses where this
 * process may not set them.
 */
export function replaceRingFile(path: string, sealed: string, platform: Platform): Promise<void> {
  return viaTemporary(path, platform, async (temporary) => {
    const before = await stat(path);
    await writeSynced(temporary, sealed, (file) => adopt(file, before, path));
    await rename(temporary, path);
  });
}

/** The file that a path leads to: a link must not become a file of its own, nor have a lock of its own. */
export function realPathOf(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

/** Hands a temporary file beside the target to `write`, and makes durable what it did with it. */
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

/** Makes the rename itself durable. Windows cannot open a directory; there it is left to the file system. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** The file system's word, such as `ENOENT`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
}
