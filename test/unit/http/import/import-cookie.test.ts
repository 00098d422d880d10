import { createSecretKey } from 'node:crypto';
import { createRequire } from 'node:module';
import { Signer } from '@fastify/cookie';
import { describe, expect, it } from 'vitest';
import { ImportCookie } from '../../../../src/http/import/import-cookie.ts';
import { setCookieLine } from '../../../../src/http/cookie/session-cookie.ts';
import { signedSid } from '../../../support/old-store.ts';

/** What express-session signs with. */
const { sign } = createRequire(createRequire(import.meta.url).resolve('express-session'))('cookie-signature') as {
  sign(value: string, secret: string): string;
};

const key = (secret: string) => createSecretKey(Buffer.from(secret));
const ours = { name: '__Host-sid', sameSite: 'lax', secure: true, partitioned: false, persist: false } as const;
const old = { name: 'connect.sid', path: '/shop', domain: 'example.org', secrets: [key('new'), key('older')] };
const cookie = new ImportCookie(old, ours);
const sidIn = (value: string) => cookie.read(`a=1; connect.sid=${value}; b=2`)?.sid;

describe('the old cookie', () => {
  it.each(['abc', 'a.b.c', 'päß', 'x'.repeat(600), 's:s:'])('is read as express-session wrote it: %s', (sid) => {
    for (const secret of ['new', 'older']) {
      expect(sidIn(encodeURIComponent(`s:${sign(sid, secret)}`))).toBe(sid);
      expect(signedSid(sid, secret)).toBe(encodeURIComponent(`s:${sign(sid, secret)}`));
    }
  });

  it('is read as @fastify/session wrote it', () => {
    const signer = new Signer(['older']);
    expect(sidIn(encodeURIComponent(signer.sign('Y1-abc')))).toBe('Y1-abc');
  });

  it('is read where a browser has it without percent signs', () => {
    expect(sidIn(`s:${sign('abc', 'new')}`)).toBe('abc');
  });

  it('is not hidden by a planted one of the same name', () => {
    const header = `connect.sid=s:planted.x; connect.sid=${signedSid('abc', 'new')}`;
    expect(cookie.read(header)?.sid).toBe('abc');
  });

  it('is looked for among the first four of its name only', () => {
    const planted = (count: number) => 'connect.sid=s:planted.x; '.repeat(count);
    const mine = `connect.sid=${signedSid('abc', 'new')}`;
    expect(cookie.read(`${planted(3)}${mine}`)?.sid).toBe('abc');
    expect(cookie.read(`${planted(4)}${mine}`)).toBeUndefined();
  });

  const signed = sign('abc', 'new');
  it.each([
    ['signed with another secret', `s:${sign('abc', 'another')}`],
    ['of another session id', `s:abd${signed.slice(3)}`],
    ['with a shorter signature', `s:${signed.slice(0, -1)}`],
    ['with a longer signature', `s:${signed}A`],
    ['without a signature', 's:abc'],
    ['without a session id', `s:.${signed.slice(4)}`],
    ['empty', ''],
    ['of broken percent signs', '%E0%A4%A'],
    ['that is too long', encodeURIComponent(`s:${sign('x'.repeat(1_000), 'new')}`)],
  ])('is refused where it is one %s', (_what, value) => {
    expect(sidIn(value)).toBeUndefined();
  });

  it('is cleared and prolonged where it was set', () => {
    const there = cookie.read(`connect.sid=${signedSid('abc', 'new')}`) ?? expect.fail('not read');
    const line = (change = cookie.clear()) => setCookieLine(change);
    expect(line()).toBe('connect.sid=; Path=/shop; Domain=example.org; Max-Age=0; HttpOnly; SameSite=Lax; Secure');
    const prolonged = line(cookie.prolong(there, 60_500));
    expect(prolonged).toMatch(/^connect\.sid=s:abc\..{43}; Path=\/shop; Domain=example\.org; Max-Age=60; /);
    expect(cookie.read(prolonged.split(';', 1)[0] ?? '')?.sid).toBe('abc');
  });

  it('is not prolonged where it could not be written as it is', () => {
    const there = cookie.read(`connect.sid=${signedSid('a;b', 'new')}`) ?? expect.fail('not read');
    expect(cookie.prolong(there, 60_000)).toBeUndefined();
  });
});
