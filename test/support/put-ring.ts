import { randomUUID } from 'node:crypto';
import { rename } from 'node:fs/promises';
import type { KeyRing, RingOpener } from '../../src/index.ts';

/** Puts a ring in place of whatever is there, at once and asking nobody, as a deployment does. */
export async function putRing(path: string, ring: KeyRing, openers: RingOpener | readonly RingOpener[]): Promise<void> {
  const beside = `${path}.${randomUUID()}`;
  await ring.save(beside, openers);
  await rename(beside, path);
}
