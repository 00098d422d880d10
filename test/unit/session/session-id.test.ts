import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { systemPlatform } from '../../../src/platform/platform.ts';
import { handleOf, isSessionId, newSessionId, storageKeyOf } from '../../../src/session/session-id.ts';

describe('session ids', () => {
  it('are 43 base64url characters of 32 random bytes, different each time', () => {
    const ids = new Set(Array.from({ length: 1_000 }, () => newSessionId(systemPlatform)));
    expect(ids.size).toBe(1_000);
    for (const id of ids) {
      expect(id).toHaveLength(43);
      expect(isSessionId(id)).toBe(true);
    }
  });

  it('have one spelling: any other last character for the same bytes is malformed', () => {
    const id = randomBytes(32).toString('base64url');
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const accepted = [...alphabet].filter((last) => isSessionId(id.slice(0, 42) + last));
    expect(accepted).toHaveLength(16);
    for (const last of accepted) {
      const spelled = id.slice(0, 42) + last;
      expect(Buffer.from(spelled, 'base64url').toString('base64url')).toBe(spelled);
    }
  });

  it.each([
    '',
    'a',
    'A'.repeat(42),
    'A'.repeat(44),
    `${'A'.repeat(42)}=`,
    `${'A'.repeat(42)}\n`,
    ` ${'A'.repeat(42)}`,
    'é'.repeat(43),
    43,
    null,
    undefined,
    {},
    ['A'.repeat(43)],
  ])('refuses %j', (value) => {
    expect(isSessionId(value)).toBe(false);
  });

  it('are known to tiers by the SHA-256 of their characters', () => {
    const id = newSessionId(systemPlatform);
    expect(storageKeyOf(id)).toEqual(createHash('sha256').update(id, 'ascii').digest());
  });

  it('have a handle of 22 characters that is not a part of the storage key', () => {
    const storageKey = storageKeyOf(newSessionId(systemPlatform));
    const handle = handleOf(storageKey);
    expect(handle).toMatch(/^[\w-]{22}$/);
    expect(handle).toBe(handleOf(storageKey));
    expect(storageKey.toString('base64url')).not.toContain(handle.slice(0, 8));
  });
});
