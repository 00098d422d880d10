import { createSecretKey, type KeyObject } from 'node:crypto';
import { KeyRingError } from '../../errors.ts';
import { PASSPHRASE_CHARS_MIN, RING_PASSPHRASES_MAX, RING_RECIPIENTS_MAX } from '../../limits/keys.ts';
import { weaknessOf } from '../ring/key-material.ts';
import { requireOptions } from '../../option-checks.ts';
import { checkWrapper, type KeyWrapper } from './key-wrapper.ts';

/**
 * An opener of a sealed ring: a passphrase of at least 16 characters, a key-encryption key of 32 random bytes, or a key
 * service that wraps one.
 */
export type RingOpener =
  | { readonly passphrase: string }
  | { readonly kek: Uint8Array }
  | { readonly wrapper: KeyWrapper };

/** An opener that was checked. */
export type ResolvedOpener =
  | { readonly kind: 'passphrase'; readonly passphrase: Buffer }
  | { readonly kind: 'kek'; readonly kek: KeyObject }
  | { readonly kind: 'wrapper'; readonly wrapper: KeyWrapper };

/** The name of an opener in messages. */
export const OPENER_NAME: Readonly<Record<ResolvedOpener['kind'], string>> = {
  passphrase: 'this passphrase',
  kek: 'this kek',
  wrapper: 'this wrapper',
};

/**
 * Checks an opener.
 * @throws {KeyRingError} it is none. The message never shows it.
 */
export function resolveOpener(opener: RingOpener): ResolvedOpener {
  const own: Partial<Record<ResolvedOpener['kind'], unknown>> = requireOptions(
    'the opener of a key ring',
    opener ?? {},
    ['passphrase', 'kek', 'wrapper'],
  );
  const { passphrase, kek, wrapper } = own;
  const count = [passphrase, kek, wrapper].filter((given) => given !== undefined).length;
  const [unset] = Object.keys(own);
  if (count === 0 && unset !== undefined) {
    throw new KeyRingError(`The ${unset} that opens a key ring is undefined: is the variable set that it comes from?`);
  }
  if (count !== 1) {
    throw new KeyRingError('A key ring is opened by a passphrase, a kek or a wrapper: give exactly one of them.');
  }
  if (passphrase !== undefined) return { kind: 'passphrase', passphrase: checkPassphrase(passphrase) };
  if (kek !== undefined) return { kind: 'kek', kek: checkKek(kek) };
  return { kind: 'wrapper', wrapper: checkWrapper(wrapper) };
}

/** Checks the openers for which a ring is to be sealed: at least one, and none twice. */
export function resolveOpeners(openers: RingOpener | readonly RingOpener[]): [ResolvedOpener, ...ResolvedOpener[]] {
  const list = Array.isArray(openers) ? (openers as readonly RingOpener[]) : [openers as RingOpener];
  if (list.length === 0) throw new KeyRingError('A key ring is sealed for openers: give at least one opener.');
  if (list.length > RING_RECIPIENTS_MAX) {
    throw new KeyRingError(`A key ring can be sealed for at most ${RING_RECIPIENTS_MAX} openers.`);
  }
  const resolved = list.map(resolveOpener) as [ResolvedOpener, ...ResolvedOpener[]];
  if (resolved.filter(({ kind }) => kind === 'passphrase').length > RING_PASSPHRASES_MAX) {
    throw new KeyRingError(`A key ring can be sealed for at most ${RING_PASSPHRASES_MAX} passphrases.`);
  }
  if (resolved.some((opener, at) => resolved.slice(0, at).some((earlier) => isSame(opener, earlier)))) {
    throw new KeyRingError('A key ring cannot be sealed for one opener twice.');
  }
  return resolved;
}

function checkPassphrase(passphrase: unknown): Buffer {
  if (typeof passphrase !== 'string' || Array.from(passphrase).length < PASSPHRASE_CHARS_MIN) {
    throw new KeyRingError(`The passphrase of a key ring must have at least ${PASSPHRASE_CHARS_MIN} characters.`);
  }
  // Two keyboards may write one passphrase differently: RFC 8265 §4.2 (OpaqueString) compares in NFC.
  return Buffer.from(passphrase.normalize('NFC'), 'utf8');
}

function checkKek(kek: unknown): KeyObject {
  if (!(kek instanceof Uint8Array)) throw new KeyRingError('The kek of a key ring must be a Uint8Array.');
  // AES key wrap does not stretch the key, so a pasted text could be guessed offline.
  const weakness = weaknessOf(kek);
  if (weakness !== undefined) throw new KeyRingError(`The kek of a key ring ${weakness}.`);
  return createSecretKey(kek);
}

function isSame(one: ResolvedOpener, other: ResolvedOpener): boolean {
  if (one.kind === 'passphrase') return other.kind === 'passphrase' && one.passphrase.equals(other.passphrase);
  if (one.kind === 'kek') return other.kind === 'kek' && one.kek.equals(other.kek);
  return other.kind === 'wrapper' && one.wrapper.id === other.wrapper.id;
}
