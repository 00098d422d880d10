/**
 * Makes the vectors of envelope v1. `node test/vectors/envelope-v1.ts` adds new ones to the file beside it; what is
 * there already is a promise to every stored session, so the script refuses to change or drop a vector.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { BlindIndex } from '../../src/codec/blind-index.ts';
import { cookieKeyOf } from '../../src/codec/cookie-key.ts';
import { sealEnvelope } from '../../src/codec/envelope.ts';
import { encodeRecord } from '../../src/codec/record-format.ts';
import type { EnvelopeErrorReason } from '../../src/errors.ts';
import type { KeyRing } from '../../src/keys/ring/key-ring.ts';
import type { RingJwk } from '../../src/keys/ring/ring-jwk.ts';
import type { DataKey, IndexKey, Suite } from '../../src/keys/ring/ring-key.ts';
import { LINEAGE_KEYS_MAX } from '../../src/limits/session.ts';
import type { SessionRecord } from '../../src/session/session-record.ts';
import { fixtureJwk, fixtureJwks, fixtureRing } from '../support/ring-fixtures.ts';
import {
  bindingOf,
  countingPlatform,
  keyIn,
  keyOfSuite,
  NAMESPACE,
  OTHER_STORAGE_KEY,
  recordOf,
  SESSION_ID,
  STORAGE_KEY,
  strangeKeyId,
} from '../support/sealing-fixtures.ts';

/** A record as JSON can hold it; `data` is its text. */
interface RecordText {
  readonly revision: number;
  readonly createdAt: number;
  readonly absoluteExpiresAt: number;
  readonly idleLifetimeMs: number;
  readonly authenticatedAt: number | null;
  /** Every key that sealed the session, the envelope's own last. */
  readonly lineage: readonly string[];
  readonly userId: string | null;
  readonly label: string | null;
  readonly schemaVersion: number;
  readonly data: string;
}

interface Context {
  readonly namespace: string;
  readonly storageKey: string;
}

interface OpeningVector extends Context {
  readonly name: string;
  readonly additionalData: string;
  readonly plaintext: string;
  readonly envelope: string;
  readonly record: RecordText;
}

interface RefusedVector extends Context {
  readonly name: string;
  readonly envelope: string;
  readonly reason: EnvelopeErrorReason;
}

interface UserKeyVector {
  readonly name: string;
  readonly namespace: string;
  readonly userId: string;
  readonly kid: string;
  readonly userKey: string;
}

interface CookieKeyVector {
  readonly name: string;
  readonly namespace: string;
  readonly kid: string;
  readonly cookieKey: string;
}

export interface VectorFile {
  readonly about: string;
  readonly sessionId: string;
  readonly ring: { readonly 'holdfast:version': number; readonly keys: readonly RingJwk[] };
  readonly opens: readonly OpeningVector[];
  readonly refused: readonly RefusedVector[];
  readonly userKeys: readonly UserKeyVector[];
  readonly cookieKeys: readonly CookieKeyVector[];
}

const VECTOR_FILE: URL = new URL('envelope-v1.json', import.meta.url);

const ABOUT =
  'Vectors of envelope v1, see docs/reference/envelope-v1.md. Bytes are hexadecimal. The keys are public: never use them. ' +
  'Nonces count 00, 01, 02 and so on. The storage key is the SHA-256 of sessionId. Vectors are only ever added.';

/** Where the texts of a plaintext without lineage begin. */
const TEXTS_AT = 31;

/** How a plaintext says that it has no user id or no label. */
const ABSENT = Buffer.from([0xff, 0xff]);

const HERE: Context = { namespace: NAMESPACE, storageKey: STORAGE_KEY.toString('hex') };

export async function envelopeVectors(): Promise<VectorFile> {
  const ring = await fixtureRing();
  const refused = [...rewritten(ring, 2), ...rewritten(ring, 1), ...(await unusableKeys(ring)), ...wrongPlaintexts(ring)];
  return {
    about: ABOUT,
    sessionId: SESSION_ID,
    ring: fixtureJwks(),
    opens: opens(ring),
    refused,
    userKeys: userKeys(ring),
    cookieKeys: cookieKeys(ring),
  };
}

