import { deepEqual, ok } from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';

/** Passes if `actual` has everything that `expected` has, and perhaps more; buffers and arrays have to be equal in length. */
export function matches(actual: unknown, expected: object): void {
  deepEqual(commonPart(actual, expected), expected);
}

/** Passes if one element equals `expected`. */
export function includes(list: readonly unknown[], expected: unknown): void {
  ok(isIncluded(list, expected), 'The list does not include the element.');
}

/** Passes if no element equals `unexpected`. */
export function excludes(list: readonly unknown[], unexpected: unknown): void {
  ok(!isIncluded(list, unexpected), 'The list includes the element.');
}

function isIncluded(list: readonly unknown[], wanted: unknown): boolean {
  return list.some((element) => isDeepStrictEqual(element, wanted));
}

/** The part of `actual` that `expected` speaks of. */
function commonPart(actual: unknown, expected: unknown): unknown {
  if (!isPlain(actual) || !isPlain(expected)) return actual;
  if (Array.isArray(actual)) return actual.map((element, index) => commonPart(element, Reflect.get(expected, index)));
  const names = Object.keys(expected).filter((name) => Object.hasOwn(actual, name));
  return Object.fromEntries(
    names.map((name) => [name, commonPart(Reflect.get(actual, name), Reflect.get(expected, name))]),
  );
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Buffer.isBuffer(value);
}
