import { types } from 'node:util';
import { PayloadError } from '../errors.ts';
import { PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX } from '../limits/session.ts';

/** The names that would pollute a prototype when an application merges the data into an object (ASVS 5.0, 15.3.6). */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Returns a copy of `data` that JSON restores as it is, without properties that are `undefined`. Every property is read
 * once, so a getter or a proxy cannot show one value here and another to the serializer.
 * @throws {PayloadError} JSON would change the data. The message gives the kind and the depth of the offender; names
 * and values are the user's secrets.
 */
export function copyJson(data: unknown): unknown {
  return new JsonCopy().value(data, 0);
}

class JsonCopy {
  /** The containers around the current value. */
  readonly #path: object[] = [];
  /** The least number of characters of the JSON: an object with many references is written once per reference. */
  #characters = 0;

  value(value: unknown, depth: number): unknown {
    this.#spend(1);
    switch (typeof value) {
      case 'string':
        this.#spend(value.length);
        return value;
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) ? value : refuse('NaN or an infinity', depth);
      case 'object':
        return value === null ? null : this.#container(value, depth);
      default:
        return refuse(PRIMITIVES[typeof value] ?? 'an unknown type', depth);
    }
  }

  #container(value: object, depth: number): unknown {
    if (this.#path.includes(value)) refuse('a cycle', depth);
    if (depth >= PAYLOAD_DEPTH_MAX) refuse(`a value nested deeper than ${PAYLOAD_DEPTH_MAX} levels`, depth);
    if (typeof (value as { toJSON?: unknown }).toJSON === 'function')
      refuse(kindOf(value, 'an object with a toJSON method (store what it returns)'), depth);
    this.#path.push(value);
    const copy = Array.isArray(value) ? this.#array(value, depth) : this.#object(value, depth);
    this.#path.pop();
    return copy;
  }

  #array(value: readonly unknown[], depth: number): unknown[] {
    if (!isRoot(Object.getPrototypeOf(Object.getPrototypeOf(value)))) refuse('an instance of a class', depth);
    // An indexed loop sees holes, which JSON would turn into null.
    const copy: unknown[] = [];
    for (let at = 0; at < value.length; at++) copy.push(this.value(value[at], depth + 1));
    return copy;
  }

  #object(value: object, depth: number): Record<string, unknown> {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== null && !isRoot(prototype)) refuse(kindOf(value, 'an instance of a class'), depth);
    if (Object.getOwnPropertySymbols(value).length > 0) refuse('a symbol as a key', depth);
    const copy: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      if (FORBIDDEN_KEYS.has(key)) refuse('a forbidden key (__proto__, constructor or prototype)', depth + 1);
      const member = (value as Record<string, unknown>)[key];
      if (member === undefined) continue;
      this.#spend(key.length);
      copy[key] = this.value(member, depth + 1);
    }
    return copy;
  }

  #spend(characters: number): void {
    this.#characters += characters;
    if (this.#characters > PAYLOAD_BYTES_MAX) {
      throw new PayloadError(
        `The session data is larger than ${PAYLOAD_BYTES_MAX} bytes, the most that any session may hold.`,
      );
    }
  }
}

/** Returns true for `Object.prototype`, also of another realm (`node:vm`, Jest). */
function isRoot(prototype: unknown): boolean {
  return prototype === Object.prototype || (prototype !== null && Object.getPrototypeOf(prototype) === null);
}

const PRIMITIVES: Readonly<Partial<Record<string, string>>> = {
  undefined: 'undefined',
  function: 'a function',
  bigint: 'a bigint',
  symbol: 'a symbol',
};

function kindOf(value: object, otherwise: string): string {
  if (types.isDate(value)) return 'a Date (store its getTime() or toISOString())';
  if (types.isMap(value)) return 'a Map (store an object or an array of its entries)';
  if (types.isSet(value)) return 'a Set (store an array)';
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return 'binary data (store it as base64 text)';
  if (types.isPromise(value)) return 'a Promise (await it first)';
  return otherwise;
}

function refuse(what: string, depth: number): never {
  throw new PayloadError(`The session data contains ${what} at depth ${depth}, which does not survive JSON.`);
}
