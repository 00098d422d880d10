import { KeyRing } from './key-ring.ts';
import type { RingOpener } from './sealed-ring.ts';

/** Where a client gets its key ring from. */
export interface KeySource {
  /** The newest ring. Throws `KeyRingError`; never makes up a key. */
  load(): Promise<KeyRing>;
}

/** A sealed ring in a file, as `KeyRing.save` writes it. */
export function keyRingFile(path: string, opener: RingOpener): KeySource {
  return { load: () => KeyRing.open(path, opener) };
}
