import { describe, expect, it } from 'vitest';
import { unpack } from '../../../../src/tiers/sql/dialects/postgresql/packed.ts';

const MALFORMED = expect.objectContaining({ kind: 'ambiguous', reason: 'malformed-row' });

describe('an answer to many calls', () => {
  it('is taken apart by the numbers of the calls, in whatever order', () => {
    const rows = unpack(
      [{ packed: pack(int4(2), int4(7), int8(5n), text('seven'), int4(0), int8(2n ** 53n - 1n), int4(-1)) }],
      ['revision', 'user_key'],
    );
    expect([...rows]).toEqual([
      [7, { revision: 5, user_key: Buffer.from('seven') }],
      [0, { revision: 2 ** 53 - 1, user_key: null }],
    ]);
  });

  it('may be broken into lines', () => {
    const long = 'x'.repeat(200);
    const packed = pack(int4(1), int4(0), text(long)).replaceAll(/.{76}/g, '$&\n');
    expect(unpack([{ packed }], ['user_key']).get(0)).toEqual({ user_key: Buffer.from(long) });
  });

  it.each([
    ['none', undefined],
    ['one of fewer rows than it counted, since a null made one vanish', pack(int4(2), int4(0), int8(1n))],
    ['one of more rows', pack(int4(1), int4(0), int8(1n), int4(1), int8(1n))],
    ['one that ends in the midst of a row', pack(int4(1), int4(0), int4(1))],
    ['one with two rows for a call', pack(int4(2), int4(0), int8(1n), int4(0), int8(1n))],
  ])('is refused when it is %s', (_name, packed) => {
    expect(() => unpack([{ packed }], ['revision'])).toThrow(MALFORMED);
  });
});

function pack(...parts: readonly Buffer[]): string {
  return Buffer.concat(parts).toString('base64');
}

function int4(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int8(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([int4(value.length), Buffer.from(value)]);
}
