import { open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KeyRingError } from '../errors.ts';
import { RING_FILE_BYTES_MAX } from '../limits.ts';
import { randomBytes, type Platform } from '../platform/platform.ts';

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
 * Replaces the file so that a crash leaves the old ring or the new one, never half of one: a temporary file beside it,
 * synced, renamed over it, and the directory synced. Mode 0600.
 */
export async function writeRingFile(path: string, sealed: string, platform: Platform): Promise<void> {
  const temporary = `${path}.${randomBytes(platform, 8).toString('hex')}.tmp`;
  try {
    await writeSynced(temporary, `${sealed}\n`);
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw new KeyRingError(`The key ring file ${path} could not be written (${codeOf(error)}).`);
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

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
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
