import { describe, expect, it } from 'vitest';
import { servingIncarnation } from '../../../../src/tiers/redis/server-info.ts';

const RUN_ID = 'f3a1c0de5b7d4e1f9a8b7c6d5e4f3a2b1c0d9e8f';
const info = (changes: Record<string, string> = {}): string => {
  const fields = { run_id: RUN_ID, loading: '0', role: 'master', async_loading: '1', ...changes };
  return Object.entries(fields)
    .map(([name, value]) => `${name}:${value}\r\n`)
    .join('');
};

describe('INFO', () => {
  it('of a master that is loaded gives the first eight characters of its run_id', () => {
    expect(servingIncarnation(info())).toBe('f3a1c0de');
  });

  it.each([
    ['a replica', info({ role: 'slave' }), 'rejected', 'READONLY'],
    ['a server that loads', info({ loading: '1' }), 'rejected', 'LOADING'],
    ['a server without an identity', info({ run_id: '' }), 'misconfigured', 'run-id'],
    ['an identity that would not fit a header', info({ run_id: 'abc' }), 'misconfigured', 'run-id'],
    ['nothing', '', 'rejected', 'READONLY'],
  ])('of %s gives none', (_, text, kind, reason) => {
    expect(() => servingIncarnation(text)).toThrow(expect.objectContaining({ kind, reason }));
  });
});