function opens(ring: KeyRing): OpeningVector[] {
  const [xaes, gcm, pending] = [keyIn(ring, 'active'), keyIn(ring, 'decrypt-only'), keyIn(ring, 'pending')];
  const bare = recordOf({ authenticatedAt: undefined, userId: undefined, label: undefined, data: Buffer.from('{}') });
  const known = [gcm, pending, keyIn(ring, 'retired')].map(({ keyId }) => keyId);
  const unknown = Array.from({ length: LINEAGE_KEYS_MAX }, (_, n) => strangeKeyId(n));
  const wide = recordOf({ userId: 'жанна@пример.рф', label: 'Сафари 🦊', schemaVersion: 2 ** 32 - 1, idleLifetimeMs: 1 });
  return [
    opening('XAES-256-GCM', xaes, recordOf()),
    opening('XAES-256-GCM, no user and no label', xaes, bare),
    opening('XAES-256-GCM, empty data', xaes, recordOf({ data: Buffer.alloc(0) })),
    opening('XAES-256-GCM, empty label', xaes, recordOf({ label: '' })),
    opening('XAES-256-GCM, text beyond ASCII, largest schema version', xaes, wide),
    opening('XAES-256-GCM, revision above 32 bits', xaes, recordOf({ revision: 2 ** 32 + 5 })),
    opening('XAES-256-GCM, largest revision', xaes, recordOf({ revision: Number.MAX_SAFE_INTEGER })),
    opening('XAES-256-GCM, lineage of keys that are decrypt-only, pending and retired', xaes, recordOf({ lineage: known })),
    opening('XAES-256-GCM, longest lineage, of keys that the ring lacks', xaes, recordOf({ lineage: unknown })),
    opening('XAES-256-GCM, pending key', pending, recordOf()),
    opening('XAES-256-GCM, namespace beyond ASCII', xaes, recordOf(), 'магазин'),
    opening('A256GCM, decrypt-only key', gcm, recordOf()),
    opening('A256GCM, no user and no label', gcm, bare),
    opening('A256GCM, lineage of a key of the other suite', gcm, recordOf({ lineage: [xaes.keyId] })),
  ];
}

/** What somebody can do to a stored envelope without a key. */
function rewritten(ring: KeyRing, suite: Suite): RefusedVector[] {
  const good = sealed(keyOfSuite(ring, suite), plaintextOf(recordOf()), 9);
  const headerBytes = suite === 2 ? 44 : 32;
  const twin = keyIn(ring, suite === 2 ? 'pending' : 'active');
  const name = suite === 2 ? 'XAES-256-GCM' : 'A256GCM';
  const bad = (what: string, reason: EnvelopeErrorReason, envelope: Buffer, context?: Partial<Context>): RefusedVector =>
    refusing(`${name}, ${what}`, reason, envelope, context);
  const flipped = (at: number): Buffer => overwritten(good, at, [(good[at] as number) ^ 1]);
  return [
    bad('nonce altered', 'tampered', flipped(20)),
    bad('ciphertext altered', 'tampered', flipped(headerBytes)),
    bad('tag altered', 'tampered', flipped(good.length - 1)),
    bad('truncated by one byte', 'tampered', good.subarray(0, -1)),
    bad('truncated inside the tag of an empty ciphertext', 'malformed', good.subarray(0, headerBytes + 15)),
    bad('truncated inside the header', 'malformed', good.subarray(0, 19)),
    bad('empty', 'malformed', good.subarray(0, 0)),
    bad('one byte appended', 'tampered', Buffer.concat([good, Buffer.alloc(1)])),
    bad('moved to another session', 'tampered', good, { storageKey: OTHER_STORAGE_KEY.toString('hex') }),
    bad('moved to another namespace', 'tampered', good, { namespace: 'shop2' }),
    bad('another revision', 'tampered', overwritten(good, 12, [0, 0, 0, 0, 0, 0, 0, 8])),
    bad('revision zero', 'malformed', overwritten(good, 12, [0, 0, 0, 0, 0, 0, 0, 0])),
    bad('revision 2^53', 'malformed', overwritten(good, 12, [0, 0x20, 0, 0, 0, 0, 0, 0])),
    bad('reserved flag', 'malformed', overwritten(good, 3, [1])),
    bad('the other suite', 'tampered', overwritten(good, 2, [suite === 2 ? 1 : 2])),
    bad('unknown suite', 'malformed', overwritten(good, 2, [3])),
    bad('another format version', 'malformed', overwritten(good, 1, [2])),
    bad('another first byte', 'malformed', overwritten(good, 0, [0x7b])),
    bad('another key of the ring', 'tampered', overwritten(good, 4, twin.keyId)),
    bad('no key of the ring', 'unknown-key', overwritten(good, 4, Buffer.alloc(8))),
  ];
}

