import { createSecretKey, hash, type KeyObject } from 'node:crypto';
import { KEY_BYTES, KEY_DISTINCT_BYTES_MIN, KEY_ID_BYTES } from '../../limits/keys.ts';

/** The canonical spelling of 32 bytes: 43 base64url characters (RFC 4648 §3.5). */
const CANONICAL_32_BYTES = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** Returns why bytes do not look like a random 256-bit key, without their value; undefined if they do. */
export function weaknessOf(bytes: Uint8Array): string | undefined {
  if (bytes.length !== KEY_BYTES) return `must be exactly ${KEY_BYTES} bytes`;
  if (new Set(bytes).size < KEY_DISTINCT_BYTES_MIN) return 'is not random: too few different bytes';
  // One in 10¹³ random keys, and every pasted passphrase, is printable.
  if (bytes.every((byte) => byte >= 0x20 && byte <= 0x7e)) return 'is not random: it is printable text';
  return undefined;
}

/** Decodes the `k` of a 256-bit octet key (RFC 7518 §6.4.1); undefined unless it is spelled canonically. */
export function decodeMaterial(k: unknown): Buffer | undefined {
  if (typeof k !== 'string' || !CANONICAL_32_BYTES.test(k)) return undefined;
  return Buffer.from(k, 'base64url');
}

export function encodeMaterial(secret: KeyObject): string {
  const bytes = secret.export();
  const k = bytes.toString('base64url');
  bytes.fill(0);
  return k;
}

/** Returns true for the canonical spelling of 32 bytes, as every thumbprint has. */
export function isKid(kid: unknown): kid is string {
  return typeof kid === 'string' && CANONICAL_32_BYTES.test(kid);
}

/** Returns the id by which an envelope names the key of this kid. */
export function keyIdOf(kid: string): Buffer {
  return Buffer.from(kid, 'base64url').subarray(0, KEY_ID_BYTES);
}

/** Returns the RFC 7638 thumbprint of a symmetric key. */
export function thumbprintOf(k: string): string {
  // The members in lexicographic order, without blanks (§3.2, §3.3). base64url needs no escapes.
  return hash('sha256', `{"k":"${k}","kty":"oct"}`, 'base64url');
}

/** Takes over the bytes and wipes them once the key object holds its own copy. */
export function intoSecret(bytes: Buffer): KeyObject {
  const secret = createSecretKey(bytes);
  bytes.fill(0);
  return secret;
}
