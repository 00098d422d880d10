import { readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { KeyRingError } from '../../errors.ts';
import { RING_LOCK_RETRY_MS, RING_LOCK_STALE_MS } from '../../limits/keys.ts';
import { delay, randomBytes, type Platform } from '../../platform/platform.ts';
import { codeOf } from './ring-file.ts';

/**
 * Runs `work` under the lock of a ring file, on this machine and on others that mount it. The lock is a file beside the
 * ring. A crashed process leaves it behind; it is reported and left to a person, since its owner may be alive on
 * another machine.
 */
export async function withRingLock<T>(
  path: string,
  waitMs: number,
  platform: Platform,
  work: () => Promise<T>,
): Promise<T> {
  const lock = `${path}.lock`;
  const owner = `process ${process.pid} on ${hostname()}, ${randomBytes(platform, 8).toString('hex')}\n`;
  const giveUpAt = platform.monotonic() + waitMs;
  while (!(await take(lock, owner))) {
    const ageMs = await ageOf(lock, platform);
    if (ageMs > RING_LOCK_STALE_MS || platform.monotonic() >= giveUpAt) throw await heldError(path, lock, ageMs);
    await delay(platform, platform.random() * RING_LOCK_RETRY_MS);
  }
  try {
    return await work();
  } finally {
    await release(lock, owner);
  }
}

/** Returns false if another process holds the lock. */
async function take(lock: string, owner: string): Promise<boolean> {
  try {
    await writeFile(lock, owner, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw new KeyRingError(`The lock file ${lock} could not be written (${codeOf(error)}).`);
  }
}

/** Removes only its own lock: another process may have taken over a stale one. */
async function release(lock: string, owner: string): Promise<void> {
  if ((await ownerOf(lock)) === owner) await unlink(lock).catch(() => undefined);
}

async function ageOf(lock: string, platform: Platform): Promise<number> {
  const mtimeMs = await stat(lock).then(
    (stats) => stats.mtimeMs,
    () => platform.now(),
  );
  return platform.now() - mtimeMs;
}

async function heldError(path: string, lock: string, ageMs: number): Promise<KeyRingError> {
  const [holder] = /^process \d{1,10} on [\w.-]{1,255}/.exec(await ownerOf(lock)) ?? ['another process'];
  return new KeyRingError(
    `The key ring file ${path} is being changed by ${holder}, for ${Math.max(0, Math.round(ageMs / 1000))} s. ` +
      `If that process is gone, delete ${lock} and try again.`,
  );
}

function ownerOf(lock: string): Promise<string> {
  return readFile(lock, 'utf8').catch(() => '');
}
