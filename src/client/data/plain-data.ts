import { PAYLOAD_DEPTH_MAX } from '../../limits/session.ts';

/** `T` as its readers see it: whatever is reachable through properties and indexes is read-only. */
export type DeepReadonly<T> = unknown extends T
  ? T
  : T extends BuiltIn
    ? T
    : { readonly [K in keyof T]: DeepReadonly<T[K]> };

/** Types without properties of their own that `readonly` could protect. */
type BuiltIn =
  | ((...args: never[]) => unknown)
  | ArrayBufferLike
  | ArrayBufferView
  | Date
  | Error
  | Map<unknown, unknown>
  | Promise<unknown>
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | RegExp
  | URL
  | WeakMap<WeakKey, unknown>
  | WeakSet<WeakKey>
  | bigint
  | boolean
  | number
  | string
  | symbol
  | null
  | undefined;

/** Freezes plain data, in place. `for … in`, because V8 then knows where the properties are: twice as fast as `Object.values`. */
export function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const member of value) deepFreeze(member);
  } else {
    for (const key in value) {
      const member = (value as Record<string, unknown>)[key];
      if (typeof member === 'object' && Object.hasOwn(value, key)) deepFreeze(member);
    }
  }
  Object.freeze(value);
}

/**
 * A deeply frozen copy of `value`, or undefined where a copy would be something else: an instance of a class, a function, an
 * accessor, a symbol as a key. A copy, because a schema may put the application's own objects into its output (defaults), and
 * those are not ours to freeze.
 */
export function frozenCopy(value: unknown): unknown {
  const copy = copyOf(value, 0);
  if (copy === NOT_PLAIN) return undefined;
  deepFreeze(copy);
  return copy;
}

const NOT_PLAIN = Symbol('not plain');

function copyOf(value: unknown, depth: number): unknown {
  if (typeof value === 'function') return NOT_PLAIN;
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= PAYLOAD_DEPTH_MAX) return NOT_PLAIN;
  if (Array.isArray(value)) return copyOfArray(value, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return NOT_PLAIN;
  return copyOfObject(value, prototype, depth);
}

function copyOfArray(value: readonly unknown[], depth: number): unknown {
  if (Object.getPrototypeOf(value) !== Array.prototype || Object.keys(value).length !== value.length) return NOT_PLAIN;
  const copy: unknown[] = [];
  for (const member of value) {
    const own = copyOf(member, depth + 1);
    if (own === NOT_PLAIN) return NOT_PLAIN;
    copy.push(own);
  }
  return copy;
}

function copyOfObject(value: object, prototype: object | null, depth: number): unknown {
  const copy = Object.create(prototype) as Record<string, unknown>;
  for (const key of Reflect.ownKeys(value)) {
    const property = Object.getOwnPropertyDescriptor(value, key);
    const isPlain = typeof key === 'string' && key !== '__proto__' && property?.enumerable && 'value' in property;
    if (!isPlain) return NOT_PLAIN;
    const own = copyOf(property.value, depth + 1);
    if (own === NOT_PLAIN) return NOT_PLAIN;
    copy[key] = own;
  }
  return copy;
}
