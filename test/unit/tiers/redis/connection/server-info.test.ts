import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { servingIncarnation, serverTimeOf } from '../../../../../src/tiers/redis/connection/server-info.ts';

const RUN_ID = 'f3a1c0de5b7d4e1f9a8b7c6d5e4f3a2b1c0d9e8f';
const REPLID = '0123456789abcdef0123456789abcdef01234567';
const info = (changes: Record<string, string> = {}): string => {
  const fields = {
    run_id: RUN_ID,
    master_replid: REPLID,
    loading: '0',
    role: 'master',
    async_loading: '1',
    ...changes,
  };
  return Object.entries(fields)
    .map(([name, value]) => `${name}:${value}\r\n`)
    .join('');
};

describe('INFO', () => {
  it('has the time in whole milliseconds, if it has it', () => {
    expect(serverTimeOf(info({ server_time_usec: '1893456000123999' }))).toBe(1_893_456_000_123);
    expect(serverTimeOf(info())).toBeNull();
    expect(serverTimeOf(info({ server_time_usec: 'later' }))).toBeNull();
  });

  it('of a master that is loaded gives eight characters of a hash of its run_id and its replication id', () => {
    const hash = createHash('sha256').update(`${RUN_ID}${REPLID}`).digest('hex');
    expect(servingIncarnation(info())).toBe(hash.slice(0, 8));
  });

  it('distinguishes a process that is promoted again from what it was before, and from another process', () => {
    const before = servingIncarnation(info());
    expect(servingIncarnation(info({ master_replid: RUN_ID }))).not.toBe(before);
    expect(servingIncarnation(info({ run_id: REPLID }))).not.toBe(before);
  });

  it.each([
    ['a replica', info({ role: 'slave' }), 'rejected', 'READONLY'],
    ['a server that loads', info({ loading: '1' }), 'rejected', 'LOADING'],
    ['a server without an identity', info({ run_id: '' }), 'misconfigured', 'run-id'],
    ['an identity of another form', info({ run_id: 'abc' }), 'misconfigured', 'run-id'],
    ['a server without a replication id', info({ master_replid: '' }), 'misconfigured', 'run-id'],
    ['a Sentinel', info({ redis_mode: 'sentinel' }), 'misconfigured', 'sentinel'],
    ['a server that does not say its role', info({ role: '' }), 'misconfigured', 'run-id'],
    ['nothing', '', 'misconfigured', 'run-id'],
  ])('of %s gives none', (_, text, kind, reason) => {
    expect(() => servingIncarnation(text)).toThrow(expect.objectContaining({ kind, reason }));
  });
});
