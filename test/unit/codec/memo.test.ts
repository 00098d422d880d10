import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { Memo } from '../../../src/codec/memo.ts';
import { MEMO_ENTRY_OVERHEAD_BYTES, MEMO_LIFETIME_MS } from '../../../src/limits/codec.ts';
import type { SessionRecord } from '../../../src/session/session-record.ts';
import { FakePlatform } from '../../support/fake-platform.ts';

const ENVELOPE_BYTES = 300;
const DATA_BYTES = 200;
const SIZE = ENVELOPE_BYTES + DATA_BYTES + MEMO_ENTRY_OVERHEAD_BYTES;

let platform: FakePlatform;
let memo: Memo;

beforeEach(() => {
  platform = new FakePlatform();
  memo = new Memo(platform, 3 * SIZE);
});

function newCase(): { key: Buffer; envelope: Buffer; record: SessionRecord } {
  const record = {
    revision: 1,
    createdAt: 0,
    absoluteExpiresAt: 10,
    idleLifetimeMs: 5,
    authenticatedAt: 0,
    lineage: [],
    userId: 'u_42',
    label: undefined,
    schemaVersion: 0,
    data: randomBytes(DATA_BYTES),
  };
  return { key: randomBytes(32), envelope: randomBytes(ENVELOPE_BYTES), record };
}

