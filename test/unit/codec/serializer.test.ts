import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { jsonSerializer } from '../../../src/codec/serializer.ts';
import { EnvelopeError, PayloadError } from '../../../src/errors.ts';
import { PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX } from '../../../src/limits/session.ts';

const roundTrip = (data: unknown): unknown => jsonSerializer.parse(jsonSerializer.serialize(data));

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { in: value };
  return value;
}

function messageOf(data: unknown): string {
  try {
    jsonSerializer.serialize(data);
  } catch (error) {
    expect(error).toBeInstanceOf(PayloadError);
    return (error as Error).message;
  }
  throw new Error('It was accepted.');
}

class Cart {
  items = 1;
}
class List extends Array<number> {}
const cycle: { self?: unknown } = {};
cycle.self = { cycle };

const REFUSED: [string, unknown, string][] = [
  ['undefined at the top', undefined, 'undefined at depth 0'],
  ['a function', { a: () => 1 }, 'a function at depth 1'],
  ['a class', { a: Cart }, 'a function at depth 1'],
  ['a bigint', [1n], 'a bigint at depth 1'],
  ['a symbol', { a: Symbol('s') }, 'a symbol at depth 1'],
  ['a symbol as a key', { [Symbol('s')]: 1 }, 'a symbol as a key at depth 0'],
  ['undefined in an array', { a: [1, undefined] }, 'undefined at depth 2'],
  // oxlint-disable-next-line no-sparse-arrays
  ['a hole in an array', [1, , 2], 'undefined at depth 1'],
  ['NaN', { a: Number.NaN }, 'NaN or an infinity at depth 1'],
  ['an infinity', -Infinity, 'NaN or an infinity at depth 0'],
  ['a cycle', cycle, 'a cycle at depth 2'],
  ['a Date', { a: new Date(0) }, 'a Date (store its getTime() or toISOString()) at depth 1'],
  ['a Map', { a: new Map([['k', 'v']]) }, 'a Map (store an object or an array of its entries) at depth 1'],
  ['a Set', { a: new Set([1]) }, 'a Set (store an array) at depth 1'],
  ['a Buffer', { a: Buffer.from('ab') }, 'binary data (store it as base64 text) at depth 1'],
  ['a typed array', { a: new Uint8Array(2) }, 'binary data (store it as base64 text) at depth 1'],
  ['a promise', { a: Promise.resolve(1) }, 'a Promise (await it first) at depth 1'],
  ['an instance of a class', { a: new Cart() }, 'an instance of a class at depth 1'],
  ['an error', { a: new Error('secret') }, 'an instance of a class at depth 1'],
  ['a boxed number', { a: Object(1) as unknown }, 'an instance of a class at depth 1'],
  ['a subclass of Array', { a: List.from([1]) }, 'an instance of a class at depth 1'],
  ['an object that inherits', { a: Object.create({ b: 1 }) as unknown }, 'an instance of a class at depth 1'],
  [
    'an object with toJSON',
    { a: { toJSON: () => 1 } },
    'an object with a toJSON method (store what it returns) at depth 1',
  ],
  [
    'an array with toJSON',
    { a: Object.assign([1], { toJSON: () => 1 }) },
    'an object with a toJSON method (store what it returns) at depth 1',
  ],
  [
    'a URL',
    { a: new URL('https://shop.example') },
    'an object with a toJSON method (store what it returns) at depth 1',
  ],
  [
    '__proto__ as a key',
    JSON.parse('{"a":{"__proto__":{}}}'),
    'a forbidden key (__proto__, constructor or prototype) at depth 2',
  ],
  ['constructor as a key', { constructor: 1 }, 'a forbidden key (__proto__, constructor or prototype) at depth 1'],
  ['prototype as a key', [{ prototype: 1 }], 'a forbidden key (__proto__, constructor or prototype) at depth 2'],
  [
    'too many levels',
    nested(PAYLOAD_DEPTH_MAX + 1),
    `a value nested deeper than ${PAYLOAD_DEPTH_MAX} levels at depth ${PAYLOAD_DEPTH_MAX}`,
  ],
];

