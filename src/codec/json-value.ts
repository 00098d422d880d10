import { types } from 'node:util';
import { PayloadError } from '../errors.ts';
import { PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX } from '../limits.ts';

/** Harmless in a record, but not in the object that somebody merges it into (prototype pollution, ASVS 15.3.6). */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Throws `PayloadError` unless `JSON.parse(JSON.stringify(data))` is the same as `data`, give or take properties that
 * are `undefined`. The message names the kind of the offender and its depth; names and values are the user's secrets.
 */
export function checkJsonValue(data: unknown): void {
  new JsonCheck().value(data, 0);
}

class JsonCheck {
  /** The containers around the value that is looked at. */
  readonly #path: object[] = [];
  /** Characters that JSON needs at least: one object named in many places is written out in each. */
  #characters = 0;

  value(value: unknown, depth: number): void {
    this.#spend(1);
    switch (typeof value) {
      case 'string':
        return this.#spend(value.length);
      case 'boolean':
        return;
      case 'number':
        if (!Number.isFinite(value)) refuse('NaN or an infinity', depth);
        return;
      case 'object':
        if (value !== null) this.#container(value, depth);
        return;
      default:
        refuse(PRIMITIVES[typeof value] ?? 'an unknown type', depth);
    }
  }

  #container(value: object, depth: number): void {
    if (this.#path.includes(value)) refuse('a cycle', depth);
    if (depth >= PAYLOAD_DEPTH_MAX) refuse(`a value nested deeper than ${PAYLOAD_DEPTH_MAX} levels`, depth);
    if (typeof (value as { toJSON?: unknown }).toJSON === 'function')
      refuse(kindOf(value, 'an object with toJSON'), depth);
    this.#path.push(value);
    if (Array.isArray(value)) this.#array(value, depth);
    else this.#object(value, depth);
    this.#path.pop();
  }

  #array(value: readonly unknown[], depth: number): void {
    if (!isRoot(Object.getPrototypeOf(Object.getPrototypeOf(value)))) refuse('an instance of a class', depth);
    // Indexed, so that holes are seen: JSON would turn them into null.
    for (let at = 0; at < value.length; at++) this.value(value[at], depth + 1);
  }

  #object(value: object, depth: number): void {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== null && !isRoot(prototype)) refuse(kindOf(value, 'an instance of a class'), depth);
    if (Object.getOwnPropertySymbols(value).length > 0) refuse('a symbol as a key', depth);
    for (const key of Object.keys(value)) {
      if (FORBIDDEN_KEYS.has(key)) refuse('a forbidden key (__proto__, constructor or prototype)', depth + 1);
      const member = (value as Record<string, unknown>)[key];
      if (member === undefined) continue;
      this.#spend(key.length);
      this.value(member, depth + 1);
    }
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

/** `Object.prototype`, of this realm or another (`node:vm`, Jest). */
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