describe('a memo of opened envelopes', () => {
  it('recalls the record of the very same bytes', () => {
    const { key, envelope, record } = newCase();
    memo.remember(key, envelope, record);
    const tag = envelope.subarray(-16);
    expect(memo.recall(Buffer.from(key), Buffer.from(envelope))).toEqual({ ...record, tag });
  });

  it('keeps no memory alive but its own', () => {
    const { key, envelope, record } = newCase();
    const { tag, data } = memo.remember(key, envelope, { ...record, tag: Buffer.from(envelope.subarray(-16)) });
    expect(tag?.buffer).toBe(data.buffer);
    expect(data.buffer.byteLength).toBe(ENVELOPE_BYTES + DATA_BYTES);
  });

  it.each(['first', 'last'])('recalls nothing for an envelope that differs in its %s byte', (place) => {
    const { key, envelope, record } = newCase();
    memo.remember(key, envelope, record);
    const other = Buffer.from(envelope);
    const at = place === 'first' ? 0 : ENVELOPE_BYTES - 1;
    other[at] = (other[at] as number) ^ 1;
    expect(memo.recall(key, other)).toBeUndefined();
    expect(memo.recall(key, envelope.subarray(1))).toBeUndefined();
    expect(memo.recall(key, Buffer.concat([envelope, record.data]))).toBeUndefined();
  });

  it('recalls nothing under the key of another session', () => {
    const { key, envelope, record } = newCase();
    memo.remember(key, envelope, record);
    expect(memo.recall(randomBytes(32), envelope)).toBeUndefined();
  });

  it('recalls one record for all callers, and keeps it from the caller that gave it', () => {
    const { key, envelope, record } = newCase();
    const data = Buffer.from(record.data);
    const kept = memo.remember(key, envelope, record);
    record.data.fill(7);
    expect(memo.recall(key, envelope)).toBe(kept);
    memo.clear();
    expect(kept.data).toEqual(data);
  });

  it('counts what is kept beside a record, as long as it is remembered', () => {
    const [one, other] = [newCase(), newCase()];
    const kept = memo.remember(one.key, one.envelope, one.record);
    expect(memo.makeRoom(one.key, kept, () => SIZE)).toBe(true);
    expect(memo.bytes).toBe(2 * SIZE);
    expect(memo.makeRoom(one.key, kept, () => SIZE + 1)).toBe(false);
    expect(memo.makeRoom(one.key, one.record, () => 1)).toBe(false);
    expect(memo.makeRoom(other.key, other.record, () => 1)).toBe(false);
    expect(memo.bytes).toBe(2 * SIZE);
    memo.remember(one.key, other.envelope, other.record);
    expect(memo.bytes).toBe(SIZE);
    expect(memo.makeRoom(one.key, kept, () => 1)).toBe(false);
  });

  it('returns the given record where it has no room', () => {
    const { key, record } = newCase();
    expect(memo.remember(key, randomBytes(4 * SIZE), record)).toBe(record);
  });

  it('never holds more than its bytes: while it is full, it remembers nothing new', async () => {
    const cases = Array.from({ length: 10 }, newCase);
    const rememberAll = (): void => {
      for (const { key, envelope, record } of cases) {
        if (memo.recall(key, envelope) === undefined) memo.remember(key, envelope, record);
        expect(memo.bytes).toBeLessThanOrEqual(3 * SIZE);
      }
    };
    const known = (): boolean[] => cases.map(({ key, envelope }) => memo.recall(key, envelope) !== undefined);
    rememberAll();
    await platform.advance(MEMO_LIFETIME_MS / 2);
    rememberAll();
    expect(known()).toEqual([...Array(3).fill(true), ...Array(7).fill(false)]);
    platform.block(MEMO_LIFETIME_MS / 2);
    cases.reverse();
    rememberAll();
    expect(known()).toEqual([...Array(3).fill(true), ...Array(7).fill(false)]);
  });

  it('remembers no envelope that is larger than itself', () => {
    const { key, record } = newCase();
    const envelope = randomBytes(4 * SIZE);
    memo.remember(key, envelope, record);
    expect(memo.recall(key, envelope)).toBeUndefined();
    expect(memo.bytes).toBe(0);
  });

  it('counts a session that changes once', () => {
    const { key, record } = newCase();
    for (let n = 0; n < 10; n += 1) {
      const kept = memo.remember(key, randomBytes(ENVELOPE_BYTES), record);
      memo.makeRoom(key, kept, () => SIZE);
    }
    expect(memo.bytes).toBe(2 * SIZE);
    memo.remember(key, randomBytes(ENVELOPE_BYTES), record);
    expect(memo.bytes).toBe(SIZE);
  });

  it('forgets after its time, by itself', async () => {
    const [early, late] = [newCase(), newCase()];
    memo.remember(early.key, early.envelope, early.record);
    await platform.advance(MEMO_LIFETIME_MS / 2);
    memo.remember(late.key, late.envelope, late.record);
    await platform.advance(MEMO_LIFETIME_MS / 2);
    expect(memo.recall(early.key, early.envelope)).toBeUndefined();
    expect(memo.bytes).toBe(SIZE);
    await platform.advance(2 * MEMO_LIFETIME_MS);
    expect(memo.bytes).toBe(0);
    expect(platform.pendingTimers).toBe(0);
  });

  it('recalls nothing past its time, however late its timer is', () => {
    const { key, envelope, record } = newCase();
    memo.remember(key, envelope, record);
    platform.block(MEMO_LIFETIME_MS);
    expect(memo.recall(key, envelope)).toBeUndefined();
  });

  it('forgets one entry, or all', () => {
    const [one, other] = [newCase(), newCase()];
    for (const { key, envelope, record } of [one, other]) memo.remember(key, envelope, record);
    memo.forget(one.key);
    expect(memo.recall(one.key, one.envelope)).toBeUndefined();
    expect(memo.recall(other.key, other.envelope)).toBeDefined();
    memo.clear();
    expect(memo.bytes).toBe(0);
    expect(platform.pendingTimers).toBe(0);
  });

  it('returns the envelope, whose bytes stay when it is forgotten', async () => {
    const { key, envelope, record } = newCase();
    expect(memo.envelopeOf(key)).toBeUndefined();
    memo.remember(key, envelope, record);
    const known = memo.envelopeOf(key);
    memo.forget(key);
    expect(known).toEqual(envelope);
    expect(memo.envelopeOf(key)).toBeUndefined();
    memo.remember(key, envelope, record);
    platform.block(MEMO_LIFETIME_MS);
    expect(memo.envelopeOf(key)).toBeUndefined();
  });
});