/** Envelopes that are genuine, under keys that may not open them. */
async function unusableKeys(ring: KeyRing): Promise<RefusedVector[]> {
  const plaintext = plaintextOf(recordOf());
  const descendant = plaintextOf(recordOf({ lineage: [strangeKeyId(0), keyIn(ring, 'revoked').keyId] }));
  const stranger = await fixtureRing([
    fixtureJwk('stranger', 'XAES-256-GCM', 'active'),
    fixtureJwk('index', 'HS256', 'active'),
  ]);
  return [
    refusing('revoked key', 'revoked-key', sealed(keyIn(ring, 'revoked'), plaintext)),
    refusing('retired key', 'revoked-key', sealed(keyIn(ring, 'retired'), plaintext)),
    refusing('revoked key in the lineage', 'revoked-key', sealed(keyIn(ring, 'active'), descendant)),
    refusing('key of another ring', 'unknown-key', sealed(stranger.sealingKey, plaintext)),
    refusing('JSON instead of an envelope', 'malformed', Buffer.from(`{"userId":"u_42","pad":"${'x'.repeat(80)}"}`)),
  ];
}

/** Genuine envelopes whose plaintext is not a record. */
function wrongPlaintexts(ring: KeyRing): RefusedVector[] {
  const good = plaintextOf(recordOf());
  const fixed = good.subarray(0, TEXTS_AT);
  const withLineage = (...lineage: Buffer[]): Buffer => plaintextOf(recordOf({ lineage }));
  const [one, other] = [strangeKeyId(1), strangeKeyId(2)];
  const tooMany = Array.from({ length: LINEAGE_KEYS_MAX + 1 }, (_, n) => strangeKeyId(n));
  const bad = (what: string, plaintext: Buffer): RefusedVector =>
    refusing(`plaintext: ${what}`, 'malformed', sealed(keyIn(ring, 'active'), plaintext));
  return [
    bad('empty', Buffer.alloc(0)),
    bad('ends inside the times', good.subarray(0, 20)),
    bad('ends before the length of the label', good.subarray(0, TEXTS_AT + 2 + 4 + 1)),
    bad('another record version', overwritten(good, 0, [2])),
    bad('another serializer', overwritten(good, 1, [2])),
    bad('absolute deadline equal to creation', overwritten(good, 12, good.subarray(6, 12))),
    bad('idle lifetime zero', overwritten(good, 18, Buffer.alloc(6))),
    bad('empty user id', Buffer.concat([fixed, Buffer.from([0, 0]), ABSENT])),
    bad('user id that is not UTF-8', overwritten(good, TEXTS_AT + 2, [0xc3, 0x28])),
    bad('user id longer than 512 bytes', Buffer.concat([fixed, Buffer.from([0x02, 0x01]), Buffer.alloc(600, 'a')])),
    bad('user id of 513 bytes', Buffer.concat([fixed, Buffer.from([2, 1]), Buffer.alloc(513, 'a'), ABSENT])),
    bad('label of 513 bytes', Buffer.concat([fixed, ABSENT, Buffer.from([2, 1]), Buffer.alloc(513, 'a')])),
    bad('user id longer than the plaintext', overwritten(good, TEXTS_AT, [0x01, 0x00])),
    bad('label longer than the plaintext', overwritten(good, TEXTS_AT + 6, [0x01, 0x00])),
    bad('lineage longer than the plaintext', overwritten(good.subarray(0, TEXTS_AT + 4), TEXTS_AT - 1, [1])),
    bad('lineage of 17 keys', Buffer.concat([good.subarray(0, TEXTS_AT - 1), Buffer.from([17]), ...tooMany, ABSENT, ABSENT])),
    bad('one key twice in the lineage', overwritten(withLineage(one, other), TEXTS_AT + 8, one)),
    bad('the key of the envelope in its own lineage', withLineage(one, keyIn(ring, 'active').keyId)),
  ];
}

