import { isDeepStrictEqual } from 'node:util';
import { STORE_MAX_AGE_TOLERANCE_MS } from '../../limits/http.ts';
import type { PlainSession, StoreRecord } from './store-record.ts';

/**
 * Applies the changes from `base` to `next` to what is stored now, key by key: a request writes the keys that it
 * changed, and no others. Where two requests change the same key, the one that is stored last wins.
 */
export function merge(stored: StoreRecord, base: StoreRecord, next: StoreRecord): StoreRecord {
  const data: PlainSession = { ...stored.data };
  for (const key of new Set([...Object.keys(base.data), ...Object.keys(next.data)])) {
    if (isDeepStrictEqual(base.data[key], next.data[key])) continue;
    if (Object.hasOwn(next.data, key)) data[key] = next.data[key];
    else delete data[key];
  }
  const { cookie, maxAge } = isSameCookie(base, next) ? stored : next;
  return { ...stored, cookie, maxAge, data };
}

export function isSameData(base: StoreRecord, next: StoreRecord): boolean {
  return isDeepStrictEqual(base.data, next.data);
}

/** True if the cookie's attributes are equal; a `maxAge` that was computed from a date may differ a little. */
export function isSameCookie(base: StoreRecord, next: StoreRecord): boolean {
  return isSameMaxAge(base, next) && isDeepStrictEqual(attributesOf(base), attributesOf(next));
}

export function isSameMaxAge({ maxAge: before }: StoreRecord, { maxAge: after }: StoreRecord): boolean {
  if (before === null || after === null) return before === after;
  return Math.abs(after - before) <= STORE_MAX_AGE_TOLERANCE_MS;
}

function attributesOf({ cookie, maxAge }: StoreRecord): PlainSession | null {
  return cookie === null || maxAge === null ? cookie : { ...cookie, originalMaxAge: null };
}
