import { KeyRingError } from '../../errors.ts';
import { RING_LOCK_WAIT_MS_DEFAULT, RING_LOCK_WAIT_MS_MAX } from '../../limits/keys.ts';
import { requireOptions } from '../../option-checks.ts';
import { parseDuration, type Duration } from '../../platform/duration.ts';
import { systemPlatform, type Platform } from '../../platform/platform.ts';
import { KeyRing, ringFromText, textOfRing } from '../ring/key-ring.ts';
import { readRingFile, realPathOf, replaceRingFile } from './ring-file.ts';
import { withRingLock } from './ring-lock.ts';
import type { RingOpener } from '../seal/ring-opener.ts';
import { unsealText } from '../seal/sealed-ring.ts';

export interface ChangeKeyRingFileOptions {
  /** The time to wait for another change of the file to end. From 0 to 1 h. @defaultValue '5s' */
  readonly timeout?: Duration;
  readonly platform?: Platform;
}

/**
 * Loads the ring of a file, and saves the result of `change` if its version is higher. Returns the ring. Changes run
 * one at a time, under a lock file beside the ring. The file is replaced as a whole, so a crash leaves the old ring or
 * the new one, at worst with a lock file; `change` may then be run again. The file keeps its owner, group and mode, or
 * the change is refused; a symbolic link is followed. The new ring is sealed for every opener of the old one.
 * @throws {KeyRingError} the file cannot be read, locked or written. Like an error of `change`, it leaves the file as
 * it was.
 */
export function changeKeyRingFile(
  path: string,
  opener: RingOpener,
  change: (ring: KeyRing) => KeyRing | Promise<KeyRing>,
  options: ChangeKeyRingFileOptions = {},
): Promise<KeyRing> {
  return changeFile('changeKeyRingFile', path, options, async (sealed) => {
    const { text, reseal } = await unsealText(sealed, opener);
    const ring = ringFromText(text);
    const changed = await change(ring);
    return { ring: changed, sealed: isNewer(changed, ring) ? await reseal(textOfRing(changed)) : undefined };
  });
}

/**
 * Returns a sealed ring for other openers: a new passphrase, key-encryption key or key service. Keys and version stay.
 * The old text still opens with the old openers: delete it.
 * @throws {KeyRingError} it does not open.
 */
export async function rewrapKeyRing(
  sealed: string,
  from: RingOpener,
  to: RingOpener | readonly RingOpener[],
): Promise<string> {
  return (await KeyRing.unseal(sealed, from)).seal(to);
}

/**
 * Seals the ring of a file for other openers (`rewrapKeyRing`), and replaces the file as `changeKeyRingFile` does.
 * Returns the ring.
 */
export function rewrapKeyRingFile(
  path: string,
  from: RingOpener,
  to: RingOpener | readonly RingOpener[],
  options: ChangeKeyRingFileOptions = {},
): Promise<KeyRing> {
  return changeFile('rewrapKeyRingFile', path, options, async (sealed) => {
    const ring = await KeyRing.unseal(sealed, from);
    return { ring, sealed: await ring.seal(to) };
  });
}

interface Replacement {
  readonly ring: KeyRing;
  /** The new text; undefined leaves the file unchanged. */
  readonly sealed: string | undefined;
}

async function changeFile(
  what: string,
  path: string,
  options: ChangeKeyRingFileOptions,
  replace: (sealed: string) => Promise<Replacement>,
): Promise<KeyRing> {
  const given = requireOptions(`${what} options`, options, ['timeout', 'platform']);
  const { timeout = RING_LOCK_WAIT_MS_DEFAULT, platform = systemPlatform } = given;
  const waitMs = parseDuration('timeout', timeout, 0, RING_LOCK_WAIT_MS_MAX);
  const target = await realPathOf(path);
  return withRingLock(target, waitMs, platform, async () => {
    const before = await readRingFile(target);
    const { ring, sealed } = await replace(before);
    if (sealed === undefined) return ring;
    // A copy or a deployment may have replaced the file without the lock.
    if ((await readRingFile(target)) !== before) {
      throw new KeyRingError(
        `The key ring file ${target} was replaced meanwhile by another process: nothing was saved.`,
      );
    }
    await replaceRingFile(target, sealed, platform);
    return ring;
  });
}

/** Returns true if the change is to be saved. Another ring without a higher version would not reach the other nodes. */
function isNewer(changed: unknown, ring: KeyRing): boolean {
  if (!(changed instanceof KeyRing)) throw new KeyRingError('A change of a key ring must return a key ring.');
  if (changed.version > ring.version) return true;
  if (changed.fingerprint().equals(ring.fingerprint())) return false;
  throw new KeyRingError(
    `A change of a key ring must return it as it was, or one of a higher version than ${ring.version}: it is now ${changed.version}.`,
  );
}
