import { readEnvelopeHeader } from '../../codec/envelope.ts';
import { EnvelopeError } from '../../errors.ts';
import { ALGORITHM_OF, type KeyState } from '../../keys/ring/ring-key.ts';
import type { KeyRing } from '../../keys/ring/key-ring.ts';
import { STORAGE_KEY_SHOWN_BYTES } from '../../limits/cli.ts';
import { hasEnded } from '../../session/lifetime.ts';
import { envelopeTag } from '../../session/sealed-record.ts';
import { handleOf } from '../../session/session-id.ts';
import type { EngineParts } from '../../engine/engine.ts';
import { readNames } from '../../tiering/masters/names.ts';
import type { SeenEntry } from '../../tiering/guard/primary-guard.ts';
import type { SeenRow } from '../../tiering/read/inspect.ts';

/** A key as an envelope names it. `kid` and `state` are null if the ring does not have it. */
export interface NamedKey {
  readonly keyId: string;
  readonly kid: string | null;
  readonly state: KeyState | null;
}

/** The header of an envelope, which is not secret, and whether this client opens the rest. */
export interface EnvelopeReport {
  readonly bytes: number;
  readonly alg: string | null;
  readonly revision: number | null;
  readonly key: NamedKey | null;
  /** Null if it opens, else the reason of `HOLDFAST_ENVELOPE`. */
  readonly refusal: string | null;
  /** The keys that have sealed this session, the oldest first; known only of an envelope that opens. */
  readonly lineage: readonly NamedKey[];
  readonly dataBytes: number | null;
  readonly authenticatedAt: string | null;
}

export interface PrimaryReport {
  readonly holds: 'absent' | 'hold' | 'lease' | 'tombstone' | 'unreached' | 'value';
  readonly shard: string | null;
  /** True if the database names this server: only then do nodes believe what it has. */
  readonly counts: boolean | null;
  readonly revision: number | null;
  /** Milliseconds since the database confirmed this copy; null if another incarnation of the server has stamped it. */
  readonly confirmedMsAgo: number | null;
  readonly lastSeenAt: string | null;
  readonly idleExpiresAt: string | null;
  readonly envelope: EnvelopeReport | null;
}

export interface DurableReport {
  readonly row: 'ended' | 'living' | 'none' | 'revoked';
  readonly revision: number | null;
  /** The key of the user, as on the audit stream. */
  readonly userKey: string | null;
  readonly createdAt: string | null;
  readonly lastSeenAt: string | null;
  readonly idleLifetimeMs: number | null;
  readonly idleExpiresAt: string | null;
  readonly absoluteExpiresAt: string | null;
  readonly envelope: EnvelopeReport | null;
}

/** The contents of both tiers for a session, and how the two compare. Holds no id, no data, no user id and no label. */
export interface SessionReport {
  readonly found: boolean;
  readonly handle: string;
  /** The beginning of the storage key, enough to find it among the keys of Redis. */
  readonly storageKey: string;
  readonly agree: boolean | null;
  readonly verdict: string;
  readonly primary: PrimaryReport;
  readonly durable: DurableReport;
}

type Parts = Pick<EngineParts, 'codec' | 'durable' | 'platform' | 'store'>;

/** Looks at a session in both tiers. */
export async function reportOn(parts: Parts, storageKey: Buffer): Promise<SessionReport> {
  const first = await look(parts, storageKey);
  // A write may have come between the two looks; it does not do so twice.
  return first.agree === false ? look(parts, storageKey) : first;
}

async function look(parts: Parts, storageKey: Buffer): Promise<SessionReport> {
  const [{ primary, durable }, { masters }] = await Promise.all([
    parts.store.inspect(storageKey),
    parts.durable.fleet.read(),
  ]);
  const [agree, verdict] = verdictOn(primary, durable);
  return {
    found: durable.kind !== 'none' || (primary !== null && primary.entry.kind !== 'absent'),
    handle: handleOf(storageKey),
    storageKey: storageKey.toString('hex', 0, STORAGE_KEY_SHOWN_BYTES),
    agree,
    verdict,
    primary: primaryReport(parts, storageKey, primary, masters),
    durable: durableReport(parts, storageKey, durable),
  };
}

