import { hash } from 'node:crypto';
import { PayloadError } from '../errors.ts';
import { HANDLE_BYTES, SESSION_ID_BYTES } from '../limits/session.ts';
import { randomBytes, type Platform } from '../platform/platform.ts';

/**
 * 43 base64url characters of 32 bytes. The last one carries four bits of data and two zero bits (RFC 4648 §3.5), so it
 * is one of sixteen letters; any other would be a second spelling of the same id.
 */
const CANONICAL_SESSION_ID = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

const ID_LABEL = 'holdfast id v1\0';
const HANDLE_LABEL = Buffer.from('holdfast handle v1\0', 'ascii');

/** Returns a new session id of 256 random bits. It is the browser's secret: never stored, never logged. */
export function newSessionId(platform: Platform): string {
  return randomBytes(platform, SESSION_ID_BYTES).toString('base64url');
}

/**
 * Returns the session id of a text in a namespace: SHA-256 of `holdfast id v1 ‖ 0 ‖ namespace ‖ 0 ‖ text`.
 * @throws {PayloadError} the text holds a lone surrogate.
 */
export function sessionIdFor(namespace: string, text: string): string {
  if (typeof text !== 'string' || text === '') throw new PayloadError('idFor: expected a text that is not empty.');
  // UTF-8 has no lone surrogates: each would become U+FFFD, and two texts one id.
  if (/\p{Surrogate}/u.test(text)) throw new PayloadError('idFor: the text contains a lone surrogate.');
  return hash('sha256', `${ID_LABEL}${namespace}\0${text}`, 'base64url');
}

/** Returns true for a canonical session id. It is checked before any I/O. */
export function isSessionId(value: unknown): value is string {
  return typeof value === 'string' && CANONICAL_SESSION_ID.test(value);
}

/**
 * Returns the SHA-256 of the 43 ASCII characters, by which both tiers know a session. A plain hash is enough, since the
 * input has 256 bits of entropy; it makes timing attacks on look-ups (CVE-2019-16782) and stolen dumps useless.
 */
export function storageKeyOf(sessionId: string): Buffer {
  // Node takes twice as long to return a buffer as to return a text.
  return Buffer.from(hash('sha256', sessionId, 'binary'), 'latin1');
}

/**
 * Returns a public name for the session, 22 base64url characters, safe to show in a "your devices" list. It does not
 * lead back to the id.
 */
export function handleOf(storageKey: Uint8Array): string {
  const digest = hash('sha256', Buffer.concat([HANDLE_LABEL, storageKey]), 'buffer');
  return digest.toString('base64url', 0, HANDLE_BYTES);
}
