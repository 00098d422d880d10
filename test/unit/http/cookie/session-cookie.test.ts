import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { addKey, generateKeyRing, revokeKey, type KeyRing } from '../../../../src/index.ts';
import { SessionCookie, setCookieLine } from '../../../../src/http/cookie/session-cookie.ts';
import { withPromoted, withRetired } from '../../../../src/keys/ring/rotation.ts';
import { COOKIES_TRIED_MAX } from '../../../../src/limits/http.ts';
import { HttpSessions } from '../../../../src/http/http-sessions.ts';
import { Browser } from '../../../support/browser.ts';
import { settled } from '../../../support/fake-platform.ts';
import { KeyFleet } from '../../../support/key-fleet.ts';
import type { Shop } from '../../../support/memory-fleet.ts';

const options = { name: '__Host-sid', sameSite: 'lax', secure: true, partitioned: false, persist: false } as const;
const cookie = new SessionCookie(options);
const key = createSecretKey(Buffer.alloc(32, 1));
const otherKey = createSecretKey(Buffer.alloc(32, 2));
const id = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ';
const signed = (by = key, of = id): string => cookie.set(of, [by], 1_000).value;
const read = (value: string, keys: readonly KeyObject[] = [key]) => cookie.read(`__Host-sid=${value}`, keys);

describe('the session cookie', () => {
  it('is the one that the reference shows as an example', () => {
    const page = readFileSync(new URL('../../../../docs/reference/http.md', import.meta.url), 'utf8');
    expect(page.split('\n')).toContain(signed());
  });

  it('is the id, a dot and the mac of name, equals sign and id, as the reference says', () => {
    const mac = createHmac('sha256', key).update(`__Host-sid=${id}`).digest('base64url');
    expect(signed()).toBe(`${id}.${mac}`);
    expect(read(`${id}.${mac}`)).toBe(id);
  });

  it.each<[string, string]>([
    ['is empty', ''],
    ['has no mac', id],
    ['is cut short', signed().slice(0, -1)],
    ['has one character more', `${signed()}A`],
    ['has another dot', signed().replace('.', '_')],
    ['has another id', `b${signed().slice(1)}`],
    ['has another mac', `${signed().slice(0, -2)}${signed().endsWith('AA') ? 'BA' : 'AA'}`],
    ['has no base64url as its mac', `${id}.${'%'.repeat(43)}`],
    ['was signed with another key', signed(otherKey)],
    ['was signed for another cookie', new SessionCookie({ ...options, name: '__Host-other' }).set(id, [key], 1).value],
    ['is quoted', `"${signed()}"`],
  ])('is none where it %s', (_, value) => {
    expect(read(value)).toBeUndefined();
  });

  it('is found among others, whatever stands before it', () => {
    const planted = `__Host-sid=${signed(otherKey)}`;
    for (const before of [
      '',
      'a=b; ',
      `${planted}; `,
      '__Host-sid=x; ',
      '__Host-sid; ',
      '=; ',
      ';;',
      'x__Host-sid=y; ',
    ]) {
      expect(cookie.read(`${before}__Host-sid=${signed()}; theme=dark`, [key])).toBe(id);
    }
    expect(cookie.read(`x__Host-sid=${signed()}`, [key])).toBeUndefined();
    expect(cookie.read(`__host-sid=${signed()}`, [key])).toBeUndefined();
  });

  it.each(['\u00a0', '\u000b', '\u2000', '\ufeff'])(
    'is none whose name begins with %j: browsers see no prefix there and take it from other hosts',
    (mark) => {
      expect(cookie.read(`theme=dark; ${mark}__Host-sid=${signed()}`, [key])).toBeUndefined();
      expect(read(`${mark}${signed()}`)).toBeUndefined();
      expect(cookie.read(`theme=dark; \t __Host-sid \t=\t ${signed()}\t `, [key])).toBe(id);
    },
  );

  it('is the first one that was signed, where there are two', () => {
    const second = id.replace('a', 'z');
    expect(cookie.read(`__Host-sid=${signed()}; __Host-sid=${signed(key, second)}`, [key])).toBe(id);
  });

  it('is looked for among a few of its name only: a header full of made-up ones costs as many checks', () => {
    const planted = (count: number) => `__Host-sid=${signed(otherKey)}; `.repeat(count);
    const real = `__Host-sid=${signed()}`;
    expect(cookie.read(planted(COOKIES_TRIED_MAX - 1) + real, [key])).toBe(id);
    expect(cookie.read(planted(COOKIES_TRIED_MAX) + real, [key])).toBeUndefined();
    expect(cookie.read('__Host-sid=short; '.repeat(100) + real, [key])).toBe(id);
  });

  it('is accepted under each of the keys, and signed with the first', () => {
    expect(read(signed(otherKey), [key, otherKey])).toBe(id);
    expect(read(cookie.set(id, [otherKey, key], 1_000).value, [otherKey])).toBe(id);
    expect(read(signed(), [])).toBeUndefined();
  });
});

