import { describe, expect, it } from 'vitest';
import { decodeRecord, encodeRecord } from '../../../src/codec/record-format.ts';
import { EnvelopeError, PayloadError } from '../../../src/errors.ts';
import { LABEL_BYTES_MAX, USER_ID_BYTES_MAX } from '../../../src/limits/session.ts';
import { recordOf, strangeKeyId } from '../../support/sealing-fixtures.ts';

describe('the format of a record', () => {
  it.each([
    ['all fields', recordOf()],
    ['no user, no label', recordOf({ userId: undefined, label: undefined })],
    ['no authentication time', recordOf({ authenticatedAt: undefined })],
    ['a lineage', recordOf({ lineage: [strangeKeyId(1), strangeKeyId(2)] })],
    ['an empty label', recordOf({ label: '' })],
    ['the longest texts', recordOf({ userId: 'ü'.repeat(USER_ID_BYTES_MAX / 2), label: 'l'.repeat(LABEL_BYTES_MAX) })],
    ['a byte order mark', recordOf({ userId: '\ufeffu', label: '\ufeff' })],
    ['no data', recordOf({ data: Buffer.alloc(0) })],
  ])('brings back %s', (_, record) => {
    expect(decodeRecord(encodeRecord(record, 1), record.revision, 1)).toEqual(record);
  });

  it.each([
    ['an empty userId', { userId: '' }, 'must not be empty'],
    ['a userId that is too long', { userId: 'ü'.repeat(USER_ID_BYTES_MAX / 2) + 'x' }, 'has 513 bytes'],
    ['a label that is too long', { label: 'x'.repeat(LABEL_BYTES_MAX + 1) }, 'has 513 bytes'],
    ['a userId with a lone surrogate', { userId: 'canary\ud800' }, 'lone surrogate'],
    ['a label with a lone surrogate', { label: 'canary\udc00' }, 'lone surrogate'],
    ['a userId that is a number', { userId: 42 as unknown as string }, 'must be a string'],
  ])('refuses %s without repeating it', (_, changes, message) => {
    const encode = (): unknown => encodeRecord(recordOf(changes), 1);
    expect(encode).toThrow(PayloadError);
    expect(encode).toThrow(message);
    expect(encode).not.toThrow('canary');
  });

  it.each([
    ['a deadline before creation', { absoluteExpiresAt: 1_899_999_999_999 }],
    ['no idle lifetime', { idleLifetimeMs: 0 }],
    ['a fraction of a millisecond', { createdAt: 0.5 }],
    ['a time that is not a number', { createdAt: Number.NaN }],
    ['a time beyond 48 bits', { absoluteExpiresAt: 2 ** 48 }],
    ['an authentication at the epoch, which stands for none', { authenticatedAt: 0 }],
    ['an authentication time beyond 48 bits', { authenticatedAt: 2 ** 48 }],
    ['a lineage of 17 keys', { lineage: Array.from({ length: 17 }, (_, n) => strangeKeyId(n)) }],
    ['one key twice in a lineage', { lineage: [strangeKeyId(1), strangeKeyId(1)] }],
    ['a key id of nine bytes', { lineage: [Buffer.alloc(9)] }],
    ['a negative schema version', { schemaVersion: -1 }],
    ['a schema version beyond 32 bits', { schemaVersion: 2 ** 32 }],
  ])('refuses to write %s', (_, changes) => {
    expect(() => encodeRecord(recordOf(changes), 1)).toThrow(RangeError);
  });

  it('calls every shorter prefix of its fixed part malformed', () => {
    const bytes = encodeRecord(recordOf({ data: Buffer.alloc(0), lineage: [strangeKeyId(1)] }), 1);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeRecord(bytes.subarray(0, length), 1, 1)).toThrow(EnvelopeError);
    }
  });
});
