import { describe, expect, it } from 'vitest';
import { ResponseHead } from '../../../../src/http/cookie/cookie-sink.ts';
import { setCookieLine, type CookieChange } from '../../../../src/http/cookie/session-cookie.ts';

const change = (name: string, value: string, more: Partial<CookieChange['attributes']> = {}): CookieChange => ({
  name,
  value,
  attributes: {
    path: '/',
    domain: undefined,
    httpOnly: true,
    secure: true,
    sameSite: 'lax',
    partitioned: false,
    maxAge: undefined,
    ...more,
  },
});

describe('ResponseHead', () => {
  it('carries the last change of each cookie, once', () => {
    const head = new ResponseHead();
    for (const [name, value] of [
      ['sid', 'a'],
      ['old', ''],
      ['sid', 'b'],
    ] as const) {
      head.set(change(name, value));
    }
    expect(head.leave()?.cookies.map(({ name, value }) => `${name}=${value}`)).toEqual(['sid=b', 'old=']);
    expect(head.isOpen).toBe(false);
    expect(head.leave()).toBeUndefined();
  });
});

describe('setCookieLine', () => {
  it('writes another path and a domain where a cookie has them', () => {
    const line = setCookieLine(change('connect.sid', '', { path: '/shop', domain: 'example.org', maxAge: 0 }));
    expect(line).toBe('connect.sid=; Path=/shop; Domain=example.org; Max-Age=0; HttpOnly; SameSite=Lax; Secure');
  });
});
