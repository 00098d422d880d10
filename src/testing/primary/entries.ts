import { equal } from 'node:assert/strict';
import { delay, randomBytes as platformBytes, systemPlatform } from '../../platform/platform.ts';
import { envelopeTag } from '../../session/sealed-record.ts';
import type { NewValue, PrimaryValue, RestampCommand } from '../../tiers/primary.ts';
import type { KeyedTier } from './keyed-tier.ts';

export const NOW = 1_764_000_000_000;
export const MINUTE = 60_000;
/** A time to live that is long enough to be met and short enough to be waited for, in milliseconds. */
export const SOON = 40;
/** The number of calls in a race. */
export const RACERS = 50;
/** The revision of the value that cases begin with. */
export const REVISION = 5;

export const KINDS = ['absent', 'value', 'hold', 'lease', 'tombstone'] as const;
export type Kind = (typeof KINDS)[number];

/** An entry that ends soon is waited for this long. */
const GONE_WITHIN_MS = 10_000;
const POLL_MS = 5;

/** An envelope that is longer than its tag. */
const SEALED: Buffer = Buffer.from('a sealed session with its tag');
/** Differs from the other envelope in the last byte of its tag. */
export const OTHER: Buffer = Buffer.from('a sealed session with its taf');

export function randomBytes(length: number): Buffer {
  return platformBytes(systemPlatform, length);
}

export function key(): Buffer {
  return randomBytes(32);
}

export function aValue(differences: Partial<NewValue>): NewValue {
  return {
    revision: REVISION,
    stamp: { incarnation: 'thislife', at: NOW },
    lastSeenAt: NOW,
    idleExpiresAt: NOW + MINUTE,
    envelope: SEALED,
    ttlMs: MINUTE,
    ...differences,
  };
}

export function aStamp(differences: Partial<RestampCommand>): RestampCommand {
  const { envelope, ...value } = aValue({});
  return { ...value, tag: envelopeTag(envelope), ...differences };
}

/** The value as `read` returns it. */
export function asRead({ revision, stamp, lastSeenAt, idleExpiresAt, envelope }: NewValue): PrimaryValue {
  return { kind: 'value', revision, stamp, lastSeenAt, idleExpiresAt, envelope };
}

/** Stores a value where there was nothing. */
export async function fill(tier: KeyedTier, place: Buffer, value: NewValue): Promise<void> {
  equal(await tier.lease(place, 'filler', null), true);
  equal(await tier.fill(place, 'filler', value), true);
}

/** Puts an entry of this kind where there was nothing. */
export async function put(tier: KeyedTier, place: Buffer, kind: Kind): Promise<void> {
  if (kind === 'value') await fill(tier, place, aValue({}));
  else if (kind === 'hold') await tier.hold(place);
  else if (kind === 'lease') equal(await tier.lease(place, 'theirs', null), true);
  else if (kind === 'tombstone') await tier.tombstone(place, MINUTE);
}

/** Returns a new key that holds an entry of this kind. */
export async function prepared(tier: KeyedTier, kind: Kind): Promise<Buffer> {
  const place = key();
  await put(tier, place, kind);
  return place;
}

export async function readValue(tier: KeyedTier, place: Buffer): Promise<PrimaryValue> {
  const entry = await tier.read(place);
  if (entry.kind !== 'value') throw new Error(`Expected a value, not ${entry.kind}.`);
  return entry;
}

/** The kind of the entry, and the revision of a value. */
export async function summary(tier: KeyedTier, place: Buffer): Promise<string> {
  const entry = await tier.read(place);
  return entry.kind === 'value' ? `value ${entry.revision}` : entry.kind;
}

/** The summary of what `put` puts. */
export function summaryOf(kind: Kind): string {
  return kind === 'value' ? `value ${REVISION}` : kind;
}

/** The rows of one column of the contract's table: the kind that is met, and the summary afterwards (null: the same as before). */
export function cells(outcomes: Readonly<Record<Kind, string | null>>): (readonly [Kind, string | null])[] {
  return KINDS.map((kind) => [kind, outcomes[kind]]);
}

/** Says in the name of a case what becomes of an entry. `after` is its summary afterwards, null if it stays. */
export function outcome(after: string | null): string {
  if (after === null) return 'stays';
  return after === 'absent' ? 'is deleted' : `becomes ${after}`;
}

/** Waits until the entry has ended. */
export async function gone(tier: KeyedTier, place: Buffer): Promise<void> {
  const deadline = systemPlatform.monotonic() + GONE_WITHIN_MS;
  while ((await tier.read(place)).kind !== 'absent') {
    if (systemPlatform.monotonic() > deadline) throw new Error(`The entry did not end within ${GONE_WITHIN_MS} ms.`);
    await delay(systemPlatform, POLL_MS);
  }
}
