import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import { COOKIE_VALUE_CHARS, COOKIES_TRIED_MAX, SESSION_ID_CHARS } from '../../limits/http.ts';
import type { ResolvedCookie } from '../options.ts';

/** HMAC-SHA-256. */
const MAC_BYTES = 32;

/** A cookie that a response has to set, or to clear. */
export interface CookieChange {
  readonly name: string;
  /** Empty where the cookie is cleared. */
  readonly value: string;
  readonly attributes: CookieAttributes;
}

export interface CookieAttributes {
  readonly path: string;
  /** Undefined where the browser is to send the cookie to this host only. */
  readonly domain: string | undefined;
  readonly httpOnly: true;
  readonly secure: boolean;
  readonly sameSite: 'lax' | 'none' | 'strict';
  readonly partitioned: boolean;
  /** Seconds; undefined where the browser is to drop the cookie when it closes. */
  readonly maxAge: number | undefined;
}

/** The cookie that carries a session id: `id.mac`, where mac = HMAC-SHA-256 (cookie key, name ‖ `=` ‖ id), both as base64url. */
export class SessionCookie {
  readonly #options: ResolvedCookie;

  constructor(options: ResolvedCookie) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /**
   * Returns the id of the first cookie of this name that one of the keys has signed. A browser may hold several cookies
   * of one name, and a planted one must not hide the real one. `onMadeUp` runs if there were some, and no key has signed any.
   */
  read(header: string, keys: readonly KeyObject[], onMadeUp: () => void = () => {}): string | undefined {
    let tried = 0;
    for (const value of valuesOf(header, this.name)) {
      if (value.length !== COOKIE_VALUE_CHARS || value[SESSION_ID_CHARS] !== '.') continue;
      if (this.#isSigned(value, keys)) return value.slice(0, SESSION_ID_CHARS);
      tried += 1;
      if (tried === COOKIES_TRIED_MAX) break;
    }
    if (tried > 0) onMadeUp();
    return undefined;
  }

  /** `expiresInMs` is the time to the session's absolute deadline; it is written only with the option `persist`. */
  set(id: string, [key]: readonly KeyObject[], expiresInMs: number): CookieChange {
    if (key === undefined) throw new TypeError('A ring has an index key.');
    const value = `${id}.${this.#mac(key, id).toString('base64url')}`;
    return {
      name: this.name,
      value,
      attributes: this.#attributes(this.#options.persist ? Math.ceil(expiresInMs / 1_000) : undefined),
    };
  }

  /** Repeats the attributes: browsers ignore a `__Host-` cookie without `Secure` and `Path=/`, even one that clears. */
  clear(): CookieChange {
    return { name: this.name, value: '', attributes: this.#attributes(0) };
  }

  #attributes(maxAge: number | undefined): CookieAttributes {
    const { secure, sameSite, partitioned } = this.#options;
    return { path: '/', domain: undefined, httpOnly: true, secure, sameSite, partitioned, maxAge };
  }

  #isSigned(value: string, keys: readonly KeyObject[]): boolean {
    const id = value.slice(0, SESSION_ID_CHARS);
    const mac = Buffer.from(value.slice(SESSION_ID_CHARS + 1), 'base64url');
    return mac.length === MAC_BYTES && keys.some((key) => timingSafeEqual(mac, this.#mac(key, id)));
  }

  #mac(key: KeyObject, id: string): Buffer {
    return createHmac('sha256', key).update(`${this.name}=${id}`).digest();
  }
}

/** Returns the value of a Set-Cookie header. */
export function setCookieLine({ name, value, attributes }: CookieChange): string {
  const { path, domain, sameSite, secure, partitioned, maxAge } = attributes;
  const parts = [`${name}=${value}`, `Path=${path}`];
  if (domain !== undefined) parts.push(`Domain=${domain}`);
  if (maxAge !== undefined) parts.push(`Max-Age=${maxAge}`);
  parts.push('HttpOnly', `SameSite=${sameSite.charAt(0).toUpperCase()}${sameSite.slice(1)}`);
  if (secure) parts.push('Secure');
  if (partitioned) parts.push('Partitioned');
  return parts.join('; ');
}

/**
 * Returns every value of that name in a Cookie header (RFC 6265 §4.2.1). It strips only the space and tab of HTTP:
 * `trim` would also strip U+00A0, and browsers take the name `\u00a0__Host-sid`, which has no prefix to them, from any
 * host of the site.
 */
export function* valuesOf(header: string, name: string): Generator<string> {
  for (const part of header.split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0 && withoutBlanks(part.slice(0, equals)) === name) yield withoutBlanks(part.slice(equals + 1));
  }
}

function withoutBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text[start])) start += 1;
  while (end > start && isBlank(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}
