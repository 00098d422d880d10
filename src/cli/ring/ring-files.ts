import { access } from 'node:fs/promises';
import type { KeyRing } from '../../keys/ring/key-ring.ts';
import { changeKeyRingFile } from '../../keys/file/ring-file-change.ts';
import type { RingOpener } from '../../keys/seal/ring-opener.ts';
import type { Context } from '../commands/command.ts';
import { refusal, refusing } from '../shell/exit.ts';

export function ringPathOf({ settings }: Context): string {
  return settings.required('ring');
}

/** Refuses an existing file before a person makes up a passphrase for a ring that would not be saved. */
export async function requireNoFile(path: string): Promise<void> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) throw refusal(`${path} exists already, and is not overwritten.`);
}

export interface Changed {
  readonly before: KeyRing;
  readonly ring: KeyRing;
}

/** Changes the ring of a file under its lock. An error of `change` is a refusal. */
export async function changeRing(
  path: string,
  opener: RingOpener,
  change: (ring: KeyRing) => KeyRing | Promise<KeyRing>,
): Promise<Changed> {
  let before: KeyRing | undefined;
  const ring = await changeKeyRingFile(path, opener, (current) => {
    before = current;
    return refusing(() => change(current));
  });
  return { before: before ?? ring, ring };
}

/**
 * Saves a change that waited for the fleet, if the file still holds the ring that it was made from. It waits without
 * the lock: a leaked key must be revocable meanwhile.
 */
export function saveAgreed(path: string, opener: RingOpener, { before, ring }: Changed): Promise<Changed> {
  return changeRing(path, opener, (current) => {
    if (current.version === before.version && current.fingerprint().equals(before.fingerprint())) return ring;
    throw refusal('The ring was changed meanwhile. Nothing was saved: look at it, and run this again.');
  });
}