describe('Set-Cookie', () => {
  const line = (more: Partial<ConstructorParameters<typeof SessionCookie>[0]>, expiresInMs = 90_000) =>
    setCookieLine(new SessionCookie({ ...options, ...more }).set(id, [key], expiresInMs)).replace(/=[\w.-]{87}/, '=…');

  it('says everything that a browser would have to guess', () => {
    expect(line({})).toBe('__Host-sid=…; Path=/; HttpOnly; SameSite=Lax; Secure');
    expect(line({ sameSite: 'strict' })).toBe('__Host-sid=…; Path=/; HttpOnly; SameSite=Strict; Secure');
    expect(line({ sameSite: 'none', partitioned: true })).toBe(
      '__Host-sid=…; Path=/; HttpOnly; SameSite=None; Secure; Partitioned',
    );
    expect(line({ name: 'sid', secure: false })).toBe('sid=…; Path=/; HttpOnly; SameSite=Lax');
  });

  it('lets the cookie outlive the browser only if it is to, and the session by less than a second', () => {
    expect(line({ persist: true })).toBe('__Host-sid=…; Path=/; Max-Age=90; HttpOnly; SameSite=Lax; Secure');
    expect(line({ persist: true }, 500)).toContain('Max-Age=1;');
  });

  it('clears with the attributes without which browsers refuse the name', () => {
    expect(setCookieLine(cookie.clear())).toBe('__Host-sid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure');
  });
});

describe('a rotation of index keys', () => {
  let first: KeyRing;
  let added: KeyRing;
  let promoted: KeyRing;
  const initial = (): Shop => ({ cart: [] });

  beforeAll(async () => {
    first = await generateKeyRing();
    added = await addKey(first, { use: 'index' });
    promoted = withPromoted(added, { use: 'index' });
  });

  /** Whether a node that has the ring `readBy` knows the session of a browser that got its cookie under the ring `signedBy`. */
  async function isKnown(signedBy: KeyRing, readBy: KeyRing): Promise<boolean> {
    const fleet = new KeyFleet(signedBy);
    const { sessions } = await fleet.ready();
    const browser = new Browser(new HttpSessions(sessions, { initial }));
    await browser.send((visit) => visit.update((shop) => void shop.cart.push('book')), { method: 'POST' });
    fleet.shelf.put(readBy);
    await settled();
    return (await browser.send((visit) => visit.get())) !== null;
  }

  it('signs no user out: a node ahead and a node behind accept each other’s cookies', async () => {
    expect(await isKnown(added, promoted)).toBe(true);
    expect(await isKnown(promoted, withRetired(promoted, first.indexKeys[0].kid))).toBe(true);
    expect(await isKnown(first, withRetired(promoted, first.indexKeys[0].kid))).toBe(true);
  });

  it('does, where the key that signed is revoked', async () => {
    expect(await isKnown(first, revokeKey(promoted, { kid: first.indexKeys[0].kid }))).toBe(false);
  });
});
