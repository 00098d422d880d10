import { createHash, createSecretKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { gcmOpen, gcmSeal } from '../../../src/codec/aes-gcm.ts';
import { ENVELOPE_TAG_BYTES } from '../../../src/limits/codec.ts';
import { Xaes } from '../../../src/codec/xaes.ts';
import { EnvelopeError } from '../../../src/errors.ts';

function seal(key: Buffer, nonce: Buffer, plaintext: Buffer, additionalData: Buffer): Buffer {
  const target = Buffer.alloc(plaintext.length + ENVELOPE_TAG_BYTES);
  const messageKey = new Xaes(createSecretKey(key)).derive(nonce);
  gcmSeal({ key: messageKey, iv: nonce.subarray(12), additionalData }, plaintext, target, 0);
  return target;
}

function open(key: Buffer, nonce: Buffer, sealed: Buffer, additionalData: Buffer): Buffer {
  const messageKey = new Xaes(createSecretKey(key)).derive(nonce);
  const tagAt = sealed.length - ENVELOPE_TAG_BYTES;
  const input = { key: messageKey, iv: nonce.subarray(12), additionalData };
  return gcmOpen(input, sealed.subarray(0, tagAt), sealed.subarray(tagAt));
}

const NONCE = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWX');
const PLAINTEXT = Buffer.from('XAES-256-GCM');

/** https://c2sp.org/XAES-256-GCM, "Test vectors"; the second one has the top bit of L set. */
const PUBLISHED = [
  {
    key: Buffer.alloc(32, 0x01),
    derived: 'c8612c9ed53fe43e8e005b828a1631a0bbcb6ab2f46514ec4f439fcfd0fa969b',
    additionalData: '',
    sealed: 'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271',
  },
  {
    key: Buffer.alloc(32, 0x03),
    derived: 'e9c621d4cdd9b11b00a6427ad7e559aeedd66b3857646677748f8ca796cb3fd8',
    additionalData: 'c2sp.org/XAES-256-GCM',
    sealed: '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d',
  },
];

describe('XAES-256-GCM', () => {
  it.each(PUBLISHED)(
    'gives the published key, ciphertext and tag ($derived)',
    ({ key, derived, additionalData, sealed }) => {
      expect(new Xaes(createSecretKey(key)).derive(NONCE).export().toString('hex')).toBe(derived);
      expect(seal(key, NONCE, PLAINTEXT, Buffer.from(additionalData)).toString('hex')).toBe(sealed);
      expect(open(key, NONCE, Buffer.from(sealed, 'hex'), Buffer.from(additionalData))).toEqual(PLAINTEXT);
    },
  );

  it('gives the published digest over 10 000 random messages', () => {
    // The inputs are one SHAKE-128 stream; this much of it is read.
    const stream = createHash('shake128', { outputLength: 3_137_982 }).digest();
    let at = 0;
    const take = (bytes: number): Buffer => stream.subarray(at, (at += bytes));
    const sealed = createHash('shake128', { outputLength: 32 });
    for (let message = 0; message < 10_000; message += 1) {
      const [key, nonce] = [take(32), take(24)];
      const plaintext = take(take(1)[0] as number);
      const additionalData = take(take(1)[0] as number);
      sealed.update(seal(key, nonce, plaintext, additionalData));
    }
    expect(at).toBe(stream.length);
    expect(sealed.digest('hex')).toBe('e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939');
  });

  it('derives the same key again after other nonces, though the cipher object is reused', () => {
    const xaes = new Xaes(createSecretKey(Buffer.alloc(32, 0x01)));
    const first = xaes.derive(NONCE).export();
    xaes.derive(Buffer.alloc(24, 0xff));
    expect(xaes.derive(NONCE).export()).toEqual(first);
  });
});

describe('AES-256-GCM', () => {
  it.each([4, 8, 12])('refuses a tag that was cut to %i bytes', (bytes) => {
    const key = createSecretKey(Buffer.alloc(32, 0x01));
    const sealed = Buffer.alloc(3 + ENVELOPE_TAG_BYTES);
    const iv = Buffer.alloc(12);
    gcmSeal({ key, iv, additionalData: Buffer.alloc(0) }, Buffer.from('abc'), sealed, 0);
    const tag = sealed.subarray(3, 3 + bytes);
    expect(() => gcmOpen({ key, iv, additionalData: Buffer.alloc(0) }, sealed.subarray(0, 3), tag)).toThrow();
  });

  it('says "tampered" and nothing else when the tag does not fit', () => {
    const sealed = seal(Buffer.alloc(32, 0x01), NONCE, PLAINTEXT, Buffer.alloc(0));
    sealed[0] = (sealed[0] as number) ^ 1;
    const opening = (): Buffer => open(Buffer.alloc(32, 0x01), NONCE, sealed, Buffer.alloc(0));
    expect(opening).toThrow(EnvelopeError);
    expect(opening).toThrow(expect.objectContaining({ reason: 'tampered' }));
  });
});
