import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { Codec, type CodecOptions } from '../../../src/codec/codec.ts';
import { readEnvelopeHeader, sealEnvelope } from '../../../src/codec/envelope.ts';
import { Memo } from '../../../src/codec/memo.ts';
import { ConfigurationError, EnvelopeError, PayloadError } from '../../../src/errors.ts';
import type { KeyRing } from '../../../src/keys/ring/key-ring.ts';
import { addKey, revokeKey, withPromoted } from '../../../src/keys/ring/rotation.ts';
import { PLAINTEXT_BYTES_MAX } from '../../../src/limits/codec.ts';
import { CLOCK_SKEW_MS } from '../../../src/limits/session.ts';
import { systemPlatform } from '../../../src/platform/platform.ts';
import { FakePlatform } from '../../support/fake-platform.ts';
import { canariesOf, fixtureJwk, fixtureRing, standardKeys } from '../../support/ring-fixtures.ts';
import { bindingOf, keyIn, OTHER_STORAGE_KEY, recordOf, STORAGE_KEY } from '../../support/sealing-fixtures.ts';
import { RingInUse } from '../../../src/keys/ring/ring-in-use.ts';

let ring: KeyRing;

beforeAll(async () => {
  ring = await fixtureRing();
});

function codecOf(options: Partial<CodecOptions> = {}): Codec {
  return new Codec({
    ringInUse: new RingInUse(ring),
    namespace: 'shop',
    platform: systemPlatform,
    maxPayloadBytes: 1024,
    ...options,
  });
}

const reasonOf = (reason: string): unknown => expect.objectContaining({ reason, name: 'EnvelopeError' });

