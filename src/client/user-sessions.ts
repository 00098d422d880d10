import { timingSafeEqual } from 'node:crypto';
import type { Codec } from '../codec/codec.ts';
import { EnvelopeError } from '../errors.ts';
import { hasEnded } from '../session/lifetime.ts';
import type { SealedRecord } from '../session/sealed-record.ts';
import { handleOf } from '../session/session-id.ts';
import type { SessionSummary } from './session.ts';

/** Living rows as a device list shows them, the latest seen first. */
export function summarize(codec: Codec, rows: readonly SealedRecord[], now: number): SessionSummary[] {
  return rows
    .filter((row) => !hasEnded(row, now))
    .toSorted((a, b) => b.lastSeenAt - a.lastSeenAt)
    .map((row) => ({
      handle: handleOf(row.storageKey),
      label: labelOf(codec, row),
      createdAt: new Date(row.createdAt),
      lastSeenAt: new Date(row.lastSeenAt),
      idleExpiresAt: new Date(row.idleExpiresAt),
      absoluteExpiresAt: new Date(row.absoluteExpiresAt),
    }));
}

/** The storage key that this handle names among a user's sessions. */
export function findByHandle(rows: readonly SealedRecord[], handle: string): Buffer | undefined {
  const wanted = Buffer.from(handle);
  return rows.find((row) => {
    const candidate = Buffer.from(handleOf(row.storageKey));
    return candidate.length === wanted.length && timingSafeEqual(candidate, wanted);
  })?.storageKey;
}

/** A session that does not open must still be listed, or its user could not end it. */
function labelOf(codec: Codec, row: SealedRecord): string | undefined {
  try {
    return codec.open(row.storageKey, row.envelope).label;
  } catch (error) {
    if (error instanceof EnvelopeError) return undefined;
    throw error;
  }
}
