import { KEY_SET_CHARS_MAX, KEY_SETS_MAX } from '../limits.ts';

/** What V8 of Node 24 spends on a 64-bit machine, measured on deeply frozen data (test/unit/client/heap-estimate.test.ts). */
const OBJECT_BYTES = 56;
/** A hidden class, and one more for the frozen object. */
const NEW_KEY_SET_BYTES = 160;
const NEW_KEY_BYTES = 168;
const ARRAY_BYTES = 48;
const SLOT_BYTES = 8;
const STRING_BYTES = 24;
/** Whole numbers of 32 bits need no object of their own. */
const NUMBER_BYTES = 16;

const BEYOND_LATIN1 = /[^\0-\u{ff}]/u;

/**
 * Estimates the heap that plain data takes, rather too high than too low. Objects with the same keys in the same order share hidden
 * classes. Keys that no other session has, such as article numbers, cost several times what their values do.
 */
export class HeapEstimate {
  /** Seen lately. */
  readonly #keySets = new Set<string>();

  /** In bytes. */
  of(value: unknown): number {
    if (typeof value === 'string') return STRING_BYTES + value.length * (BEYOND_LATIN1.test(value) ? 2 : 1);
    if (typeof value === 'number') return value === (value | 0) ? 0 : NUMBER_BYTES;
    if (typeof value !== 'object' || value === null) return 0;
    if (Array.isArray(value)) return ARRAY_BYTES + this.#slots(value);
    return OBJECT_BYTES + this.#keys(Object.keys(value)) + this.#slots(Object.values(value));
  }

  #slots(members: readonly unknown[]): number {
    let bytes = members.length * SLOT_BYTES;
    for (const member of members) bytes += this.of(member);
    return bytes;
  }

  #keys(keys: readonly string[]): number {
    const name = keys.join('\0');
    if (this.#keySets.has(name)) return 0;
    if (this.#keySets.size >= KEY_SETS_MAX) this.#keySets.clear();
    if (name.length <= KEY_SET_CHARS_MAX) this.#keySets.add(name);
    return NEW_KEY_SET_BYTES + keys.length * NEW_KEY_BYTES + name.length;
  }
}
