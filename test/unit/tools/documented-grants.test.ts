import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { APPLICATION_COMMANDS } from '../../support/servers/redis-config.ts';

/** What an ACL line on a page allows. */
function grantsOn(page: string): string[] {
  const text = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8');
  return [...text.matchAll(/^\s*user shop on .* -@all (?<grants>.+)$/gm)].map(({ groups }) => groups?.['grants'] ?? '');
}

describe('the user of Redis', () => {
  it.each(['operating/redis.md', 'start.md'])('has in %s the very grants that the tests run with', (page) => {
    expect(grantsOn(page)).toEqual([APPLICATION_COMMANDS]);
  });
});