describe('the JSON serializer', () => {
  it.each(REFUSED)('refuses %s and says where', (_, data, what) => {
    expect(messageOf(data)).toBe(`The session data contains ${what}, which does not survive JSON.`);
  });

  it.each([
    ['null', null],
    ['a string', 'text'],
    ['an empty object', {}],
    ['an object without a prototype', Object.assign(Object.create(null) as object, { a: 1 })],
    ['the most levels', nested(PAYLOAD_DEPTH_MAX)],
    ['text beyond ASCII and lone surrogates', { 'ключ 🦊': '\ud800 \udc00', '\ud83d': '\u2028' }],
    ['a property named toJSON that is data', { toJSON: 'yes' }],
  ])('brings back %s as it was', (_, data) => {
    expect(roundTrip(data)).toEqual(data);
  });

  it('accepts one object in two places, which is not a cycle', () => {
    const address = { city: 'Riga' };
    expect(roundTrip({ billing: address, shipping: address })).toEqual({ billing: address, shipping: address });
  });

  it('accepts plain objects and arrays of another realm, as test runners make them', () => {
    expect(roundTrip(runInNewContext('({ a: [1, { b: 2 }] })'))).toEqual({ a: [1, { b: 2 }] });
  });

  it('drops properties that are undefined, as JSON does', () => {
    expect(roundTrip({ a: undefined, b: 1 })).toEqual({ b: 1 });
  });

  it.each([[[]], ['text'], [null]])(
    'refuses %j shared so that it would unfold without end, and does so quickly',
    (shared) => {
      let value: unknown = shared;
      for (let level = 0; level < 60; level += 1) value = [value, value];
      expect(messageOf(value)).toMatch(/larger than \d+ bytes/);
    },
  );

  it('refuses texts and keys longer than any session before it writes them', () => {
    expect(messageOf('x'.repeat(PAYLOAD_BYTES_MAX))).toMatch(/larger than \d+ bytes/);
    expect(messageOf({ ['x'.repeat(PAYLOAD_BYTES_MAX)]: 1 })).toMatch(/larger than \d+ bytes/);
  });

  it('names neither keys nor values of what it refuses', () => {
    const message = messageOf({ canaryKey: { canaryInner: ['canaryValue', () => 'canaryBody'] } });
    expect(message).not.toMatch(/canary/);
  });

  it.each([
    ['a forbidden key', JSON.parse('{"__proto__":{"admin":true}}')],
    ['data that is too deep', nested(PAYLOAD_DEPTH_MAX + 1)],
    ['what JSON would change', new Date(0)],
  ])('stores what it has checked: a getter or a proxy cannot answer with %s the second time', (_, later: unknown) => {
    let reads = 0;
    const answer = (): unknown => (++reads === 1 ? 1 : later);
    const getter = {
      get cart(): unknown {
        return answer();
      },
    };
    expect(roundTrip(getter)).toEqual({ cart: 1 });
    reads = 0;
    expect(
      roundTrip(new Proxy({ cart: 0 }, { get: (_target, name) => (name === 'cart' ? answer() : undefined) })),
    ).toEqual({ cart: 1 });
    expect(reads).toBe(1);
  });

  it("hides the application's error while its data is read", () => {
    const data = {
      get secret(): string {
        throw new Error('canary');
      },
    };
    expect(messageOf(data)).not.toMatch(/canary/);
  });

  it.each(['', '{', 'hunter2', '{"a":1}x', '"\u00e9"'])(
    'says "malformed" for bytes that are not JSON (%j), quoting nothing',
    (text) => {
      const parse = (): unknown => jsonSerializer.parse(Buffer.from(text, 'latin1'));
      expect(parse).toThrow(EnvelopeError);
      expect(parse).toThrow(
        expect.objectContaining({ reason: 'malformed', message: 'A stored session could not be opened.' }),
      );
      expect(parse).not.toThrow(expect.objectContaining({ cause: expect.anything() as unknown }));
    },
  );

  it('reads a view of a larger buffer and no more', () => {
    expect(jsonSerializer.parse(Buffer.from('xx{"a":1}yy').subarray(2, 9))).toEqual({ a: 1 });
    expect(jsonSerializer.parse(new Uint8Array(Buffer.from('xx[1]yy').subarray(2, 5)))).toEqual([1]);
  });
});
