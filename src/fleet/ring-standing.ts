import { KeyRingError } from '../errors.ts';
import type { KeyRing } from '../keys/ring/key-ring.ts';
import type { RingMark } from '../tiers/durable.ts';

/** The comparison of a ring with one that is in use. `other-ring`: two rings share a version, so one of them is a mistake. */
export type Standing = 'newer' | 'other-ring' | 'rolled-back' | 'same';

/** Returns version and fingerprint of a ring, by which the fleet knows it. */
export function markOf(ring: KeyRing): RingMark {
  return { version: ring.version, fingerprint: ring.fingerprint() };
}

/** Compares a ring with the one that is in use. */
export function standingOf(ring: RingMark, inUse: RingMark): Standing {
  if (ring.version !== inUse.version) return ring.version > inUse.version ? 'newer' : 'rolled-back';
  return ring.fingerprint.equals(inUse.fingerprint) ? 'same' : 'other-ring';
}

/** Says what happened and what a person has to do. Names versions only. */
export function refusalOf(standing: 'other-ring' | 'rolled-back', ring: RingMark, inUse: RingMark): KeyRingError {
  const what =
    standing === 'rolled-back'
      ? `The key ring was rolled back: it has version ${ring.version}, but version ${inUse.version} is in use.`
      : `Another key ring of version ${ring.version} is in use.`;
  return new KeyRingError(
    `${what} Bring that one back; if it is lost, a new ring has to start above it: generateKeyRing({ version: ${inUse.version + 1} }).`,
  );
}