function userKeys(ring: KeyRing): UserKeyVector[] {
  const vector = (name: string, namespace: string, userId: string, at: 0 | 1): UserKeyVector => {
    const key = ring.indexKeys[at] as (typeof ring.indexKeys)[0];
    return { name, namespace, userId, kid: key.kid, userKey: new BlindIndex(namespace).userKey(key, userId).toString('hex') };
  };
  return [
    vector('active index key', NAMESPACE, 'u_42', 0),
    vector('index key of before', NAMESPACE, 'u_42', 1),
    vector('the same bytes, divided otherwise', `${NAMESPACE}u`, '_42', 0),
    vector('text beyond ASCII', 'магазин', 'жанна@пример.рф', 0),
  ];
}

function cookieKeys(ring: KeyRing): CookieKeyVector[] {
  const [active, before] = ring.cookieIndexKeys;
  const vector = (name: string, namespace: string, key: IndexKey): CookieKeyVector => {
    return { name, namespace, kid: key.kid, cookieKey: cookieKeyOf(key, namespace).export().toString('hex') };
  };
  return [
    vector('active index key', NAMESPACE, active),
    vector('index key of before', NAMESPACE, before as IndexKey),
    vector('another namespace', 'магазин', active),
  ];
}

function opening(name: string, key: DataKey, record: SessionRecord, namespace: string = NAMESPACE): OpeningVector {
  const plaintext = plaintextOf(record);
  const envelope = sealed(key, plaintext, record.revision, namespace);
  const headerBytes = key.suite === 2 ? 44 : 32;
  return {
    name,
    ...HERE,
    namespace,
    additionalData: bindingOf(STORAGE_KEY, namespace).additionalData.of(STORAGE_KEY, envelope, headerBytes).toString('hex'),
    plaintext: plaintext.toString('hex'),
    envelope: envelope.toString('hex'),
    record: textOf({ ...record, lineage: [...record.lineage, key.keyId] }),
  };
}

export function textOf(record: SessionRecord): RecordText {
  return {
    ...record,
    authenticatedAt: record.authenticatedAt ?? null,
    lineage: record.lineage.map((keyId) => keyId.toString('hex')),
    userId: record.userId ?? null,
    label: record.label ?? null,
    data: record.data.toString('utf8'),
  };
}

function refusing(name: string, reason: EnvelopeErrorReason, envelope: Buffer, context?: Partial<Context>): RefusedVector {
  return { name, ...HERE, ...context, envelope: envelope.toString('hex'), reason };
}

function plaintextOf(record: SessionRecord): Buffer {
  return encodeRecord(record, 1);
}

function sealed(key: DataKey, plaintext: Buffer, revision = 1, namespace: string = NAMESPACE): Buffer {
  return sealEnvelope(key, bindingOf(STORAGE_KEY, namespace), { revision, plaintext }, countingPlatform);
}

function overwritten(bytes: Buffer, at: number, by: Iterable<number>): Buffer {
  const copy = Buffer.from(bytes);
  copy.set([...by], at);
  return copy;
}

export function readVectors(): VectorFile {
  return JSON.parse(readFileSync(VECTOR_FILE, 'utf8')) as VectorFile;
}

/** Every vector that is in `before` and not, letter for letter, in `after`. */
export function lostVectors(before: VectorFile, after: VectorFile): string[] {
  const all = (file: VectorFile): { name: string }[] => [
    ...file.opens,
    ...file.refused,
    ...file.userKeys,
    ...file.cookieKeys,
  ];
  const kept = new Set(all(after).map((vector) => JSON.stringify(vector)));
  return all(before)
    .filter((vector) => !kept.has(JSON.stringify(vector)))
    .map(({ name }) => name);
}

function update(vectors: VectorFile): void {
  let lost: string[] = [];
  try {
    lost = lostVectors(readVectors(), vectors);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  if (lost.length > 0) throw new Error(`Vectors are only ever added; these would change: ${lost.join('; ')}`);
  writeFileSync(VECTOR_FILE, `${JSON.stringify(vectors, null, 2)}\n`);
}

if (import.meta.main) update(await envelopeVectors());
