import { describe, expect, it } from 'vitest';
import { HttpSessions } from '../../../../src/http/http-sessions.ts';
import { ConfigurationError } from '../../../../src/index.ts';
import { memoryClient } from '../../../support/memory-client.ts';
import { MemoryOldStore } from '../../../support/old-store.ts';

const { sessions } = await memoryClient<object>();
const good = { store: new MemoryOldStore(), secret: 'keyboard cat', toSession: (): null => null };
const make = (importFrom: unknown) =>
  new HttpSessions(sessions, { initial: () => ({}), importFrom: importFrom as typeof good });

describe('importFrom', () => {
  it.each([
    ['a store', good],
    ['two functions', { ...good, store: undefined, load: async (): Promise<null> => null, destroy: async () => {} }],
    ['several secrets, as bytes too', { ...good, secret: ['new', Buffer.from('older')] }],
    ['a cookie elsewhere', { ...good, cookie: { name: 'sessionId', path: '/shop', domain: '.example.org' } }],
    ['a moment', { ...good, since: new Date() }],
  ])('takes %s', (_what, importFrom) => {
    expect(make(importFrom).imports).toBeDefined();
  });

  it.each([
    ['null', null],
    ['a misspelt name', { ...good, secrets: 'keyboard cat' }],
    ['no store', { ...good, store: undefined }],
    ['a store that cannot destroy', { ...good, store: { get() {} } }],
    ['a store and functions', { ...good, load: async (): Promise<null> => null, destroy: async () => {} }],
    ['load alone', { ...good, store: undefined, load: good.toSession }],
    ['no secret', { ...good, secret: undefined }],
    ['an empty secret', { ...good, secret: '' }],
    ['no secret of several', { ...good, secret: [] }],
    ['a number among the secrets', { ...good, secret: ['keyboard cat', 4_711] }],
    ['more secrets than make sense', { ...good, secret: Array.from({ length: 11 }, () => 'keyboard cat') }],
    ['no toSession', { ...good, toSession: undefined }],
    ['a moment that is none', { ...good, since: new Date(Number.NaN) }],
    ['a moment as a number', { ...good, since: 4_711 }],
    ['a cookie name that is none', { ...good, cookie: { name: 'a b' } }],
    ['the name of the new cookie', { ...good, cookie: { name: '__Host-sid' } }],
    ['a path that is none', { ...good, cookie: { path: '/; Secure' } }],
    ['a domain that is none', { ...good, cookie: { domain: 'example.org; Secure' } }],
    ['a misspelt name in the cookie', { ...good, cookie: { Name: 'x' } }],
  ])('refuses %s, and shows no secret', (_what, importFrom) => {
    const error = (() => {
      try {
        return make(importFrom);
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).not.toMatch(/keyboard|4.?711/);
  });
});
