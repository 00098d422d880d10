import { beforeAll, describe, expect, it } from 'vitest';
import { Codec } from '../../../src/codec/codec.ts';
import { EnvelopeError } from '../../../src/errors.ts';
import { KeyRing } from '../../../src/keys/ring/key-ring.ts';
import { PAYLOAD_BYTES_MAX } from '../../../src/limits/session.ts';
import { systemPlatform } from '../../../src/platform/platform.ts';
import { storageKeyOf } from '../../../src/session/session-id.ts';
import { envelopeVectors, lostVectors, readVectors, textOf } from '../../vectors/envelope-v1.ts';
import { RingInUse } from '../../../src/keys/ring/ring-in-use.ts';

const vectors = readVectors();
let ring: KeyRing;

beforeAll(async () => {
  ring = KeyRing.fromJwks(vectors.ring);
});

function codecOf(namespace: string): Codec {
  return new Codec({
    ringInUse: new RingInUse(ring),
    namespace,
    platform: systemPlatform,
    maxPayloadBytes: PAYLOAD_BYTES_MAX,
  });
}

describe('the vectors of envelope v1', () => {
  it.each(vectors.opens)('opens: $name', ({ namespace, storageKey, envelope, record }) => {
    const opened = codecOf(namespace).open(Buffer.from(storageKey, 'hex'), Buffer.from(envelope, 'hex'));
    expect(textOf(opened)).toEqual(record);
  });

  it.each(vectors.refused)('refuses as $reason: $name', ({ namespace, storageKey, envelope, reason }) => {
    const open = (): unknown => codecOf(namespace).open(Buffer.from(storageKey, 'hex'), Buffer.from(envelope, 'hex'));
    expect(open).toThrow(EnvelopeError);
    expect(open).toThrow(expect.objectContaining({ reason }));
  });

  it.each(vectors.userKeys)('blinds a user id: $name', ({ namespace, userId, kid, userKey }) => {
    const at = ring.indexKeys.findIndex((key) => key.kid === kid);
    expect(codecOf(namespace).userKeys(userId)[at]?.toString('hex')).toBe(userKey);
  });

  it.each(vectors.cookieKeys)('derives the key for cookies: $name', ({ namespace, kid, cookieKey }) => {
    const at = ring.cookieIndexKeys.findIndex((key) => key.kid === kid);
    expect(codecOf(namespace).cookieKeys[at]?.export().toString('hex')).toBe(cookieKey);
  });

  it('name the storage key of their session id', () => {
    expect(vectors.opens[0]?.storageKey).toBe(storageKeyOf(vectors.sessionId).toString('hex'));
  });

  it('are what sealing returns today, byte for byte, and complete', async () => {
    const today = await envelopeVectors();
    expect(lostVectors(vectors, today)).toEqual([]);
    expect(vectors).toEqual(today);
  });
});
