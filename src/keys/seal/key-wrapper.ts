import type { KeyObject } from 'node:crypto';
import { KeyRingError } from '../../errors.ts';
import { KEY_BYTES, WRAPPED_KEY_BYTES_MAX, WRAPPER_ID_CHARS_MAX } from '../../limits/keys.ts';
import { randomBytes, systemPlatform } from '../../platform/platform.ts';
import { intoSecret, weaknessOf } from '../ring/key-material.ts';

/**
 * A key service (KMS, Vault, HSM) that encrypts a key-encryption key of 32 bytes, so that a sealed ring opens only
 * where the service allows it. Both methods bound their own time; only one word of their errors is passed on.
 */
export interface KeyWrapper {
  /**
   * The name of the service's key, by which a ring finds its wrapper: an ARN, a path. It stands in the sealed ring in
   * the clear. Printable ASCII without spaces, at most 512 characters.
   */
  readonly id: string;
  /**
   * Encrypts `key`; at most 8 KiB. `context` is not secret and must be authenticated (encryption context, associated
   * data). `key` is overwritten as soon as the promise settles.
   */
  wrap(key: Uint8Array, context: Readonly<Record<string, string>>): Promise<Uint8Array>;
  /** Returns the key that was wrapped with the same context; fails for another context. */
  unwrap(wrapped: Uint8Array, context: Readonly<Record<string, string>>): Promise<Uint8Array>;
}

/** Keeps a wrapped key from being unwrapped for another purpose, and shows in the service's own log. */
const CONTEXT: Readonly<Record<string, string>> = Object.freeze({ purpose: 'holdfast-key-ring' });

const WRAPPER_ID = new RegExp(`^[!-~]{1,${WRAPPER_ID_CHARS_MAX}}$`);

export function isWrapperId(id: unknown): id is string {
  return typeof id === 'string' && WRAPPER_ID.test(id);
}

/**
 * Checks a key wrapper.
 * @throws {KeyRingError} it cannot be used as one.
 */
export function checkWrapper(wrapper: unknown): KeyWrapper {
  const { id, wrap, unwrap } = (wrapper ?? {}) as Partial<Record<keyof KeyWrapper, unknown>>;
  if (typeof wrap !== 'function' || typeof unwrap !== 'function') {
    throw new KeyRingError('The wrapper of a key ring must have the methods wrap and unwrap.');
  }
  if (!isWrapperId(id)) {
    throw new KeyRingError(
      `The id of a key wrapper must be 1 to ${WRAPPER_ID_CHARS_MAX} printable characters without spaces.`,
    );
  }
  return wrapper as KeyWrapper;
}

/** Returns a fresh key-encryption key, and its wrapped form. */
export async function wrapFreshKek(wrapper: KeyWrapper): Promise<{ kek: KeyObject; wrapped: Buffer }> {
  const bytes = randomBytes(systemPlatform, KEY_BYTES);
  const given = Uint8Array.from(bytes);
  try {
    const wrapped = await call(wrapper, 'wrap', given);
    if (wrapped.length === 0 || wrapped.length > WRAPPED_KEY_BYTES_MAX) {
      throw new KeyRingError(`The key wrapper ${wrapper.id} must answer with 1 to ${WRAPPED_KEY_BYTES_MAX} bytes.`);
    }
    if (wrapped.includes(bytes)) throw new KeyRingError(`The key wrapper ${wrapper.id} did not encrypt the key.`);
    return { kek: intoSecret(Buffer.from(bytes)), wrapped };
  } finally {
    bytes.fill(0);
    given.fill(0);
  }
}

export async function unwrapKek(wrapper: KeyWrapper, wrapped: Buffer): Promise<KeyObject> {
  const kek = await call(wrapper, 'unwrap', wrapped);
  if (weaknessOf(kek) === undefined) return intoSecret(kek);
  throw new KeyRingError(`The key wrapper ${wrapper.id} answered with something that is no key.`);
}

/** Calls the wrapper and copies its answer: the wrapper may keep its own. */
async function call(wrapper: KeyWrapper, method: 'unwrap' | 'wrap', bytes: Uint8Array): Promise<Buffer> {
  let answer: unknown;
  try {
    answer = await wrapper[method](bytes, CONTEXT);
  } catch (error) {
    throw new KeyRingError(`The key wrapper ${wrapper.id} could not ${method} the key (${wordOf(error)}).`);
  }
  if (!(answer instanceof Uint8Array)) {
    throw new KeyRingError(`The key wrapper ${wrapper.id} must answer with a Uint8Array.`);
  }
  return Buffer.from(answer);
}

/**
 * Returns what may be shown of another library's error: its code (`ECONNREFUSED`; `fetch` has it on the cause) or its
 * name (`AccessDeniedException`). The word has letters only, and too few for a key; the message may hold anything.
 */
export function wordOf(error: unknown): string {
  const { code, cause, name } = (error ?? {}) as { code?: unknown; cause?: unknown; name?: unknown };
  const { code: codeOfCause } = (cause ?? {}) as { code?: unknown };
  const word = [code, codeOfCause, name].find(
    (said) => typeof said === 'string' && /^[A-Za-z][A-Za-z_]{1,39}$/.test(said),
  );
  return typeof word === 'string' ? word : 'unknown reason';
}