/** Returns whether the tiers agree, null where one of them says nothing, and a sentence. */
export function verdictOn(primary: SeenEntry | null, durable: SeenRow): [agree: boolean | null, verdict: string] {
  const kind = primary?.entry.kind;
  if (primary === null) return [null, 'Redis was not reached: the database decides.'];
  if (kind === 'absent') {
    if (durable.kind === 'row') return [null, 'Redis has no copy: the next read asks the database.'];
    return [true, durable.kind === 'none' ? 'Neither has it.' : 'It has ended.'];
  }
  if (kind === 'tombstone') {
    if (durable.kind !== 'row') return [true, 'It has ended.'];
    return [
      false,
      'Redis says that it has ended, the database that it has not: its revocation may be on the way, or lost.',
    ];
  }
  if (primary.entry.kind !== 'value')
    return [null, 'A write or a read of it is under way: until then the database decides.'];
  if (durable.kind !== 'row') {
    return [false, 'Redis has a copy of a session that the database has ended: no node believes it after 1.5 s.'];
  }
  const { revision, envelope } = primary.entry;
  const { row } = durable;
  if (revision < row.revision) return [false, 'Redis is behind: no node believes its copy after 1.5 s.'];
  if (revision > row.revision) return [false, 'Redis is ahead: the database has lost writes.'];
  if (!envelopeTag(envelope).equals(envelopeTag(row.envelope))) {
    return [
      false,
      'Both have this revision, but not the same envelope: the database has lost a write and repeated its number.',
    ];
  }
  return [true, 'Both have the same.'];
}

function primaryReport(
  parts: Parts,
  storageKey: Buffer,
  seen: SeenEntry | null,
  masters: string | null,
): PrimaryReport {
  if (seen === null) return { ...NOTHING_IN_PRIMARY, holds: 'unreached', shard: null, counts: null };
  const { entry, shard, vantage } = seen;
  const counts = readNames(masters ?? '').get(shard)?.incarnation === vantage.incarnation;
  if (entry.kind !== 'value') return { ...NOTHING_IN_PRIMARY, holds: entry.kind, shard, counts };
  const { revision, stamp, lastSeenAt, idleExpiresAt, envelope } = entry;
  return {
    holds: 'value',
    shard,
    counts,
    revision,
    confirmedMsAgo:
      stamp.incarnation === vantage.incarnation ? Math.max(0, Math.round(vantage.latest - stamp.at)) : null,
    lastSeenAt: timeOf(lastSeenAt),
    idleExpiresAt: timeOf(idleExpiresAt),
    envelope: envelopeReport(parts, storageKey, { envelope, revision }),
  };
}

const NOTHING_IN_PRIMARY = {
  revision: null,
  confirmedMsAgo: null,
  lastSeenAt: null,
  idleExpiresAt: null,
  envelope: null,
} as const;

function durableReport(parts: Parts, storageKey: Buffer, durable: SeenRow): DurableReport {
  if (durable.kind !== 'row') return { ...NO_ROW, row: durable.kind };
  const { row } = durable;
  return {
    row: hasEnded(row, parts.platform.now()) ? 'ended' : 'living',
    revision: row.revision,
    userKey: row.userKey?.toString('base64url') ?? null,
    createdAt: timeOf(row.createdAt),
    lastSeenAt: timeOf(row.lastSeenAt),
    idleLifetimeMs: row.idleLifetimeMs,
    idleExpiresAt: timeOf(row.idleExpiresAt),
    absoluteExpiresAt: timeOf(row.absoluteExpiresAt),
    envelope: envelopeReport(parts, storageKey, row),
  };
}

const NO_ROW = {
  revision: null,
  userKey: null,
  createdAt: null,
  lastSeenAt: null,
  idleLifetimeMs: null,
  idleExpiresAt: null,
  absoluteExpiresAt: null,
  envelope: null,
} as const;

/** `revision` is that of the tier, with which the envelope has to agree. */
function envelopeReport(
  { codec }: Parts,
  storageKey: Buffer,
  { envelope, revision: stored }: { readonly envelope: Buffer; readonly revision: number },
): EnvelopeReport {
  const nothing = { bytes: envelope.length, lineage: [], dataBytes: null, authenticatedAt: null };
  let header: Pick<EnvelopeReport, 'alg' | 'key' | 'revision'> = { alg: null, key: null, revision: null };
  try {
    const { suite, keyId, revision } = readEnvelopeHeader(envelope);
    header = { alg: ALGORITHM_OF[suite], revision, key: keyOf(codec.ring, keyId) };
    const { lineage, data, authenticatedAt } = codec.open(storageKey, envelope);
    return {
      ...nothing,
      ...header,
      refusal: revision === stored ? null : 'rolled-back',
      lineage: lineage.map((earlier) => keyOf(codec.ring, earlier)),
      dataBytes: data.length,
      authenticatedAt: authenticatedAt === undefined ? null : timeOf(authenticatedAt),
    };
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error;
    return { ...nothing, ...header, refusal: error.reason };
  }
}

function keyOf(ring: KeyRing, keyId: Buffer): NamedKey {
  const key = ring.dataKey(keyId);
  const state = key?.state ?? (ring.isRevoked(keyId) ? 'revoked' : null);
  return { keyId: keyId.toString('hex'), kid: key?.kid ?? null, state };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
