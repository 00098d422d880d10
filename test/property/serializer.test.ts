import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonSerializer } from '../../src/codec/serializer.ts';
import { EnvelopeError, PayloadError } from '../../src/errors.ts';

const FORBIDDEN = ['__proto__', 'constructor', 'prototype'];

/** JSON as `JSON.parse` gives it: without −0, which JSON does not know, and without the forbidden keys. */
const json = fc
  .jsonValue({ maxDepth: 6, stringUnit: 'binary' })
  .map((value) => JSON.stringify(value))
  .filter((text) => FORBIDDEN.every((key) => !text.includes(`"${key}":`)))
  .map((text) => JSON.parse(text) as unknown);

describe('the JSON serializer', () => {
  it('brings back any JSON as it was', () => {
    fc.assert(
      fc.property(json, (data) => {
        expect(jsonSerializer.parse(jsonSerializer.serialize(data))).toEqual(data);
      }),
      { numRuns: 1_000 },
    );
  });

  it('brings back whatever it accepts, and refuses the rest with a PayloadError', () => {
    const anything = fc.anything({
      withDate: true,
      withMap: true,
      withSet: true,
      withBigInt: true,
      withTypedArray: true,
      withNullPrototype: true,
      withSparseArray: true,
    });
    fc.assert(
      fc.property(anything, (data) => {
        let bytes: Uint8Array;
        try {
          bytes = jsonSerializer.serialize(data);
        } catch (error) {
          expect(error).toBeInstanceOf(PayloadError);
          return;
        }
        // −0 and properties that are undefined are what JSON changes and nobody misses.
        expect(normal(jsonSerializer.parse(bytes))).toEqual(normal(data));
      }),
      { numRuns: 2_000 },
    );
  });

  it('reads any bytes or says that they are malformed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          jsonSerializer.parse(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(EnvelopeError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

function normal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, normal(member)]));
  }
  return value === 0 ? 0 : value;
}
