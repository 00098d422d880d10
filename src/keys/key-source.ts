import type { Platform } from '../platform/platform.ts';
import { KeyRing } from './key-ring.ts';
import type { RingOpener } from './ring-opener.ts';

/** Where a client gets its key ring from, at its start and whenever there may be a newer one. */
export interface KeySource {
  /** The newest ring. Throws `KeyRingError`; never makes up a key. */
  load(): Promise<KeyRing>;
  /**
   * Calls `changed` when `load` may have a newer ring, until the function that it returns is called. A source without it is
   * asked again only when an envelope names a key that the ring lacks.
   */
  watch?(changed: () => void, platform: Platform): () => void;
}

/** A sealed ring in a file, as `KeyRing.save` writes it. */
export function keyRingFile(path: string, opener: RingOpener): KeySource {
  return { load: () => KeyRing.open(path, opener) };
}
