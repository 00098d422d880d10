import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeEntry,
  encodeHeader,
  encodeRevision,
  encodeToken,
  encodeTtl,
  encodeValue,
  HEADER_BYTES,
  HEADER_LUA_PATTERN,
} from '../../../../src/tiers/redis/entry-format.ts';

const time = fc.integer({ min: 0, max: 9_999_999_999_999 });
const value = fc.record({
  revision: fc.integer({ min: 0, max: 999_999_999_999_999 }),
  stamp: fc.record({ incarnation: fc.stringMatching(/^[0-9A-Za-z]{8}$/), at: time }),
  lastSeenAt: time,
  idleExpiresAt: time,
  envelope: fc.uint8Array({ maxLength: 256 }).map((bytes) => Buffer.from(bytes)),
  ttlMs: fc.constant(1),
});

/** The pattern that the scripts use, as JavaScript spells it. */
const luaHeader = new RegExp(HEADER_LUA_PATTERN.replaceAll('%d', '[0-9]').replaceAll('%w', '[0-9A-Za-z]'), 's');

describe('an entry', () => {
  it('comes back as it was stored', () => {
    fc.assert(
      fc.property(value, ({ ttlMs, ...fields }) => {
        expect(decodeEntry(encodeValue({ ttlMs, ...fields }))).toEqual({ kind: 'value', ...fields });
      }),
    );
  });

  it('has a header of one width, whose revisions sort as text like the numbers they are', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(encodeHeader(a)).toHaveLength(HEADER_BYTES);
        expect(encodeRevision(a.revision) < encodeRevision(b.revision)).toBe(a.revision < b.revision);
      }),
    );
  });

  it('hands out its envelope without copying it', () => {
    const bytes = encodeValue({ ...plain(), envelope: Buffer.from('sealed') });
    const entry = decodeEntry(bytes);
    expect(entry.kind === 'value' && entry.envelope.buffer).toBe(bytes.buffer);
  });

  it('is never read from garbage, whatever the bytes, and never throws', () => {
    const kinds = fc.constantFrom('V', 'H', 'L', 'T', 'M', 'v', '\0', '');
    fc.assert(
      fc.property(kinds, fc.uint8Array({ maxLength: 128 }), (kind, bytes) => {
        const entry = decodeEntry(Buffer.concat([Buffer.from(kind), bytes]));
        expect(['absent', 'value', 'hold', 'lease', 'tombstone']).toContain(entry.kind);
      }),
    );
  });

  it('is a value to this process exactly when it is one to the scripts', () => {
    fc.assert(
      fc.property(
        value,
        fc.nat(HEADER_BYTES - 1),
        fc.nat(255),
        fc.nat(HEADER_BYTES + 4),
        (fields, at, byte, length) => {
          const bytes = encodeValue(fields);
          bytes[at] = byte;
          for (const damaged of [bytes, bytes.subarray(0, length)]) {
            const isValue = luaHeader.test(damaged.subarray(0, HEADER_BYTES).toString('latin1'));
            expect(decodeEntry(damaged).kind === 'value').toBe(isValue);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it.each([
    [null, 'absent'],
    ['', 'absent'],
    ['H', 'hold'],
    ['L', 'lease'],
    ['Ltoken', 'lease'],
    ['T', 'tombstone'],
    ['P', 'absent'],
    ['V', 'absent'],
  ])('%j is %s', (text, kind) => {
    expect(decodeEntry(text === null ? null : Buffer.from(text))).toEqual({ kind });
  });
});

describe('what cannot be read back', () => {
  const outOfRange = expect.objectContaining({ kind: 'not-sent', reason: 'out-of-range' });

  it.each([
    { revision: -1 },
    { revision: 1e15 },
    { revision: 1.5 },
    { revision: Number.NaN },
    { lastSeenAt: 1e13 },
    { idleExpiresAt: Number.POSITIVE_INFINITY },
    { stamp: { incarnation: 'short', at: 1 } },
    { stamp: { incarnation: 'é2345678', at: 1 } },
    { stamp: { incarnation: 'thislife', at: -1 } },
  ])('is not written: %j', (wrong) => {
    expect(() => encodeValue({ ...plain(), ...wrong })).toThrow(outOfRange);
  });

  it.each(['', 'with space', 'x'.repeat(64), 'ü'])('is no token: %j', (token) => {
    expect(() => encodeToken(token)).toThrow(outOfRange);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('is no time to live: %d', (ttlMs) => {
    expect(() => encodeTtl(ttlMs)).toThrow(outOfRange);
  });

  it.each([
    [-5, '1'],
    [0, '1'],
    [0.2, '1'],
    [1.2, '2'],
    [60_000, '60000'],
    [31_622_400_000, '31622400000'],
  ])('a time to live of %d is sent as %s', (ttlMs, text) => {
    expect(encodeTtl(ttlMs)).toBe(text);
  });
});

function plain() {
  return {
    revision: 1,
    stamp: { incarnation: 'thislife', at: 2 },
    lastSeenAt: 3,
    idleExpiresAt: 4,
    envelope: Buffer.alloc(0),
    ttlMs: 5,
  };
}
