import type { KeyObject } from 'node:crypto';

/**
 * A state in the life of a key:
 * - `pending`: opens, but does not seal yet;
 * - `active`: seals;
 * - `decrypt-only`: still opens what it sealed;
 * - `retired`: kept without use;
 * - `revoked`: refused at once.
 */
export type KeyState = 'active' | 'decrypt-only' | 'pending' | 'retired' | 'revoked';

/** The `alg` of a data key. It decides the suite: a key is never used under two algorithms. */
export type DataKeyAlgorithm = 'A256GCM' | 'XAES-256-GCM';

/** The suite byte of an envelope: 1 is plain AES-256-GCM, 2 is XAES-256-GCM. */
export type Suite = 1 | 2;

/** The purpose of a key: data keys seal sessions, index keys blind user ids. */
export type KeyPurpose = 'data' | 'index';

/** The `use` (RFC 7517 §4.2) that a JWK of this purpose has. */
export const USE_OF: Readonly<Record<KeyPurpose, 'enc' | 'sig'>> = { data: 'enc', index: 'sig' };

export const SUITE_OF: Readonly<Record<DataKeyAlgorithm, Suite>> = { A256GCM: 1, 'XAES-256-GCM': 2 };

export const ALGORITHM_OF: Readonly<Record<Suite, DataKeyAlgorithm>> = { 1: 'A256GCM', 2: 'XAES-256-GCM' };

interface KeyOfAnyUse {
  /**
   * The RFC 7638 SHA-256 thumbprint, 43 base64url characters. It is safe to log, since the material has 256 bits of
   * entropy.
   */
  readonly kid: string;
  /** The first 8 bytes of the thumbprint, by which an envelope names its key. */
  readonly keyId: Buffer;
  readonly state: KeyState;
  readonly secret: KeyObject;
  /** Milliseconds since the epoch, whole seconds. */
  readonly createdAt: number;
  /** The time at which the key began to seal; undefined for a key that never has. */
  readonly activatedAt: number | undefined;
}

/** Seals sessions. */
export interface DataKey extends KeyOfAnyUse {
  readonly use: 'enc';
  readonly suite: Suite;
}

/** Blinds user ids. */
export interface IndexKey extends KeyOfAnyUse {
  readonly use: 'sig';
}

export type RingKey = DataKey | IndexKey;

/** The public description of a key. */
export interface KeyInfo {
  readonly kid: string;
  readonly use: 'enc' | 'sig';
  readonly alg: DataKeyAlgorithm | 'HS256';
  readonly state: KeyState;
  readonly createdAt: number;
  readonly activatedAt: number | undefined;
}

export function algorithmOf(key: RingKey): DataKeyAlgorithm | 'HS256' {
  return key.use === 'enc' ? ALGORITHM_OF[key.suite] : 'HS256';
}

/** Returns the description of a key without its material. */
export function infoOf(key: RingKey): KeyInfo {
  const { kid, use, state, createdAt, activatedAt } = key;
  return { kid, use, alg: algorithmOf(key), state, createdAt, activatedAt };
}
