import { describe, expect, it } from 'vitest';
import { remembers, type Row, toFeedPage, toRecord, toState } from '../../../../src/tiers/sql/rows/rows.ts';

const row = {
  storage_key: new Uint8Array(32).fill(1),
  user_key: new Uint8Array(32).fill(2),
  revision: 3n,
  envelope: new Uint8Array([1, 2, 3]),
  key_id: new Uint8Array(8),
  created_at: 1_764_000_000_000n,
  last_seen_at: 1_764_000_000_001,
  idle_lifetime: 4,
  idle_expires_at: 5n,
  absolute_expires_at: 6n,
};

describe('a row from a driver', () => {
  it('becomes a sealed record of Buffers and numbers', () => {
    expect(toRecord(row)).toEqual({
      storageKey: Buffer.alloc(32, 1),
      userKey: Buffer.alloc(32, 2),
      revision: 3,
      envelope: Buffer.from([1, 2, 3]),
      keyId: Buffer.alloc(8),
      createdAt: 1_764_000_000_000,
      lastSeenAt: 1_764_000_000_001,
      idleLifetimeMs: 4,
      idleExpiresAt: 5,
      absoluteExpiresAt: 6,
    });
  });

  it('lends its bytes without a copy, also from the middle of a larger buffer', () => {
    const pool = new Uint8Array(100);
    const envelope = pool.subarray(10, 20);
    const record = toRecord({ ...row, envelope });
    pool[10] = 7;
    expect(record.envelope).toHaveLength(10);
    expect(record.envelope[0]).toBe(7);
  });

  it('keeps a missing user missing', () => {
    expect(toRecord({ ...row, user_key: null }).userKey).toBeNull();
  });

  it.each([2n ** 53n, -(2n ** 53n), 1.5, '3', null, undefined])(
    'refuses the revision %s rather than round it',
    (revision) => {
      expect(() => toState({ ...row, revision })).toThrow(
        expect.objectContaining({ kind: 'ambiguous', reason: 'malformed-row' }),
      );
    },
  );

  it.each(['text', 7, null, undefined, [1, 2]])('refuses %s for bytes', (envelope) => {
    expect(() => toRecord({ ...row, envelope })).toThrow(expect.objectContaining({ reason: 'malformed-row' }));
  });

  it('remembers keys at multiples of 32 bytes only', () => {
    const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const remembered = { rotated_at: 7n, previous_keys: new Uint8Array(Buffer.concat([first, second])) };
    const has = (previousStorageKey: Buffer, moved: Row = remembered) =>
      remembers(moved, { previousStorageKey, since: 7 });
    expect(has(first)).toBe(true);
    expect(has(second)).toBe(true);
    expect(has(Buffer.concat([first.subarray(16), second.subarray(16)]))).toBe(false);
    expect(has(first, { rotated_at: 7n, previous_keys: new Uint8Array(0) })).toBe(false);
    expect(has(first, { ...remembered, rotated_at: 6n })).toBe(false);
  });

  it('is a page of the feed without rows when it carries nothing but the clock', () => {
    expect(toFeedPage([{ now: 7n, named: null, report: 'main=a', storage_key: null, dirty_at: null }])).toEqual({
      now: 7,
      rows: [],
      masters: null,
      report: 'main=a',
    });
    expect(() => toFeedPage([])).toThrow(expect.objectContaining({ reason: 'malformed-row' }));
  });

  it('is a row of the feed with its earlier keys, the oldest first', () => {
    const keys = [Buffer.alloc(32, 8), Buffer.alloc(32, 9)];
    const dirty = {
      ...row,
      now: 7,
      named: 'main=a.1',
      report: null,
      dirty_at: 5n,
      revoked_at: null,
      previous_keys: new Uint8Array(Buffer.concat(keys)),
    };
    const page = toFeedPage([dirty, { ...dirty, revoked_at: 1n, previous_keys: new Uint8Array(0) }]);
    const expected = { storageKey: Buffer.alloc(32, 1), dirtyAt: 5, revision: 3, absoluteExpiresAt: 6 };
    expect(page).toEqual({
      now: 7,
      rows: [
        { ...expected, isRevoked: false, previousKeys: keys },
        { ...expected, isRevoked: true, previousKeys: [] },
      ],
      masters: 'main=a.1',
      report: null,
    });
  });
});
