import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import { COOKIES_TRIED_MAX, IMPORT_COOKIE_CHARS_MAX } from '../../limits/http.ts';
import type { ResolvedOldCookie } from './import-options.ts';
import type { ResolvedCookie } from '../options.ts';
import { valuesOf, type CookieChange } from '../cookie/session-cookie.ts';

/** An old cookie whose signature is right. */
export interface OldCookie {
  readonly sid: string;
  /** The cookie's value, percent-decoded. */
  readonly value: string;
}

/** A session id, a point and its signature: HMAC-SHA-256 as base64 without padding. */
const SIGNED = /^(?:s:)?(.+)\.([A-Za-z0-9+/]{43})$/s;
/**
 * The characters that RFC 6265 §4.1.1 allows in a value, without the percent sign. Such a value needs no encoding, in which libraries
 * differ, so each of them writes and reads it alike.
 */
const PLAIN_VALUE = /^[!#$&-+\--:<-[\]-~]*$/;

/**
 * The cookie of express-session, `s:sid.signature`, and of @fastify/session, which leaves `s:` out: both sign with HMAC-SHA-256. Reads
 * it, clears it and prolongs it, but never gives another one.
 */
export class ImportCookie {
  readonly #old: ResolvedOldCookie;
  readonly #ours: ResolvedCookie;

  constructor(old: ResolvedOldCookie, ours: ResolvedCookie) {
    this.#old = old;
    this.#ours = ours;
  }

  /** True if the request may have the old cookie. */
  isIn(header: string): boolean {
    return header.includes(this.#old.name);
  }

  /**
   * Returns the first cookie of its name that one of the secrets has signed, among the first few: each costs an HMAC
   * per secret.
   */
  read(header: string): OldCookie | undefined {
    if (!this.isIn(header)) return undefined;
    let tried = 0;
    for (const value of valuesOf(header, this.#old.name)) {
      const cookie = value.length > IMPORT_COOKIE_CHARS_MAX ? undefined : this.#verify(decoded(value));
      if (cookie !== undefined) return cookie;
      tried += 1;
      if (tried === COOKIES_TRIED_MAX) break;
    }
    return undefined;
  }

  clear(): CookieChange {
    return this.#change('', 0);
  }

  /**
   * Returns the cookie as the browser has it, for as long as its session may live from now on; undefined if it cannot
   * be written unchanged.
   */
  prolong({ value }: OldCookie, expiresInMs: number): CookieChange | undefined {
    return PLAIN_VALUE.test(value) ? this.#change(value, Math.floor(expiresInMs / 1_000)) : undefined;
  }

  #verify(value: string): OldCookie | undefined {
    const [, sid, signature] = SIGNED.exec(value) ?? [];
    if (sid === undefined || signature === undefined) return undefined;
    const given = Buffer.from(signature, 'ascii');
    const isSigned = this.#old.secrets.some((secret) => timingSafeEqual(given, signatureOf(sid, secret)));
    return isSigned ? { sid, value } : undefined;
  }

  #change(value: string, maxAge: number): CookieChange {
    const { name, path, domain } = this.#old;
    const { secure, sameSite, partitioned } = this.#ours;
    return { name, value, attributes: { path, domain, httpOnly: true, secure, sameSite, partitioned, maxAge } };
  }
}

function signatureOf(sid: string, secret: KeyObject): Buffer {
  return Buffer.from(createHmac('sha256', secret).update(sid).digest('base64').slice(0, 43), 'ascii');
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return '';
  }
}
