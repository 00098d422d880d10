import { describe, expect, it } from 'vitest';
import {
  destroyOld,
  loadOld,
  sessionsOf,
  type OldSessions,
  type OldStore,
} from '../../../../src/http/import/import-store.ts';
import { FakePlatform } from '../../../support/fake-platform.ts';

type Callback = (error?: unknown, session?: unknown) => void;

const load = (get: (callback: Callback) => unknown) => {
  const store: OldStore = { get: (_sid, callback) => get(callback), destroy: () => undefined };
  return loadOld(new FakePlatform(), sessionsOf(store), 'sid');
};
const failure = (code: unknown) => Object.assign(new Error('password=secret'), { code });

describe('an old store', () => {
  it.each([
    ['null', (callback: Callback) => callback(null, null)],
    ['nothing', (callback: Callback) => callback()],
    ['false', (callback: Callback) => callback(null, false)],
    ['ENOENT, as stores on files do', (callback: Callback) => callback(failure('ENOENT'))],
  ])('has no session where it answers %s', async (_what, get) => {
    expect(await load(get)).toBeNull();
  });

  it('is believed the first time it answers', async () => {
    const get = (callback: Callback): void => {
      callback(null, { cart: [] });
      callback(new Error('again'));
    };
    expect(await load(get)).toEqual({ cart: [] });
  });

  it('may give a promise besides, which says nothing of the session', async () => {
    const get = (callback: Callback): Promise<undefined> => {
      setImmediate(() => callback(null, { cart: [] }));
      return Promise.resolve(undefined);
    };
    expect(await load(get)).toEqual({ cart: [] });
  });

  it('may be two functions that answer without a promise', async () => {
    const kept = new Map([['sid', { cart: [] }]]);
    const sessions = { load: (sid: string) => kept.get(sid), destroy: (sid: string) => void kept.delete(sid) };
    const platform = new FakePlatform();
    expect(await loadOld(platform, sessions as never as OldSessions, 'sid')).toEqual({ cart: [] });
    await destroyOld(platform, sessions as never as OldSessions, 'sid');
    expect(kept.size).toBe(0);
  });

  it.each([
    ['answers with an error', 'ETIMEDOUT', (callback: Callback) => callback(failure('ETIMEDOUT'))],
    ['answers with a text', 'unexpected', (callback: Callback) => callback('down')],
    ['gives a promise that fails', 'ECONNRESET', () => Promise.reject(failure('ECONNRESET'))],
    ['answers what is no session', 'unexpected', (callback: Callback) => callback(null, 'a text')],
    ['has an error whose code says too much', 'unexpected', (callback: Callback) => callback(failure('a secret'))],
    [
      'throws',
      'unexpected',
      () => {
        throw new TypeError('password=secret');
      },
    ],
  ])('is unavailable where it %s', async (_what, reason, get) => {
    const error: unknown = await load(get).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'HOLDFAST_IMPORT_UNAVAILABLE', reason });
    expect((error as Error).stack).not.toContain('secret');
  });
});
