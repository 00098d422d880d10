import { KeyRingError } from '../../errors.ts';
import { RING_FILE_BYTES_MAX } from '../../limits/keys.ts';
import { openCompact, sealCompact } from './compact-ring.ts';
import { openGeneral, sealGeneral } from './general-ring.ts';
import type { UnsealedText } from './ring-jwe.ts';
import { resolveOpener, resolveOpeners, type RingOpener } from './ring-opener.ts';

/** Seals the text of a ring: as a Compact JWE for one opener, as a General JWE for several. */
export async function sealText(text: string, openers: RingOpener | readonly RingOpener[]): Promise<string> {
  const resolved = resolveOpeners(openers);
  return resolved.length === 1 ? sealCompact(text, resolved[0]) : sealGeneral(text, resolved);
}

/**
 * Opens what `sealText` sealed.
 * @throws {KeyRingError} the file or the opener is wrong; the message says which.
 */
export async function unsealText(sealed: string, opener: RingOpener): Promise<UnsealedText> {
  const resolved = resolveOpener(opener);
  const jwe = sealed.trim();
  if (jwe.length > RING_FILE_BYTES_MAX) throw new KeyRingError('The sealed key ring is too long to be one.');
  return jwe.startsWith('{') ? openGeneral(jwe, resolved) : openCompact(jwe, resolved);
}
