import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The places where a reason stands as a word: an error, a row of a table of failures, a verdict. */
const PLACES: readonly RegExp[] = [
  /'(?:ambiguous|misconfigured|not-sent|rejected)',\s*'([\w-]+)'/g,
  /\['([\w-]+)', '(?:ambiguous|misconfigured|not-sent|rejected)'\]/g,
  /\b(?:TierUnavailableError\('\w+', |EnvelopeError\(|unavailable\(|trip\(|reason: )'([\w-]+)'/g,
];

function read(pattern: string): string {
  const files = globSync(pattern, { cwd: root, exclude: (name) => name.endsWith('reasons.test.ts') });
  return files.map((file) => readFileSync(`${root}/${file}`, 'utf8')).join('\n');
}

// A failure that no test names may be thrown, mapped or repaired wrongly, and nobody would see it.
it('each reason of a failure is named by a test', () => {
  const source = read('src/**/*.ts');
  const reasons = new Set(PLACES.flatMap((place) => [...source.matchAll(place)].map(([, reason = '']) => reason)));
  expect(reasons.size).toBeGreaterThan(80);
  const tests = read('test/**/*.ts') + read('src/testing/**/*.ts');
  const isNamed = (reason: string): boolean => new RegExp(`['"\`(]${reason}['"\`):]`).test(tests);
  expect([...reasons].filter((reason) => !isNamed(reason))).toEqual([]);
});