describe('Codec', () => {
  it('opens what it sealed, and takes the revision from the header', () => {
    const codec = codecOf();
    const record = recordOf({ revision: 12 });
    const lineage = [ring.sealingKey.keyId];
    expect(codec.open(STORAGE_KEY, codec.seal(STORAGE_KEY, record))).toEqual({ ...record, lineage });
  });

  it('returns a remembered record, shared by all callers', () => {
    const memo = new Memo(systemPlatform, 100_000);
    const codec = codecOf({ memo });
    const record = recordOf();
    const envelope = codec.seal(STORAGE_KEY, record);
    for (let n = 0; n < 3; n += 1) {
      const opened = codec.openRemembered(STORAGE_KEY, envelope);
      expect(opened).toEqual({ ...record, tag: envelope.subarray(-16), lineage: [ring.sealingKey.keyId] });
      expect(opened).toBe(codec.openRemembered(STORAGE_KEY, envelope));
    }
    expect(memo.bytes).toBeGreaterThan(0);
  });

  it('remembers nothing from before a new ring: a revoked key opens nothing any more', async () => {
    const memo = new Memo(systemPlatform, 100_000);
    const ringInUse = new RingInUse(ring);
    const codec = codecOf({ memo, ringInUse });
    const plain = codec.seal(STORAGE_KEY, recordOf());
    codec.openRemembered(STORAGE_KEY, plain);
    expect(memo.bytes).toBeGreaterThan(0);
    ringInUse.replace(revokeKey(withPromoted(await addKey(ring)), { kid: ring.sealingKey.kid }));
    expect(memo.bytes).toBe(0);
    expect(() => codec.openRemembered(STORAGE_KEY, plain)).toThrow(reasonOf('revoked-key'));
  });

  it('remembers a sealed record as it would open it', () => {
    const memo = new Memo(systemPlatform, 100_000);
    const codec = codecOf({ memo });
    const record = recordOf();
    const envelope = codec.seal(STORAGE_KEY, record);
    codec.remember(STORAGE_KEY, envelope, record);
    expect(memo.recall(STORAGE_KEY, envelope)).toEqual(codecOf().openRemembered(STORAGE_KEY, envelope));
  });

  it('does not remember an envelope of a key that is no longer active', async () => {
    const memo = new Memo(systemPlatform, 100_000);
    const ringInUse = new RingInUse(ring);
    const codec = codecOf({ memo, ringInUse });
    const envelope = codec.seal(STORAGE_KEY, recordOf());
    ringInUse.replace(revokeKey(withPromoted(await addKey(ring)), { kid: ring.sealingKey.kid }));
    codec.remember(STORAGE_KEY, envelope, recordOf());
    expect(memo.bytes).toBe(0);
    expect(() => codec.openRemembered(STORAGE_KEY, envelope)).toThrow(reasonOf('revoked-key'));
  });

  it('never seals one record to the same bytes twice', () => {
    const codec = codecOf();
    expect(codec.seal(STORAGE_KEY, recordOf())).not.toEqual(codec.seal(STORAGE_KEY, recordOf()));
  });

  it('shows nothing of the record in the envelope', () => {
    const envelope = codecOf().seal(STORAGE_KEY, recordOf());
    for (const text of ['u_42', 'Firefox', 'cart']) expect(envelope.includes(text)).toBe(false);
  });

  it('takes data of exactly the payload limit, and refuses one byte more', () => {
    const codec = codecOf({ maxPayloadBytes: 100 });
    expect(codec.seal(STORAGE_KEY, recordOf({ data: Buffer.alloc(100) })).length).toBeGreaterThan(100);
    const tooLong = (): unknown => codec.seal(STORAGE_KEY, recordOf({ data: Buffer.alloc(101) }));
    expect(tooLong).toThrow(PayloadError);
    expect(tooLong).toThrow('The session data has 101 bytes; at most 100 are allowed.');
  });

  it('opens an envelope from a larger payload limit, since lowering it must not end sessions', () => {
    const envelope = codecOf().seal(STORAGE_KEY, recordOf({ data: Buffer.alloc(1000) }));
    expect(codecOf({ maxPayloadBytes: 10 }).open(STORAGE_KEY, envelope).data).toHaveLength(1000);
  });

  it('refuses a deadline that lies further ahead than twice the longest lifetime, and only while it does', () => {
    const platform = new FakePlatform();
    const [maxLifetimeMs, tolerated] = [60_000, 120_000 + CLOCK_SKEW_MS];
    const codec = codecOf({ platform, maxLifetimeMs });
    const createdAt = platform.now();
    const sealedFor = (ms: number): Buffer =>
      codec.seal(STORAGE_KEY, recordOf({ createdAt, absoluteExpiresAt: createdAt + ms }));
    expect(codec.open(STORAGE_KEY, sealedFor(tolerated)).createdAt).toBe(createdAt);
    const tooFar = sealedFor(tolerated + 1);
    expect(() => codec.open(STORAGE_KEY, tooFar)).toThrow(reasonOf('outlives-limit'));
    expect(codecOf({ platform }).open(STORAGE_KEY, tooFar).createdAt).toBe(createdAt);
  });

  it('refuses an envelope of another session, namespace or serializer', () => {
    const envelope = codecOf().seal(STORAGE_KEY, recordOf());
    expect(() => codecOf().open(OTHER_STORAGE_KEY, envelope)).toThrow(reasonOf('tampered'));
    expect(() => codecOf({ namespace: 'shop2' }).open(STORAGE_KEY, envelope)).toThrow(reasonOf('tampered'));
    expect(() => codecOf({ serializerId: 2 }).open(STORAGE_KEY, envelope)).toThrow(reasonOf('malformed'));
  });

  it('calls an envelope longer than any session malformed before it looks for a key', () => {
    const envelope = codecOf().seal(STORAGE_KEY, recordOf());
    const header = Buffer.from(envelope.subarray(0, 44)).fill(0, 4, 12);
    const long = (bytes: number): Buffer => Buffer.concat([header, Buffer.alloc(bytes + 16)]);
    expect(() => codecOf().open(STORAGE_KEY, long(PLAINTEXT_BYTES_MAX))).toThrow(reasonOf('unknown-key'));
    expect(() => codecOf().open(STORAGE_KEY, long(PLAINTEXT_BYTES_MAX + 1))).toThrow(reasonOf('malformed'));
  });

  it('seals with the promoted key and still opens what the one before it sealed', async () => {
    const keys = standardKeys().filter((key) => key['holdfast:state'] !== 'pending');
    const ringInUse = new RingInUse(await fixtureRing(keys));
    const codec = codecOf({ ringInUse });
    const before = codec.seal(STORAGE_KEY, recordOf());
    ringInUse.replace(withPromoted(await addKey(codec.ring)));
    const after = codec.seal(STORAGE_KEY, recordOf());
    expect(codec.keyIdOf(after)).toEqual(codec.ring.sealingKey.keyId);
    expect(codec.keyIdOf(after)).not.toEqual(codec.keyIdOf(before));
    const [older, newer] = [before, after].map((envelope) => codec.open(STORAGE_KEY, envelope));
    expect(older).toEqual({ ...newer, lineage: [codec.keyIdOf(before)] });
  });

  it('refuses the envelopes of a revoked key from the next call on', async () => {
    const ringInUse = new RingInUse(ring);
    const codec = codecOf({ ringInUse });
    const envelope = codec.seal(STORAGE_KEY, recordOf());
    const keys = standardKeys().map((key) =>
      key['holdfast:state'] === 'active' && key.use === 'enc' ? { ...key, 'holdfast:state': 'revoked' as const } : key,
    );
    ringInUse.replace(await fixtureRing([...keys, fixtureJwk('after', 'XAES-256-GCM', 'active')]));
    expect(() => codec.open(STORAGE_KEY, envelope)).toThrow(reasonOf('revoked-key'));
  });

  it('asks for a retry when a key is unknown, and for nothing when it is revoked', () => {
    expect(new EnvelopeError('unknown-key').retryable).toBe(true);
    expect(new EnvelopeError('revoked-key').retryable).toBe(false);
  });

  it('reads the header without a key', () => {
    const envelope = codecOf().seal(STORAGE_KEY, recordOf({ revision: 2 ** 40 + 3 }));
    expect(readEnvelopeHeader(envelope)).toEqual({ suite: 2, keyId: ring.sealingKey.keyId, revision: 2 ** 40 + 3 });
  });

  it.each([0, -1, 1.5, 2 ** 53, Number.NaN])('refuses to seal revision %d', (revision) => {
    expect(() => codecOf().seal(STORAGE_KEY, recordOf({ revision }))).toThrow(RangeError);
  });

  it('gives each user a key per index key, the active one first, and keeps namespaces apart', () => {
    const codec = codecOf();
    const [first, second, ...rest] = codec.userKeys('u_42');
    expect(rest).toEqual([]);
    expect(first).toEqual(codec.userKey('u_42'));
    expect(first).not.toEqual(second);
    expect(codecOf({ namespace: 'shopu' }).userKey('_42')).not.toEqual(first);
    expect(() => codec.userKey('')).toThrow(PayloadError);
  });

  it.each([
    ['maxPayloadBytes', { maxPayloadBytes: 0 }],
    ['maxPayloadBytes', { maxPayloadBytes: 2 ** 21 }],
    ['The id of a serializer', { serializerId: 0 }],
    ['The id of a serializer', { serializerId: 256 }],
  ])('refuses a %s out of range (%j)', (name, options) => {
    expect(() => codecOf(options)).toThrow(ConfigurationError);
    expect(() => codecOf(options)).toThrow(`${name} must be an integer`);
  });

  it('shows no key when it is inspected or printed as JSON', () => {
    const shown = inspect(codecOf(), { depth: 10, showHidden: true }) + JSON.stringify(codecOf());
    for (const canary of canariesOf(standardKeys())) expect(shown).not.toContain(canary);
  });

  it('draws a fresh nonce from the platform for every message', () => {
    const drawn: number[] = [];
    const platform = {
      ...systemPlatform,
      fillRandom: (_: Uint8Array, __: number, length: number): number => drawn.push(length),
    };
    sealEnvelope(keyIn(ring, 'active'), bindingOf(), { revision: 1, plaintext: Buffer.alloc(1) }, platform);
    sealEnvelope(keyIn(ring, 'decrypt-only'), bindingOf(), { revision: 1, plaintext: Buffer.alloc(1) }, platform);
    expect(drawn).toEqual([24, 12]);
  });
});
